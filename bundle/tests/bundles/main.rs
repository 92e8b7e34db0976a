//! Tests of reading bundles: folders and packed files, intact and damaged, of both types.

mod arbitrary;
mod classifier;
mod damage;
mod detector;
mod git;
mod header;
mod round_trip;
mod support;
