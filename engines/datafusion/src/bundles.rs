//! Where a process finds bundles, and the models that it has opened.

mod builder;
mod download;
mod locate;
mod lookup;
mod shared;

pub use builder::BundlesBuilder;
pub use shared::Bundles;
