//! How the house is built: which crate leans on which, and how long a file may be.

mod arrows;
mod files;
