//! The plan of a comparison: every model with its checked configuration, before anything is trained.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, bail, ensure};
use narrows_bundle::{Bundle, Kind};
use narrows_data::{Binarize, Dataset};
use narrows_trainer::{
    Config, ConfigError, Options,
    internals::{Method, ScalingRule},
};

use super::{Cell, Grid, Group, passed::passed_to_some};
use crate::{
    misuse::{UsageError, misuse},
    {model::needs_autoencoder, training::with_absolute_paths},
};

/// Kinds that are compared by default; of mixed tables without the PCA, which needs numbers.
const DEFAULT_KINDS: [Kind; 5] = [Kind::Pca, Kind::Ae, Kind::Dae, Kind::Vae, Kind::Cvae];
/// Numbers of latent dimensions by default.
const DEFAULT_LATENT: [usize; 3] = [2, 8, 32];

/// A model to train.
pub(crate) struct Planned {
    pub(crate) cell: Cell,
    pub(crate) config: Config,
}

/// A bundle to load.
pub(crate) struct LoadedBundle {
    pub(crate) cell: Cell,
    pub(crate) bundle: Bundle,
}

/// A model that cannot be trained on these data, and why.
pub(crate) struct Skipped {
    pub(crate) group: Group,
    pub(crate) reason: String,
}

/// The models of a comparison.
pub(crate) struct Plan {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) latent: Vec<usize>,
    pub(crate) beta: Vec<f64>,
    pub(crate) seeds: Vec<u64>,
    /// How the rows that judge are binarised: as training does.
    pub(crate) binarize: Binarize,
    pub(crate) planned: Vec<Planned>,
    pub(crate) bundles: Vec<LoadedBundle>,
    pub(crate) skipped: Vec<Skipped>,
    /// What was chosen for the user, in sentences.
    pub(crate) remarks: Vec<String>,
}

impl Plan {
    /// Plans the models of a grid, whose options are completed by `file`, and opens the bundles. `explain` words the
    /// problems of a configuration.
    pub(crate) fn of(
        grid: &Grid,
        file: &Options,
        seeds: u16,
        bundles: &[PathBuf],
        data: &Dataset,
        explain: &dyn Fn(ConfigError) -> anyhow::Error,
    ) -> anyhow::Result<Self> {
        let options = grid.options.or(file);
        let mut defaults = if bundles.is_empty() { DEFAULT_KINDS.to_vec() } else { Vec::new() };
        if data.table.is_some() {
            defaults.retain(|&kind| kind != Kind::Pca);
        }
        let kinds = listed_once(first_non_empty([grid.kinds.clone(), file.kind.into_iter().collect(), defaults]));
        let mut latent = listed_once(first_non_empty([
            grid.latent.clone(),
            file.latent.into_iter().collect(),
            DEFAULT_LATENT.to_vec(),
        ]));
        latent.sort_unstable();
        let beta = first_non_empty([grid.beta.clone(), file.divergence.beta.into_iter().collect(), Vec::new()]);
        let mut beta = listed_once(beta);
        beta.sort_by(f64::total_cmp);
        let first = options.seed.unwrap_or(0);
        let seeds: Vec<u64> = (0..u64::from(seeds)).map(|offset| first.saturating_add(offset)).collect();
        let mut remarks = passed_to_some(grid, file, &kinds)?;
        let binarize = options.binarize.binarize.unwrap_or_default();
        if binarize != Binarize::None {
            remarks.push(format!("--binarize {binarize}: all models are judged on binarised rows"));
        }
        let mut plan = Plan {
            remarks,
            binarize,
            kinds,
            latent,
            beta,
            seeds,
            planned: Vec::new(),
            bundles: opened(bundles)?,
            skipped: Vec::new(),
        };
        plan.check_all(&options, data, explain)?;
        ensure!(
            !plan.planned.is_empty() || !plan.bundles.is_empty(),
            "nothing is left to compare: {}",
            plan.skipped
                .iter()
                .map(|skipped| format!("{}: {}", skipped.group.name(), skipped.reason))
                .collect::<Vec<_>>()
                .join("; ")
        );
        Ok(plan)
    }

