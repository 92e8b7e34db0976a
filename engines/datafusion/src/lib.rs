//! The models of Narrows as functions of [DataFusion](https://datafusion.apache.org), in one process or on a cluster of
//! Ballista.
//!
//! ```no_run
//! use datafusion::prelude::{ParquetReadOptions, SessionContext};
//! use narrows_datafusion::{Bundles, register};
//!
//! # async fn example() -> datafusion::error::Result<()> {
//! let context = SessionContext::new();
//! register(&context, &Bundles::builder().folder("/srv/models").build());
//! context.register_parquet("images", "images/", ParquetReadOptions::default()).await?;
//! let codes = context.sql("SELECT id, narrows_encode('vae', x) AS codes FROM images").await?;
//! codes.show_limit(3).await?;
//! # Ok(())
//! # }
//! ```
//!
//! | Function | Result |
//! |---|---|
//! | `narrows_encode(bundle, x…)` | the code, `FixedSizeList<Float32, latent>` |
//! | `narrows_reconstruct(bundle, x…)` | the reconstruction, `FixedSizeList<Float32, features>`, in data units |
//! | `narrows_score(bundle, x…)` | a struct of `squared_error`, `reconstruction` and, for a model with a prior, `kl` |
//! | `narrows_anomaly(bundle, x…)` | a struct of `score`, `p_value` and `is_anomaly` |
//! | `narrows_is_anomaly(bundle, x…)` | whether the detector calls the row an anomaly |
//! | `narrows_classify(bundle, x…)` | the name of the most probable class |
//! | `narrows_probabilities(bundle, x…)` | the probability of each class, `FixedSizeList<Float32, classes>` |
//! | `narrows_predict(bundle, x…)` | the predictions of a regressor, `FixedSizeList<Float32, targets>` |
//! | `narrows_sample_key(seed, x…)` | a pseudo-random number per row; `ORDER BY` it and `LIMIT n` draws a sample |
//! | `narrows_moments(x…)` | an aggregate: count, mean, covariance, minimum and maximum, see [`moments_of`] |
//!
//! # Arguments
//!
//! `bundle` is a text literal, see [`Reference`]. `x…` is one of
//!
//! - a list of numbers with all values of a row, nested or not,
//! - bytes, one per value; a `FixedSizeBinary` column of Parquet is decoded two to three times as fast as a list,
//! - a column for each feature. Where the model has names, the columns must have the same ones, in any order,
//! - a struct with a field for each feature.
//!
//! A conditional model takes the class of the row as a last argument: the name of the class, as text or a number. The
//! rows of a mixed table are columns or a struct.
//!
//! A null row, and a null inside a row, gives null, unless the model replaces missing values. All other results are
//! those of [`Autoencoder`](narrows_runtime::Autoencoder), [`Classifier`](narrows_runtime::Classifier) and
//! [`Detector`](narrows_runtime::Detector).

mod bundles;
mod causes;
mod choice;
#[cfg(feature = "ballista")]
pub mod cluster;
mod description;
mod error;
mod expressions;
mod function;
mod input;
mod model;
mod moments;
mod reference;
mod registration;
mod sample_key;
mod udf;

pub use bundles::{Bundles, BundlesBuilder};
pub use choice::{Inputs, vector_column};
pub use error::Error;
pub use expressions::sample_key;
pub use function::Function;
pub use moments::moments_of;
pub use narrows_runtime;
pub use reference::{Location, Reference};
pub use registration::{register, udafs, udfs};
