//! Rows as record batches of Arrow.

mod decode;
mod encode;
mod values;

pub use values::{for_each_value, is_value_type};

#[cfg(test)]
mod tests;
