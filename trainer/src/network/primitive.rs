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
mod columns;
mod concat;
mod conv2d;
mod count_mean;
mod dense;
mod label_row;
mod layer_norm;
mod level;
mod map;
mod pool;
mod reshape;
mod scale_channels;
mod softmax;
mod table_row;

pub use activation::Activation;
pub(crate) use activation::{activate, activation_gradient};
pub use add::Add;
pub use add_channels::AddChannels;
pub use affine::Affine;
pub use batch_norm::BatchNorm;
pub use clamp::Clamp;
pub use columns::Columns;
pub use concat::Concat;
pub use conv2d::Conv2d;
pub use count_mean::CountMean;
pub use dense::Dense;
pub use label_row::LabelRow;
pub use layer_norm::LayerNorm;
pub use level::Level;
pub use map::{FromMap, ToMap};
pub use pool::{Pool, Pooling};
pub use reshape::Reshape;
pub use scale_channels::ScaleChannels;
pub use softmax::Softmax;
#[cfg(test)]
pub(crate) use table_row::example as table_row_example;
pub(crate) use table_row::{LOG_DEVIATION, LOG_MEAN};
pub use table_row::{TableInputs, TableRow};

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
    /// The cells of a row of a mixed table as features.
    TableRow,
    /// Selected columns.
    Columns,
    /// Several rows of features one after the other.
    Concat,
    /// The means of counts.
    CountMean,
    /// The level of a category.
    Level,
}

impl Primitive {
    /// Returns the layer that reads a row of a table, if this is one.
    pub(crate) fn as_table_row(&self) -> Option<&TableRow> {
        match self {
            Primitive::TableRow(row) => Some(row),
            Primitive::Dense(_)
            | Primitive::Activation(_)
            | Primitive::LabelRow(_)
            | Primitive::Add(_)
            | Primitive::Affine(_)
            | Primitive::Clamp(_)
            | Primitive::Reshape(_)
            | Primitive::Softmax(_)
            | Primitive::Conv2d(_)
            | Primitive::AddChannels(_)
            | Primitive::Pool(_)
            | Primitive::ToMap(_)
            | Primitive::FromMap(_)
            | Primitive::BatchNorm(_)
            | Primitive::LayerNorm(_)
            | Primitive::ScaleChannels(_)
            | Primitive::Columns(_)
            | Primitive::Concat(_)
            | Primitive::CountMean(_)
            | Primitive::Level(_) => None,
        }
    }
}
