//! Bundles of mixed tables built without the trainer, and reference implementations of their graphs in plain Rust.

use std::collections::BTreeMap;

use narrows_runtime::{
    bundle::{
        CellLikelihood, Distribution, Kind, Likelihood, Ports, Probe, Scaling,
        onnx::{Tensor, element},
        table::{Column, ColumnKind, Layout, MissingCells, Schema, Stored},
    },
    ndarray::{Array2, Axis, concatenate},
};

use super::{Builder, Draft, Fixture, LATENT, labels, linear, manifest};

/// Cells of a row: country, amount, grade, visits, drift.
pub(crate) const CELLS: usize = 5;
/// Width of the first layer: numbers, their indicators, and the one-hot vectors.
pub(crate) const INPUTS: usize = 14;
/// Positions of the cells that are numbers, and of those that are categories.
pub(crate) const NUMBERS: [usize; 3] = [1, 3, 4];
pub(crate) const CATEGORIES: [usize; 2] = [0, 2];
pub(crate) const COUNTRIES: [&str; 3] = ["NL", "DE", "FR"];
pub(crate) const GRADES: [&str; 3] = ["low", "middle", "high"];
/// Levels of all categories together.
pub(crate) const LEVELS: usize = 6;
/// Offset and scale of each cell.
pub(crate) const OFFSETS: [f32; CELLS] = [0.0, 2.0, 0.0, 0.0, -1.0];
pub(crate) const SCALES: [f32; CELLS] = [1.0, 4.0, 1.0, 1.0, 0.5];

/// Returns the likelihoods of the cells, of which the weights are those of the loss without a distribution over codes.
pub(crate) fn likelihoods() -> [CellLikelihood; CELLS] {
    let of = |distribution, weight| CellLikelihood { distribution, weight, baseline: 1.0 / weight };
    [
        of(Distribution::Categorical { unseen: 1e-7 }, 1.5),
        of(Distribution::Gaussian { variance: 0.5 }, 2.0),
        of(Distribution::Categorical { unseen: 0.125 }, 0.75),
        of(Distribution::NegativeBinomial { dispersion: 0.25 }, 0.5),
        of(Distribution::StudentT { degrees: 4.0, scale: 0.75 }, 1.25),
    ]
}

pub(crate) fn schema(missing: MissingCells) -> Schema {
    let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
    let levels = |names: [&str; 3]| names.map(str::to_owned).to_vec();
    let columns = vec![
        column("country", ColumnKind::Category { levels: levels(COUNTRIES) }, Stored::Text),
        column("amount", ColumnKind::Number { decimals: Some(2) }, Stored::Float64),
        column("grade", ColumnKind::Ordered { levels: levels(GRADES) }, Stored::Text),
        column("visits", ColumnKind::Count, Stored::Int64),
        column("drift", ColumnKind::HeavyTailed { decimals: None }, Stored::Float64),
    ];
    Schema { columns, missing }
}

/// Returns complete rows whose values repeat every 60 rows, with unseen levels.
pub(crate) fn table_rows(rows: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, CELLS), |(row, cell)| match cell {
        0 => (row % 4) as f32,
        1 => ((row * 7) % 5) as f32 - 1.5,
        2 => ((row + 2) % 4) as f32,
        3 => (row % 3) as f32,
        _ => ((row * 3) % 5) as f32 / 4.0 - 1.25,
    })
}

/// Returns rows of which every third cell is missing.
pub(crate) fn rows_with_gaps(rows: usize) -> Array2<f32> {
    let mut rows = table_rows(rows);
    rows.iter_mut().enumerate().filter(|(index, _)| index % 3 == 1).for_each(|(_, value)| *value = f32::NAN);
    rows
}

pub(crate) fn table_fixture(kind: Kind, missing: MissingCells) -> Fixture {
    modified_table(kind, missing, |_| {})
}

pub(crate) fn modified_table(kind: Kind, missing: MissingCells, modify: impl FnOnce(&mut Draft)) -> Fixture {
    let mut draft = draft(kind, missing);
    modify(&mut draft);
    Fixture::of(draft)
}

