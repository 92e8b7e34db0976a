//! Generation of rows of a mixed table: their classes by conditions or by their frequency, every cell drawn.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use narrows_data::SEPARATOR;
use narrows_runtime::{Autoencoder, Codes, GenerateOptions};
use ndarray::{Array2, Axis};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::condition::Condition;
use crate::{misuse::misuse, report::join_first};

/// The classes of the rows to generate.
pub(super) struct Classes {
    /// The class of every row, by index.
    pub(super) labels: Vec<i64>,
    /// The name of the class of every row.
    pub(super) names: Vec<String>,
}

/// Returns the classes of `count` rows: drawn from those that meet all conditions, as often as they occur in the
/// training data.
pub(super) fn classes(
    model: &Autoencoder,
    conditions: &[Condition],
    label: Option<&str>,
    count: usize,
    seed: u64,
) -> anyhow::Result<Classes> {
    let all = model.classes();
    let candidates: Vec<usize> = match label {
        Some(name) => vec![model.class_named(name)?],
        None => matching(model, conditions)?,
    };
    let frequency = |class: &usize| {
        let rows = model.manifest().class_rows.as_ref().and_then(|rows| rows.get(*class));
        rows.map_or(1.0, |&rows| rows as f64)
    };
    let total: f64 = candidates.iter().map(frequency).sum();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || {
        let mut position = random.next_u64() as f64 / 2f64.powi(64) * total;
        for class in &candidates {
            position -= frequency(class);
            if position < 0.0 {
                return *class;
            }
        }
        candidates.last().copied().unwrap_or_default()
    };
    let drawn: Vec<usize> = (0..count).map(|_| draw()).collect();
    let names = drawn.iter().map(|&class| all.get(class).cloned().unwrap_or_default()).collect();
    Ok(Classes { labels: drawn.into_iter().map(|class| class as i64).collect(), names })
}

/// Returns the classes that meet all conditions.
fn matching(model: &Autoencoder, conditions: &[Condition]) -> anyhow::Result<Vec<usize>> {
    let schema = model.manifest().sample.table.as_ref().context("the model takes no table")?;
    let columns: Vec<&str> = schema.label_columns().into_iter().map(|(_, column)| column.name.as_str()).collect();
    let mut wanted = BTreeMap::new();
    for Condition { column, value } in conditions {
        let position = columns.iter().position(|name| name == column);
        let position = position.with_context(|| {
            let known = columns.join(", ");
            format!(
                "--condition {column}={value}: this model was trained with the classes of {known}, not of `{column}`"
            )
        })?;
        if let Some(other) = wanted.insert(position, value.as_str()) {
            misuse!("--condition names `{column}` twice, with `{other}` and `{value}`; leave one of them out");
        }
    }
    let values = |class: &str| match columns.len() {
        0 | 1 => vec![class.to_owned()],
        _ => class.split(SEPARATOR).map(str::to_owned).collect(),
    };
    let meets = |class: &String| {
        let values = values(class);
        wanted.iter().all(|(&position, value)| values.get(position).is_some_and(|own| own == value))
    };
    let found: Vec<usize> =
        model.classes().iter().enumerate().filter(|(_, class)| meets(class)).map(|(index, _)| index).collect();
    if found.is_empty() {
        let asked: Vec<String> =
            conditions.iter().map(|Condition { column, value }| format!("{column}={value}")).collect();
        let own = |class: &String| {
            let values = values(class);
            let pairs = wanted
                .keys()
                .map(|&position| format!("{}={}", columns[position], values.get(position).map_or("", String::as_str)));
            pairs.collect::<Vec<_>>().join(" and ")
        };
        let known: BTreeSet<String> = model.classes().iter().map(own).collect();
        let known: Vec<String> = known.into_iter().collect();
        bail!("no row of the training data has {}; it has {}", asked.join(" and "), join_first(&known));
    }
    Ok(found)
}

/// Returns the codes of rows of these classes, `[rows, latent]`: those of each class from its own distribution.
pub(super) fn codes(
    model: &Autoencoder,
    labels: &[i64],
    options: &dyn Fn(usize) -> GenerateOptions<'static>,
) -> anyhow::Result<Array2<f32>> {
    let mut rows: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(row, &label)| rows.entry(label).or_default().push(row));
    let mut codes = Array2::zeros((labels.len(), model.latent_dim()));
    // A sample of all rows, of which each class takes its own, so that rows of different classes have different noise.
    for (label, rows) in rows {
        let of_class = model.sample_codes(&options(labels.len()).class(label as usize))?;
        for row in rows {
            codes.row_mut(row).assign(&of_class.row(row));
        }
    }
    Ok(codes)
}

/// Decodes codes and draws the cells of the rows.
pub(super) fn drawn(
    model: &Autoencoder,
    codes: &Array2<f32>,
    labels: Option<&[i64]>,
    seed: u64,
    rows: std::ops::Range<usize>,
) -> anyhow::Result<ndarray::ArrayD<f32>> {
    let part = codes.slice_axis(Axis(0), (rows.start..rows.end).into());
    let inputs = Codes::from(part);
    Ok(match labels.and_then(|labels| labels.get(rows.clone())) {
        Some(labels) => model.decode_drawn(inputs.labelled(labels), seed, rows.start)?,
        None => model.decode_drawn(inputs, seed, rows.start)?,
    })
}
