//! One file a verb.

pub(crate) mod decode;
pub(crate) mod doctor;
pub(crate) mod encode;
pub(crate) mod generate;
pub(crate) mod inspect;
pub(crate) mod reconstruct;
#[cfg(feature = "train")]
pub(crate) mod train_export;
pub(crate) mod verify;
