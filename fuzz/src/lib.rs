//! The harnesses of the fuzz targets. The tests of the data crate run them on the seeds.

pub mod harness;