/// Computes the inputs of the first layer: numbers and their indicators, and one-hot vectors.
fn inputs_of(rows: &Array2<f32>) -> Array2<f32> {
    let numbers = rows.select(Axis(1), &NUMBERS);
    let indicators = numbers.mapv(|value| if value.is_nan() { 1.0 } else { 0.0 });
    let numbers = numbers.mapv(|value| if value.is_nan() { 0.0 } else { value });
    let one_hot = |cell: usize| {
        Array2::from_shape_fn((rows.nrows(), 4), |(row, level)| {
            let value = rows[[row, cell]];
            if (if value.is_nan() { 0.0 } else { value }) == level as f32 { 1.0 } else { 0.0 }
        })
    };
    concatenate![Axis(1), numbers, indicators, one_hot(0), one_hot(2)]
}

/// Computes the mean or code of the encoder.
pub(crate) fn table_codes(kind: Kind, rows: &Array2<f32>, labels: &[i64]) -> Array2<f32> {
    linear(1, kind, &inputs_of(rows), labels, LATENT)
}

pub(crate) fn table_log_variance(rows: &Array2<f32>) -> Array2<f32> {
    linear(2, Kind::Vae, &inputs_of(rows), &[], LATENT)
}

/// Computes the probabilities of all levels, `[batch, levels]`.
pub(crate) fn level_probabilities(kind: Kind, codes: &Array2<f32>, labels: &[i64]) -> Array2<f32> {
    let softmax = |layer| {
        let mut values = linear(layer, kind, codes, labels, 3).mapv(f32::exp);
        for mut row in values.outer_iter_mut() {
            row /= row.sum();
        }
        values
    };
    concatenate![Axis(1), softmax(6), softmax(7)]
}

/// Computes the decoded cells: the mean of numbers, the most probable country, the median grade.
pub(crate) fn decoded_cells(kind: Kind, codes: &Array2<f32>, labels: &[i64]) -> Array2<f32> {
    let probabilities = level_probabilities(kind, codes, labels);
    let number = |layer| linear(layer, kind, codes, labels, 1).column(0).to_owned();
    let (amount, visits, drift) = (number(3), number(4).mapv(f32::exp), number(5));
    Array2::from_shape_fn((codes.nrows(), CELLS), |(row, cell)| {
        let of = probabilities.row(row);
        match cell {
            0 => 1.0 + (0..3).fold(0, |best, level| if of[level] > of[best] { level } else { best }) as f32,
            1 => amount[row],
            2 => 1.0 + [of[3], of[3] + of[4]].iter().filter(|&&sum| sum < 0.5).count() as f32,
            3 => visits[row],
            _ => drift[row],
        }
    })
}

fn draft(kind: Kind, missing: MissingCells) -> Draft {
    let schema = schema(missing);
    let graphs = Ports::of_table(kind, &Layout::of(&schema.cells()), LATENT);
    let (samples, labels) = (
        match missing {
            MissingCells::Masked => rows_with_gaps(12),
            MissingCells::Refused => table_rows(12),
        },
        labels(12),
    );
    let codes = table_codes(kind, &samples, &labels);
    let code = if kind.is_variational() { "mu" } else { "z" };
    let mut encoded = BTreeMap::from([(code.to_owned(), codes.clone().into_dyn())]);
    if kind.is_variational() {
        encoded.insert("log_var".to_owned(), table_log_variance(&samples).into_dyn());
    }
    let cells = decoded_cells(kind, &codes, &labels);
    let decoded = BTreeMap::from([
        ("x_hat".to_owned(), cells.select(Axis(1), &NUMBERS).into_dyn()),
        ("categories_hat".to_owned(), cells.select(Axis(1), &CATEGORIES).into_dyn()),
        ("probabilities".to_owned(), level_probabilities(kind, &codes, &labels).into_dyn()),
    ]);
    let mut manifest = manifest(kind, graphs.clone());
    manifest.sample.shape = vec![CELLS];
    manifest.sample.columns = Some(schema.cells().into_iter().map(|cell| cell.name).collect());
    manifest.sample.table = Some(schema);
    manifest.likelihood = Likelihood::Columns;
    manifest.cells = Some(likelihoods().to_vec());
    manifest.scaling = Scaling { offset: OFFSETS.to_vec(), scale: SCALES.to_vec() };
    Draft {
        encoder: encoder(kind).model(&graphs.encoder),
        decoder: decoder(kind).model(&graphs.decoder),
        manifest,
        probe: Probe {
            encoded,
            decoded,
            codes: codes.into_dyn(),
            samples: samples.into_dyn(),
            labels: kind.is_conditional().then_some(labels),
        },
        files: Vec::new(),
    }
}

