//! The passes over the data: the rows that are evaluated, and the training rows that classifiers and features are
//! fitted on.

use anyhow::Context;
use narrows_bundle::Kind;
use narrows_evaluate::{ClassSpread, Evaluator, Reservoir, RowSpace, encode};
use narrows_runtime::Autoencoder;
use ndarray::{Array1, Array2, ArrayView2};

use super::{
    arguments::{Evaluate, Features},
    classes::Classes,
};
use crate::{
    input::{Batch, Binarizer, InputStream, Part},
    kept_memory::KeptMemory,
    rows_bar::RowsBar,
};

/// What is kept of the evaluated rows.
pub(super) struct Evaluated {
    /// The rows with the part that they come from: "360 test rows".
    pub(super) rows: String,
    /// Names of the features, if they have names.
    pub(super) columns: Option<Vec<String>>,
    /// The classes of the data.
    pub(super) classes: Classes,
    /// The class of every row; empty without labels.
    pub(super) labels: Vec<u32>,
    /// Random rows as they are in the data, with their class in a conditional model.
    pub(super) sample: Vec<Row>,
    /// The variance of the rows around the mean of their class; for conditional models.
    pub(super) spread: ClassSpread,
    /// All rows with their class; for conditional models.
    pub(super) labelled: LabelledRows,
}

/// A row as it is in the data, with its class in a conditional model, otherwise 0.
pub(super) type Row = (Array1<f32>, i64);

/// What is kept of the training rows.
pub(super) struct Training {
    /// The codes, `[rows, latent]`; empty without labels.
    pub(super) codes: Array2<f32>,
    /// The class of every code.
    pub(super) labels: Vec<u32>,
    /// Random rows as they are in the data, to fit principal components on.
    pub(super) sample: Vec<Row>,
    /// All rows with their class; for conditional models.
    pub(super) labelled: LabelledRows,
}

/// Rows as they are in the data, `[rows, features]`, with their class in a conditional model.
#[derive(Default)]
pub(super) struct LabelledRows {
    values: Vec<f32>,
    pub(super) labels: Vec<u32>,
}

impl LabelledRows {
    /// Returns the rows, `[rows, features]`.
    pub(super) fn rows(&self) -> anyhow::Result<ArrayView2<'_, f32>> {
        let rows = self.labels.len();
        let width = self.values.len().checked_div(rows).unwrap_or(0);
        Ok(ArrayView2::from_shape((rows, width), &self.values)?)
    }

    fn add(&mut self, rows: &Array2<f32>, classes: &[i64]) {
        self.values.extend(rows);
        self.labels.extend(classes.iter().map(|&class| class as u32));
    }
}

/// Evaluates the rows, and keeps what the classifiers and the comparison with generated samples need.
pub(super) fn evaluate_rows(
    arguments: &Evaluate,
    model: &Autoencoder,
    binarizer: &Binarizer,
    mut rows: InputStream<'_>,
    evaluator: &mut Evaluator<'_>,
) -> anyhow::Result<Evaluated> {
    let bar = RowsBar::new(rows.total());
    let space = RowSpace::of(model.manifest());
    let mut sample = Reservoir::new(if model.is_generative() { arguments.samples } else { 0 }, arguments.seed);
    let mut spread = ClassSpread::default();
    let (mut classes, mut labels) = (Classes::default(), Vec::new());
    let mut labelled = LabelledRows::default();
    let keeps_all = model.kind() == Kind::Cvae && rows.part() != Part::Test;
    let mut kept = KeptMemory::new(if keeps_all { "codes and values" } else { "codes" });
    let values_per_row = model.latent_dim() + if keeps_all { model.manifest().sample.features() } else { 0 };
    while let Some(batch) = rows.next(usize::MAX)? {
        kept.add(batch.rows(), values_per_row)?;
        let grey = batch.floats()?;
        keep(&mut sample, &grey, &batch);
        if let Some(batch_classes) = batch.classes() {
            for (point, &class) in space.points(grey.view()).outer_iter().zip(batch_classes) {
                spread.add(class as usize, point.iter().copied());
            }
            if keeps_all {
                labelled.add(&grey, batch_classes);
            }
        }
        if let Some(batch_labels) = &batch.labels {
            classes.add(batch_labels, &mut labels);
        }
        let batch = batch.binarized(binarizer)?;
        let values = batch.floats()?;
        evaluator.add(values.view(), batch.classes()).map_err(|error| rows.locate_error(error, &batch))?;
        bar.show(rows.read());
    }
    drop(bar);
    (rows.returned() > 0).then_some(()).context("there are no rows to evaluate")?;
    if labels.len() != rows.returned() {
        labels.clear();
    }
    let (names, counted) = (rows.columns().map(<[String]>::to_vec), rows.counted_rows());
    Ok(Evaluated { rows: counted, columns: names, classes, labels, sample: sample.into_rows(), spread, labelled })
}

/// Reads the training rows, and keeps their codes if they have labels.
pub(super) fn read_training_rows(
    arguments: &Evaluate,
    model: &Autoencoder,
    binarizer: &Binarizer,
    mut rows: InputStream<'_>,
    classes: &mut Classes,
) -> anyhow::Result<Training> {
    let needs_components = model.is_generative() && arguments.features == Features::Pca;
    let mut sample = Reservoir::new(if needs_components { arguments.samples } else { 0 }, arguments.seed);
    let (mut codes, mut labels) = (Vec::new(), Vec::new());
    let mut labelled = LabelledRows::default();
    let has_labels = rows.has_labels();
    if has_labels || needs_components {
        let bar = RowsBar::new(rows.total());
        let mut kept = KeptMemory::new("codes and values of the training rows");
        while let Some(batch) = rows.next(usize::MAX)? {
            let of_class = if batch.classes().is_some() { model.manifest().sample.features() } else { 0 };
            kept.add(batch.rows(), of_class + if has_labels { model.latent_dim() } else { 0 })?;
            let grey = batch.floats()?;
            keep(&mut sample, &grey, &batch);
            if let Some(classes) = batch.classes() {
                labelled.add(&grey, classes);
            }
            if let Some(batch_labels) = &batch.labels {
                classes.add(batch_labels, &mut labels);
                let batch = batch.binarized(binarizer)?;
                let values = batch.floats()?;
                codes.extend(
                    encode(model, values.view(), batch.classes()).map_err(|error| rows.locate_error(error, &batch))?,
                );
            }
            bar.show(rows.read());
        }
    }
    let codes = Array2::from_shape_vec((labels.len(), model.latent_dim()), codes)?;
    Ok(Training { codes, labels, sample: sample.into_rows(), labelled })
}

fn keep(sample: &mut Reservoir<Row>, rows: &Array2<f32>, batch: &Batch) {
    for (index, row) in rows.outer_iter().enumerate() {
        let class = batch.classes().and_then(|classes| classes.get(index)).copied().unwrap_or(0);
        sample.add(|| (row.to_owned(), class));
    }
}

/// Copies rows to one array, `[rows, features]`.
pub(super) fn stacked(rows: &[Row], features: usize) -> anyhow::Result<Array2<f32>> {
    let values: Vec<f32> = rows.iter().flat_map(|(row, _)| row.iter().copied()).collect();
    Ok(Array2::from_shape_vec((rows.len(), features), values)?)
}
