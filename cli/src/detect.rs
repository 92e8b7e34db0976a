//! Parts of `detect` and `drift`: which rows fit and calibrate a detector, and what is written and printed of its
//! results.

mod anomaly_class;
#[cfg(feature = "train")]
mod anomaly_rows;
#[cfg(feature = "train")]
mod arguments;
mod cell_texts;
#[cfg(feature = "train")]
mod computed;
mod feature_names;
#[cfg(feature = "train")]
mod figures;
#[cfg(feature = "train")]
mod fit_report;
#[cfg(feature = "train")]
mod fitting;
mod percent;
mod ranking;
#[cfg(feature = "train")]
mod selected_rows;
#[cfg(feature = "train")]
mod selection;
#[cfg(feature = "train")]
mod sources;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
mod typical;

pub(crate) use self::{
    anomaly_class::AnomalyClass,
    cell_texts::{CellTexts, CellValue},
    feature_names::feature_name,
    percent::percent,
    ranking::{ranking_in_words, ranking_json},
};
#[cfg(feature = "train")]
pub(crate) use self::{
    arguments::DetectorArguments,
    figures::LabelledFigures,
    fit_report::FitReport,
    fitting::{fit_to, prove},
    selection::{Selection, Trained},
    sources::RowSources,
    train::{Recipe, train, warn_of_seen_rows},
};
