//! Bundles as a reader meets them: in folders and packed, whole and damaged, of both sorts.

mod arbitrary;
mod classifier;
mod damage;
mod header;
mod round_trip;
mod support;
