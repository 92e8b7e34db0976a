//! The closed set of primitives.
//!
//! Each primitive is defined in one file: its shape inference, its implementation in Candle, its kernel and its ONNX
//! operators. A new primitive needs its file and three lines in this one.

mod activation;
mod add;
mod add_channels;
mod affine;
mod batch_norm;
mod clamp;
mod conv2d;
mod dense;
mod label_row;
mod layer_norm;
mod map;
mod pool;
mod reshape;
mod scale_channels;
mod softmax;

pub use activation::Activation;
pub use add::Add;
pub use add_channels::AddChannels;
pub use affine::Affine;
pub use batch_norm::BatchNorm;
pub use clamp::Clamp;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use label_row::LabelRow;
pub use layer_norm::LayerNorm;
pub use map::{FromMap, ToMap};
pub use pool::{Pool, Pooling};
pub use reshape::Reshape;
pub use scale_channels::ScaleChannels;
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
    /// A 2-D convolution.
    Conv2d,
    /// The sum of a map and one value per channel.
    AddChannels,
    /// The maximum or the mean of windows of a map.
    Pool,
    /// Conversion of features to a map.
    ToMap,
    /// Conversion of a map to features.
    FromMap,
    /// Normalisation of each channel over the batch.
    BatchNorm,
    /// Normalisation of each row.
    LayerNorm,
    /// Scale and shift per channel.
    ScaleChannels,
}
