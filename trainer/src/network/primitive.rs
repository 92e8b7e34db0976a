//! The closed set of primitives.
//!
//! Each primitive is defined in one file: its shape inference, its implementation in Candle, its kernel and its ONNX
//! operators. A new primitive needs its file and three lines in this one.

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
        /// An operation of a network.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Primitive {
            $($(#[$doc])+ $name($name),)+
        }

        impl Primitive {
            /// Returns the implementation of the primitive.
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
    /// An activation function.
    Activation,
    /// A row of an embedding table, selected by a label.
    LabelRow,
    /// The sum of two values.
    Add,
    /// Scaling and shifting by constants.
    Affine,
    /// Clamping to a range.
    Clamp,
    /// A change of the shape.
    Reshape,
    /// Conversion of logits to probabilities.
    Softmax,
}
