//! The rows on which the models are judged, and those on which they are trained.

use anyhow::{bail, ensure};
use narrows_bundle::counted;
use narrows_data::{Dataset, Part, PartName};
use narrows_trainer::Config;

/// The rows that judge all models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// The test part of the data.
    Test,
    /// The separate validation part.
    Valid,
    /// The rows held out from the training part; other rows for each seed.
    HeldOut,
}

/// Rows of a part of the data.
#[derive(Debug, Clone)]
pub(super) struct Rows<'a> {
    pub(super) part: &'a Part,
    pub(super) name: PartName,
    pub(super) rows: Vec<usize>,
}

impl Judge {
    /// Chooses the test part, or else the validation part, or else the held-out rows.
    pub(crate) fn of(data: &Dataset) -> Self {
        let has_rows = |part: &Option<Part>| part.as_ref().is_some_and(|part| part.values.rows() > 0);
        if has_rows(&data.test) {
            Judge::Test
        } else if has_rows(&data.valid) {
            Judge::Valid
        } else {
            Judge::HeldOut
        }
    }

    /// Returns the name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Judge::Test => "test",
            Judge::Valid => "valid",
            Judge::HeldOut => "held_out",
        }
    }

    /// Checks that there are rows that judge, for the configurations of the trained models.
    pub(crate) fn check(self, data: &Dataset, configs: &[&Config], has_bundles: bool) -> anyhow::Result<()> {
        match self {
            Judge::Test | Judge::Valid => Ok(()),
            Judge::HeldOut if has_bundles => bail!(
                "`{}` has no test part, and rows held out from training may be training rows of a bundle; pass --test",
                data.name
            ),
            Judge::HeldOut => {
                let held_out = |config: &&Config| config.held_out_rows(&data.train.values) > 0;
                ensure!(
                    configs.iter().all(held_out),
                    "no rows are left to judge the models, because `{}` has no test part and --valid-fraction is 0; \
                     pass --test, or a larger --valid-fraction",
                    data.name
                );
                Ok(())
            }
        }
    }

    /// Returns the number of rows that judge.
    pub(crate) fn rows(self, data: &Dataset, config: Option<&Config>) -> usize {
        let count = |part: &Option<Part>| part.as_ref().map_or(0, |part| part.values.rows());
        match self {
            Judge::Test => count(&data.test),
            Judge::Valid => count(&data.valid),
            Judge::HeldOut => config.map_or(0, |config| config.held_out_rows(&data.train.values)),
        }
    }

    /// Says which rows judge: `360 test rows judge`.
    pub(crate) fn sentence(self, rows: usize) -> String {
        match self {
            Judge::Test => format!("{} judge", counted(rows, "test row")),
            Judge::Valid => format!("{} of --valid judge", counted(rows, "row")),
            Judge::HeldOut => format!("{} held out from training judge, others for each seed", counted(rows, "row")),
        }
    }

    /// Returns the rows to fit and the rows that judge. `config` is that of a trained model; a loaded bundle has none.
    pub(super) fn split<'a>(self, data: &'a Dataset, config: Option<&Config>) -> (Rows<'a>, Rows<'a>) {
        let all = |part: &'a Part, name| Rows { part, name, rows: (0..part.values.rows()).collect() };
        let (fitted, held_out) = match config {
            Some(config) => config.split(&data.train),
            None => (all(&data.train, PartName::Train).rows, Vec::new()),
        };
        let judged = match (self, &data.test, &data.valid) {
            (Judge::Test, Some(part), _) => all(part, PartName::Test),
            (Judge::Valid, _, Some(part)) => all(part, PartName::Valid),
            (Judge::HeldOut, _, _) => Rows { part: &data.train, name: PartName::Train, rows: held_out },
            (Judge::Test | Judge::Valid, _, _) => unreachable!("`Judge::of` chose a part that exists"),
        };
        (Rows { part: &data.train, name: PartName::Train, rows: fitted }, judged)
    }
}
