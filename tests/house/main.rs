//! How the house is built: which crate leans on which, how long a file may be, what is built twice, and what a guest gets.

mod arrows;
mod circles;
mod downstream;
mod features;
mod files;