/// Adds the inputs of the first layer, `inputs`: `[batch, INPUTS]`.
pub(crate) fn add_inputs(graph: &mut Builder) {
    graph.node("IsNaN", &["x"], "is_missing", &[]);
    graph.constant(Tensor::floats("zero", &[], &[0.0]));
    graph.node("Where", &["is_missing", "zero", "x"], "numbers", &[]);
    graph.node("Cast", &["is_missing"], "indicators", &[("to", element::FLOAT.into())]);
    let identity: Vec<f32> = (0..16).map(|index| if index % 5 == 0 { 1.0 } else { 0.0 }).collect();
    graph.constant(Tensor::floats("levels", &[4, 4], &identity));
    for (name, position) in [("country", 0), ("grade", 1)] {
        graph.constant(Tensor::integers(format!("{name}.position"), &[], &[position]));
        let level = format!("{name}.level");
        graph.node("Gather", &["categories", &format!("{name}.position")], &level, &[("axis", 1)]);
        graph.node("Gather", &["levels", &level], &format!("{name}.row"), &[("axis", 0)]);
    }
    graph.node("Concat", &["numbers", "indicators", "country.row", "grade.row"], "inputs", &[("axis", 1)]);
}

fn encoder(kind: Kind) -> Builder {
    let mut graph = Builder::default();
    add_inputs(&mut graph);
    if kind.is_variational() {
        graph.linear(1, kind, "inputs", "mu", [INPUTS, LATENT]);
        graph.linear(2, Kind::Vae, "inputs", "log_var", [INPUTS, LATENT]);
    } else {
        graph.linear(1, kind, "inputs", "z", [INPUTS, LATENT]);
    }
    graph
}

fn decoder(kind: Kind) -> Builder {
    let mut graph = Builder::default();
    graph.linear(3, kind, "z", "amount", [LATENT, 1]);
    graph.linear(4, kind, "z", "log_visits", [LATENT, 1]);
    graph.node("Exp", &["log_visits"], "visits", &[]);
    graph.linear(5, kind, "z", "drift", [LATENT, 1]);
    graph.node("Concat", &["amount", "visits", "drift"], "x_hat", &[("axis", 1)]);
    graph.linear(6, kind, "z", "country.logits", [LATENT, 3]);
    graph.node("Softmax", &["country.logits"], "country.probabilities", &[("axis", 1)]);
    graph.linear(7, kind, "z", "grade.logits", [LATENT, 3]);
    graph.node("Softmax", &["grade.logits"], "grade.probabilities", &[("axis", 1)]);
    graph.node("Concat", &["country.probabilities", "grade.probabilities"], "probabilities", &[("axis", 1)]);
    graph.node("ArgMax", &["country.probabilities"], "country.index", &[("axis", 1), ("keepdims", 1)]);
    graph.constant(Tensor::integers("columns", &[1], &[1]));
    graph.node("CumSum", &["grade.probabilities", "columns"], "grade.sums", &[]);
    graph.constant(Tensor::floats("half", &[], &[0.5]));
    graph.node("Less", &["grade.sums", "half"], "grade.is_below", &[]);
    graph.node("Cast", &["grade.is_below"], "grade.below", &[("to", element::INT64.into())]);
    graph.node("ReduceSum", &["grade.below", "columns"], "grade.index", &[("keepdims", 1)]);
    graph.node("Concat", &["country.index", "grade.index"], "indices", &[("axis", 1)]);
    graph.constant(Tensor::integers("one", &[], &[1]));
    graph.node("Add", &["indices", "one"], "categories_hat", &[]);
    graph
}
