//! The rows on the page: a random sample of the data, or those of the bundle's probe.

use std::path::Path;

use anyhow::bail;
use narrows_bundle::{Bundle, SampleKind, counted};
use narrows_evaluate::Reservoir;
use narrows_pages::explore::Rows;
use narrows_runtime::Autoencoder;
use ndarray::Array2;

use crate::{
    gathering::{Source, interrupted},
    input::InputStream,
    rows_bar::RowsBar,
    stop::Stop,
};

/// Largest number of values of all rows on the page, 64 MB of 32-bit floats.
const MAX_VALUES: usize = 1 << 24;

struct Row {
    number: usize,
    values: Vec<f32>,
    class: Option<i64>,
    name: Option<String>,
}

/// Reads the data a batch at a time and keeps a random sample of at most `count` rows.
pub(super) fn of_data(source: &Source<'_>, count: usize, stop: &Stop) -> anyhow::Result<Rows> {
    let Source { model, data, part, binarize, options } = source;
    let features = model.manifest().sample.features();
    let mut reservoir = Reservoir::new(count.min(MAX_VALUES / features.max(1)).max(2), options.seed);
    let rows = match part {
        Some(part) => InputStream::of(data, *part, model)?,
        None => InputStream::test_or_all(data, model)?,
    };
    let mut rows = rows.binarized(binarize.of(model.manifest(), options.seed)?);
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        if let Some(signal) = stop.signal() {
            return Err(interrupted(signal));
        }
        let values = batch.floats()?;
        let first = rows.returned() - batch.rows();
        for (index, values) in values.outer_iter().enumerate() {
            reservoir.add(|| Row {
                number: first + index,
                values: values.to_vec(),
                class: batch.classes().and_then(|classes| classes.get(index)).copied(),
                name: batch.labels.as_ref().map(|labels| labels.name(index).into_owned()),
            });
        }
        bar.show(rows.read());
    }
    drop(bar);
    let mut kept = reservoir.into_rows();
    kept.sort_by_key(|row| row.number);
    if kept.is_empty() {
        bail!("{data} has no rows");
    }
    let source = match kept.len() {
        all if all == rows.returned() => format!("the {} of {}", rows.counted_rows(), data.spec()),
        some => format!("{some} of the {} of {}", rows.counted_rows(), data.spec()),
    };
    let values: Vec<f32> = kept.iter().flat_map(|row| row.values.iter().copied()).collect();
    Ok(Rows {
        values: Array2::from_shape_vec((kept.len(), features), values)?,
        classes: kept.iter().map(|row| row.class).collect(),
        numbers: kept.iter().map(|row| row.number).collect(),
        names: kept.into_iter().map(|row| row.name).collect(),
        source,
    })
}

/// Takes the rows of the probe of a bundle.
pub(super) fn of_probe(bundle: &Path, model: &Autoencoder) -> anyhow::Result<Rows> {
    let probe = Bundle::open(bundle)?.probe()?;
    let count = probe.samples.shape().first().copied().unwrap_or_default();
    let classes = model.classes();
    let noun = match model.manifest().sample.kind {
        SampleKind::Series => "window",
        SampleKind::Features => "row",
    };
    let name = |&label: &i64| usize::try_from(label).ok().and_then(|label| classes.get(label)).cloned();
    Ok(Rows {
        values: probe.samples.into_shape_with_order((count, model.manifest().sample.features()))?,
        names: probe.labels.as_ref().and_then(|labels| labels.iter().map(name).collect()),
        classes: probe.labels,
        numbers: (0..count).collect(),
        source: format!("the {} of the bundle's probe", counted(count, noun)),
    })
}
