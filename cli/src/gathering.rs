//! Reads a data set for a page about a model: the shown rows, and the rows that its samples are compared with.

use std::{io, path::Path};

use anyhow::Context;
use narrows_bundle::{Bundle, BundleError, DataRecord};
use narrows_data::Binarize;
use narrows_pages::{About, ComparedPart, Comparison, GatherOptions, Gathered, Gatherer, PageError, Seen, ShownRows};
use narrows_runtime::Autoencoder;

use crate::{
    input::{Batch, BinarizeArguments, DataArguments, InputStream, Part},
    model::needs_autoencoder,
    report::{Stopped, warn},
    rows_bar::RowsBar,
    stop::Stop,
};

/// The chart of the losses in the folder of a bundle.
const LOSS_CHART: &str = "loss.svg";
/// Largest chart of losses that is read, in bytes. Ours have some kilobytes.
const MAX_CHART: u64 = 1 << 20;

/// The rows of a page.
pub(crate) struct Source<'a> {
    pub(crate) model: &'a Autoencoder,
    pub(crate) data: &'a DataArguments,
    /// The shown part; `None` for the test part, or all rows if there is none.
    pub(crate) part: Option<Part>,
    pub(crate) binarize: &'a BinarizeArguments,
    pub(crate) options: GatherOptions,
}

impl Source<'_> {
    /// Reads the rows twice, or the training rows the second time, and computes what a page shows. A signal ends it
    /// between two chunks. `about` says how to repeat it; the rows are added here.
    pub(crate) fn gather(&self, about: About, stop: &Stop) -> anyhow::Result<Gathered> {
        let binarizer = self.binarize.of(self.model.manifest(), self.options.seed)?;
        let how = binarizer.how();
        let mut rows = match self.part {
            Some(part) => InputStream::of(self.data, part, self.model)?,
            None => InputStream::test_or_all(self.data, self.model)?,
        };
        let part = rows.part();
        let has_labels = rows.has_labels();
        let mut gatherer = Gatherer::new(self.model, self.options.clone());
        for_each_batch(&mut rows, stop, |rows, batch| {
            let originals = batch.floats()?;
            let names = batch.labels.as_ref().filter(|_| has_labels);
            let names = names.map(|labels| (0..labels.len()).map(|row| labels.name(row).into_owned()).collect());
            let names: Option<Vec<String>> = names;
            let batch = batch.binarized(&binarizer)?;
            let values = batch.floats()?;
            let shown = ShownRows {
                values: values.view(),
                originals: originals.view(),
                conditions: batch.classes(),
                labels: names.as_deref(),
            };
            gatherer.add(shown).map_err(|error| rows.locate_error(error, &batch))
        })?;
        let training = &self.model.manifest().training.data;
        let files = if rows.name() == training.name { self.data.as_words() } else { String::new() };
        let about = About {
            training_command: about.training_command.clone() + &files,
            noun: if rows.windows().is_some() { "window" } else { "row" }.to_owned(),
            seen: seen(training, &rows),
            is_compared_with_training_part: part == Part::Test,
            data: self.data.spec().to_owned(),
            rows: rows.counted_rows(),
            binarized: match how {
                Binarize::None => None,
                Binarize::Static | Binarize::Dynamic => Some(how.to_string()),
            },
            columns: rows.columns().map(<[String]>::to_vec),
            ..about
        };
        let (compared, compared_part) = match part {
            Part::Test => (Part::Train, ComparedPart::Training),
            Part::All | Part::Train => (part, ComparedPart::Shown),
        };
        let mut comparison = Comparison::start(gatherer, compared_part)?;
        let mut rows = InputStream::of(self.data, compared, self.model)?;
        for_each_batch(&mut rows, stop, |_, batch| {
            comparison.add(batch.floats()?.view());
            Ok(())
        })?;
        comparison.gathered(about, &|| stop.signal().is_some()).map_err(|error| match (error, stop.signal()) {
            (PageError::Interrupted, Some(signal)) => interrupted(signal),
            (error, _) => error.into(),
        })
    }
}

/// Returns whether a model was trained on some of the rows, which have been read to their end.
fn seen(training: &DataRecord, rows: &InputStream<'_>) -> Seen {
    let DataRecord { name, train_rows, valid_rows, test_rows, .. } = training;
    // A run may have held out validation rows of the training part, or had them in another file.
    let counts = [0, *valid_rows, *test_rows, valid_rows + test_rows].map(|others| train_rows + others);
    match (rows.part(), rows.name() == name, counts.contains(&rows.returned())) {
        (Part::Test, _, _) | (Part::All | Part::Train, false, false) => Seen::No,
        (Part::All | Part::Train, true, true) => Seen::Yes,
        (Part::All | Part::Train, _, _) => Seen::Perhaps,
    }
}

fn for_each_batch(
    rows: &mut InputStream<'_>,
    stop: &Stop,
    mut each: impl FnMut(&InputStream<'_>, Batch) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        if let Some(signal) = stop.signal() {
            return Err(interrupted(signal));
        }
        each(rows, batch)?;
        bar.show(rows.read());
    }
    Ok(())
}

/// Returns the error of a page that was interrupted by a signal.
pub(crate) fn interrupted(signal: u8) -> anyhow::Error {
    Stopped { signal, message: "interrupted; there is no page".to_owned() }.into()
}

/// Returns the scores of the rows that calibrated the detector of a bundle; `None` without a detector.
pub(crate) fn calibration_scores(bundle: &Path) -> anyhow::Result<Option<Vec<f32>>> {
    let bundle = Bundle::open(bundle).map_err(needs_autoencoder)?;
    let calibration = bundle.manifest().detector.as_ref().map(|_| bundle.calibration()).transpose()?;
    Ok(calibration.map(|calibration| calibration.scores.to_vec()))
}

/// Reads the chart of the losses in the folder of a bundle; `None` if there is none, or the bundle is packed. A chart
/// that is not that of the training is left out, with a warning.
pub(crate) fn loss_chart(bundle: &Path) -> anyhow::Result<Option<String>> {
    let bundle = Bundle::open(bundle).map_err(needs_autoencoder)?;
    let Some((_, record)) = bundle.files().find(|(name, _)| *name == LOSS_CHART) else { return Ok(None) };
    let path = bundle.path().join(LOSS_CHART);
    if record.bytes > MAX_CHART {
        warn(format_args!(
            "`{}` has {} bytes, and a chart has at most {MAX_CHART}; it is left out of the page",
            path.display(),
            record.bytes
        ));
        return Ok(None);
    }
    match bundle.read(LOSS_CHART) {
        Ok(bytes) => Ok(Some(String::from_utf8(bytes).with_context(|| format!("cannot read `{}`", path.display()))?)),
        Err(BundleError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(
            error @ (BundleError::Changed { .. } | BundleError::LineEndings { .. } | BundleError::LfsPointer { .. }),
        ) => {
            warn(format_args!("{error}; the chart of the losses is left out of the page"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
