//! What the fuzz targets call; the tests of the data crate call the same over the seeds.

pub mod harness;