    /// Checks the configuration of every model.
    fn check_all(
        &mut self,
        options: &Options,
        data: &Dataset,
        explain: &dyn Fn(ConfigError) -> anyhow::Error,
    ) -> anyhow::Result<()> {
        let (mut problems, mut is_misuse): (BTreeMap<String, String>, _) = (BTreeMap::new(), false);
        let mut scaling = None;
        // PCA comes last, because it gets the scaling of the others.
        let (pca, trained): (Vec<Group>, Vec<Group>) =
            self.groups().into_iter().partition(|group| group.kind == Kind::Pca);
        for group in trained.into_iter().chain(pca) {
            if group.kind.is_conditional() && data.train.labels.is_none() {
                let reason = "it needs the class of every row, and the data has no labels".to_owned();
                self.skipped.push(Skipped { group, reason });
                continue;
            }
            for &seed in &self.seeds {
                let cell = Cell { group: group.clone(), seed };
                match checked(&cell, options, scaling, data) {
                    Ok(config) => {
                        if let Method::Descent(_) = config.method {
                            scaling.get_or_insert(config.scaling);
                        }
                        self.planned.push(Planned { cell, config });
                    }
                    Err(error) if is_about_components(&error, group.kind) => {
                        let reason = error.problems.iter().map(|problem| format!("--latent {}", problem.what));
                        self.skipped.push(Skipped { group: group.clone(), reason: reason.collect() });
                        break;
                    }
                    Err(error) => {
                        let error = explain(error);
                        is_misuse |= error.is::<UsageError>();
                        problems.entry(error.to_string()).or_insert_with(|| group.kind.to_string());
                    }
                }
            }
        }
        if !problems.is_empty() {
            let lines: Vec<String> = problems.iter().map(|(what, kind)| format!("{kind}: {what}")).collect();
            if is_misuse {
                misuse!("{}", lines.join("\n"));
            }
            bail!(lines.join("\n"));
        }
        let position = |cell: &Cell| self.kinds.iter().position(|&kind| kind == cell.group.kind);
        self.planned.sort_by_key(|planned| (planned.cell.group.latent_dim, position(&planned.cell)));
        Ok(())
    }

    /// Returns every combination of latent size, kind and weight of the KL term.
    fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for &latent_dim in &self.latent {
            for &kind in &self.kinds {
                let weights = match takes_beta(kind) && !self.beta.is_empty() {
                    true => self.beta.iter().copied().map(Some).collect(),
                    false => vec![None],
                };
                groups.extend(weights.into_iter().map(|beta| Group { latent_dim, kind, beta, bundle: None }));
            }
        }
        groups
    }
}

fn takes_beta(kind: Kind) -> bool {
    Options::kinds_of("beta").contains(&kind)
}

fn first_non_empty<T>(lists: [Vec<T>; 3]) -> Vec<T> {
    lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default()
}

fn listed_once<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut once = Vec::new();
    for item in list {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}

/// Returns the checked configuration of a cell. PCA is scaled by `scaling`, that of the other kinds: their likelihood,
/// which PCA does not have, may select another scaling, and errors are comparable only in the same units.
fn checked(
    cell: &Cell,
    options: &Options,
    scaling: Option<ScalingRule>,
    data: &Dataset,
) -> Result<Config, ConfigError> {
    let Group { latent_dim, kind, beta, .. } = cell.group;
    let mut options = options.taken_by(kind);
    (options.latent, options.seed, options.divergence.beta) = (Some(latent_dim), Some(cell.seed), beta);
    let options = with_absolute_paths(&options);
    let config = Config::check(&options, data)?;
    match scaling {
        Some(rule) if kind == Kind::Pca && config.scaling != rule => {
            let (scale, per) = rule.scale_and_per();
            let mut scaled = options;
            (scaled.scaling.scale, scaled.scaling.scale_per) = (Some(scale), per);
            Config::check(&scaled, data)
        }
        Some(_) | None => Ok(config),
    }
}

/// Whether the only problem is that PCA has fewer components than latent dimensions are wanted.
fn is_about_components(error: &ConfigError, kind: Kind) -> bool {
    kind == Kind::Pca
        && error.problems.iter().all(|problem| problem.key == "latent" && problem.what.contains("components"))
}

/// Opens the bundles. Their order is that of the command line.
fn opened(bundles: &[PathBuf]) -> anyhow::Result<Vec<LoadedBundle>> {
    let open = |path: &PathBuf| {
        let bundle = Bundle::open(path).map_err(needs_autoencoder)?;
        let manifest = bundle.manifest();
        let recorded = |key: &str| manifest.training.configuration.get(key);
        let group = Group {
            latent_dim: manifest.latent_dim,
            kind: manifest.kind,
            beta: recorded("beta").and_then(serde_json::Value::as_f64),
            bundle: Some(path.display().to_string()),
        };
        let seed = recorded("seed").and_then(serde_json::Value::as_u64).unwrap_or(0);
        Ok(LoadedBundle { cell: Cell { group, seed }, bundle })
    };
    let opened = bundles.iter().map(open).collect::<anyhow::Result<Vec<LoadedBundle>>>()?;
    check_listed_once(bundles)?;
    Ok(opened)
}

/// Refuses a bundle that is listed twice, under one path or two: it would count as two models.
fn check_listed_once(bundles: &[PathBuf]) -> anyhow::Result<()> {
    let mut places: Vec<(PathBuf, &PathBuf)> = Vec::new();
    for path in bundles {
        let place = path.canonicalize().with_context(|| format!("cannot read `{}`", path.display()))?;
        match places.iter().find(|(other, _)| *other == place) {
            Some((_, first)) if *first == path => {
                bail!("--bundles has `{}` twice; list every bundle once", path.display())
            }
            Some((_, first)) => bail!(
                "--bundles has `{}` and `{}`, which are the same bundle; list every bundle once",
                first.display(),
                path.display()
            ),
            None => places.push((place, path)),
        }
    }
    Ok(())
}
