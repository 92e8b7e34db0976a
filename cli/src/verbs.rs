//! The verbs of the program, one file each.

pub(crate) mod classify;
#[cfg(feature = "train")]
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod decode;
pub(crate) mod doctor;
pub(crate) mod encode;
#[cfg(feature = "train")]
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod inspect;
pub(crate) mod pack;
pub(crate) mod reconstruct;
pub(crate) mod score;
#[cfg(feature = "train")]
pub(crate) mod train;
#[cfg(feature = "train")]
pub(crate) mod train_export;
#[cfg(feature = "train")]
pub(crate) mod transfer;
pub(crate) mod verify;
