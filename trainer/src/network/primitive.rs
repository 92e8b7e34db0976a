//! The closed set of primitives.
//!
//! A primitive lives in one file: its shape rule, its meaning in Candle, its meaning on rows of numbers
//! and its meaning in ONNX side by side. A new one needs its file, and its three lines here.

mod activation;
mod add;
mod affine;
mod clamp;
mod dense;
mod label_row;
mod reshape;
mod softmax;

pub use activation::Activation;
pub use add::Add;
pub use affine::Affine;
pub use clamp::Clamp;
pub use dense::Dense;
pub use label_row::LabelRow;
pub use reshape::Reshape;
pub use softmax::Softmax;

use super::operation::Operation;

macro_rules! primitives {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// One of the operations that a network is made of.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Primitive {
            $($(#[$doc])+ $name($name),)+
        }

        impl Primitive {
            /// The operation behind the name.
            pub fn operation(&self) -> &dyn Operation {
                match self {
                    $(Primitive::$name(operation) => operation,)+
                }
            }
        }

        $(impl From<$name> for Primitive {
            fn from(operation: $name) -> Self {
                Primitive::$name(operation)
            }
        })+
    };
}

primitives! {
    /// A fully connected layer.
    Dense,
    /// A non-linearity.
    Activation,
    /// A row of a table, chosen by a label.
    LabelRow,
    /// The sum of two values.
    Add,
    /// Scaling and shifting by constants.
    Affine,
    /// Limiting to a range.
    Clamp,
    /// Another shape for the same numbers.
    Reshape,
    /// Logits to probabilities.
    Softmax,
}
