//! Charts as SVG that contain text as text. The same input produces the same bytes.

pub(crate) mod axis;
mod bars;
mod bins;
mod error;
mod heat_map;
mod histogram;
mod marginals;
pub(crate) mod style;

pub use bars::{Bar, bars};
pub use error::ChartError;
pub use heat_map::{CorrelationCharts, correlation_charts};
pub use histogram::{Threshold, histogram};
pub use marginals::{MarginalChart, marginal_charts};
