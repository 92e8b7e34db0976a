//! Consistency checks of a manifest. They run before any of its declared sizes is used.

mod classifier;
mod detector;
mod graph;

use std::path::{Component, Path};

use crate::{
    CellLikelihood, Contract, Likelihood, Manifest, MomentsRecord, PRIOR, Prior, Role, SAMPLER, Sample, SampleKind,
    SamplerRecord, Scaling, Windows, quoted,
};
pub(crate) use classifier::check_classifier;
use detector::check_detector;
use graph::{Sizes, check_ports, check_roles, with_and_without_label};

/// Largest number of features of a sample and of latent dimensions. It is far above the size of any model, and far
/// below the point where the size of a batch could overflow.
pub(crate) const SIZE_LIMIT: usize = 1 << 28;

/// Checks a manifest; the error says what is wrong.
pub(crate) fn check_manifest(manifest: &Manifest) -> Result<(), String> {
    let (encoder, decoder) = (&manifest.graphs.encoder, &manifest.graphs.decoder);
    let sizes = Sizes::of(&manifest.sample, manifest.latent_dim, None)?;
    let codes = [vec![Role::Latent], vec![Role::Mean, Role::LogVariance]];
    check_roles("encoder", encoder, &with_and_without_label(sizes.inputs()), &codes)?;
    check_roles("decoder", decoder, &with_and_without_label(vec![Role::Latent]), &[sizes.outputs()])?;
    let takes_label = encoder.input(Role::Label).or(decoder.input(Role::Label)).is_some();
    if takes_label && manifest.classes.as_ref().is_none_or(Vec::is_empty) {
        return Err("its graphs take a label, but it names no classes".to_owned());
    }
    check_ports(manifest.graphs(), &sizes)?;
    check_sample(&manifest.sample, manifest.latent_dim)?;
    check_scaling(manifest)?;
    if let Some(variance) = manifest.variance.filter(|variance| !(variance.is_finite() && *variance > 0.0)) {
        return Err(format!("its likelihood has variance {variance}, expected a positive finite number"));
    }
    check_cells(manifest)?;
    let classes = manifest.classes.as_ref().map(Vec::len);
    if manifest.class_rows.as_ref().is_some_and(|rows| Some(rows.len()) != classes) {
        return Err("its numbers of rows are not those of its classes".to_owned());
    }
    check_mixtures(manifest)?;
    check_moments(manifest.training.moments.as_ref())?;
    check_detector(manifest, &sizes)?;
    check_names(manifest)
}

/// Checks that every cell of a mixed table has a distribution that fits its kind.
fn check_cells(manifest: &Manifest) -> Result<(), String> {
    let is_table = manifest.sample.table.is_some();
    if is_table != manifest.cells.is_some() || is_table != (manifest.likelihood == Likelihood::Columns) {
        return Err(
            "a mixed table, and only a mixed table, has the likelihood `columns` and one for each cell".to_owned()
        );
    }
    let cells = manifest.sample.cells().unwrap_or_default();
    let likelihoods = manifest.cells.as_deref().unwrap_or_default();
    if likelihoods.len() != cells.len() {
        return Err(format!("it has the likelihoods of {} cells, expected {}", likelihoods.len(), cells.len()));
    }
    let is_valid = |value: f64| value.is_finite() && value >= 0.0;
    for (cell, CellLikelihood { distribution, weight, baseline }) in cells.iter().zip(likelihoods) {
        // An error in nats can be negative: the density of a narrow distribution is above 1.
        if !(distribution.is_valid() && distribution.fits(cell.kind) && is_valid(*weight) && baseline.is_finite()) {
            return Err(format!("the likelihood of its cell `{}` is not one of {:?}", cell.name, cell.kind));
        }
    }
    Ok(())
}

/// Checks that the prior and the sampler have a file, and that the recorded figures are numbers.
fn check_mixtures(manifest: &Manifest) -> Result<(), String> {
    let components = match manifest.prior {
        Some(Prior::Mixture { components }) => Some(components),
        Some(Prior::StandardNormal) | None => None,
    };
    let sampler = manifest.sampler.as_ref();
    let mixtures = [("prior", PRIOR, components), ("sampler", SAMPLER, sampler.map(|record| record.components))];
    for (name, file, components) in mixtures {
        match components {
            Some(components) if !is_valid_size(components) => {
                return Err(format!("its {name} has {components} components"));
            }
            Some(_) if !manifest.files.contains_key(file) => {
                return Err(format!("it has a {name}, but lists no file `{file}`"));
            }
            None if manifest.files.contains_key(file) => {
                return Err(format!("it lists `{file}`, but has no {name} of that kind"));
            }
            Some(_) | None => {}
        }
    }
    let is_finite =
        |record: &SamplerRecord| record.log_likelihood.is_finite() && record.standard_normal_log_likelihood.is_finite();
    if sampler.is_some_and(|record| !is_finite(record)) {
        return Err("the log-likelihoods of its sampler are not finite numbers".to_owned());
    }
    match sampler.and_then(|record| Some((record, record.class_components.as_ref()?))) {
        Some((record, components)) => check_class_components(manifest, record, components),
        None => Ok(()),
    }
}

/// Checks the record of the moments: the digest has the form of a SHA-256, and there are rows.
fn check_moments(record: Option<&MomentsRecord>) -> Result<(), String> {
    let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match record {
        Some(MomentsRecord { sha256, count }) if *count < 2 || !is_digest(sha256) => Err(format!(
            "its moments have {count} rows and the SHA-256 {}, expected at least 2 rows and 64 digits",
            quoted(sha256)
        )),
        Some(_) | None => Ok(()),
    }
}

/// Checks a sampler with one mixture per class.
fn check_class_components(manifest: &Manifest, record: &SamplerRecord, components: &[usize]) -> Result<(), String> {
    if manifest.graphs.decoder.input(Role::Label).is_none() {
        return Err("its sampler has one mixture per class, but its decoder takes no class".to_owned());
    }
    let classes = manifest.classes.as_ref().map_or(0, Vec::len);
    if components.len() != classes {
        return Err(format!("its sampler has mixtures of {} classes, expected {classes}", components.len()));
    }
    if let Some(class) = components.iter().position(|&count| count == 0) {
        return Err(format!("its sampler has no component of class {class}"));
    }
    let total = components.iter().try_fold(0usize, |total, &count| total.checked_add(count));
    if total != Some(record.components) {
        return Err(format!("its sampler has {} components, but its classes have others", record.components));
    }
    Ok(())
}

fn check_sample(sample: &Sample, latent_dim: usize) -> Result<(), String> {
    if !feature_count(sample).is_some_and(is_valid_size) || !is_valid_size(latent_dim) {
        let shape = &sample.shape;
        return Err(format!("samples of shape {shape:?} with {latent_dim} latent dimensions are impossible"));
    }
    let (low, high) = sample.range;
    if !(low.is_finite() && high.is_finite() && low <= high) {
        return Err(format!(
            "the range of its samples is {low} to {high}, expected two finite numbers in ascending order"
        ));
    }
    check_series(sample)?;
    if sample.cells().is_some_and(|cells| sample.shape != [cells.len()]) {
        return Err(format!("its samples of shape {:?} are not rows of its table", sample.shape));
    }
    let named = described_count(sample);
    let column_count = sample.columns.as_ref().map(Vec::len);
    if let Some(count) = column_count.filter(|&count| Some(count) != named) {
        return Err(format!("it names {count} columns for samples of shape {:?}", sample.shape));
    }
    let is_valid = |fill: &Vec<f32>| Some(fill.len()) == named && fill.iter().all(|value| value.is_finite());
    if !sample.fill.as_ref().is_none_or(is_valid) {
        return Err("its fill values are not one finite number per feature, or per channel of windows".to_owned());
    }
    Ok(())
}

/// Checks the shape of series, and of windows of a recording.
fn check_series(sample: &Sample) -> Result<(), String> {
    let Sample { shape, kind, windows, .. } = sample;
    match (kind, windows, &shape[..]) {
        (SampleKind::Features, None, _) | (SampleKind::Series, None, [_] | [_, _]) => Ok(()),
        (SampleKind::Series, Some(windows), &[_, length]) if windows.window == length && windows.hop > 0 => Ok(()),
        (SampleKind::Features | SampleKind::Series, Some(Windows { window, hop, .. }), shape) => {
            Err(format!("its samples of shape {shape:?} cannot be windows of {window} time steps with a hop of {hop}"))
        }
        (SampleKind::Series, None, shape) => Err(format!("its samples of shape {shape:?} cannot be series")),
    }
}

fn check_scaling(manifest: &Manifest) -> Result<(), String> {
    let Scaling { offset, scale } = &manifest.scaling;
    let fits = |values: &[f32]| values.len() == 1 || Some(values.len()) == feature_count(&manifest.sample);
    let is_valid = offset.iter().chain(scale).all(|value| value.is_finite()) && !scale.contains(&0.0);
    if !(fits(offset) && fits(scale) && is_valid) {
        return Err(format!(
            "its scaling has {} offsets and {} scales, expected 1 or one per feature, all finite, no scale of 0",
            offset.len(),
            scale.len()
        ));
    }
    Ok(())
}

/// Returns the number of column names and of fill values of a sample: one per feature, or one per channel of windows.
fn described_count(sample: &Sample) -> Option<usize> {
    match sample.windows {
        Some(_) => sample.shape.first().copied(),
        None => feature_count(sample),
    }
}

/// Returns the number of features of a sample, or `None` if it overflows.
fn feature_count(sample: &Sample) -> Option<usize> {
    sample.shape.iter().try_fold(1usize, |total, &size| total.checked_mul(size))
}

fn is_valid_size(size: usize) -> bool {
    (1..=SIZE_LIMIT).contains(&size)
}

/// Longest name of a file in bytes, as common file systems allow it.
const LONGEST_NAME: usize = 255;

/// Checks that every file is in the bundle itself: its name must not be a path.
fn check_names(manifest: &impl Contract) -> Result<(), String> {
    let graphs = manifest.graphs().map(|graph| &graph.file);
    manifest.records().keys().chain(graphs).try_for_each(|name| check_name(name))
}

fn check_name(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_NAME {
        return Err(format!("a file name has {} bytes, at most {LONGEST_NAME} are allowed: `{name}`", name.len()));
    }
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(_)), None) if !name.ends_with('/') => Ok(()),
        _ => Err(format!("`{name}` is not a plain file name")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{DataRecord, ElementType, FORMAT, FileRecord, Kind, Link, Ports, SampleType, TrainingRecord};

    fn manifest(kind: Kind) -> Manifest {
        let shape = vec![2, 3];
        let data = DataRecord { name: "d".into(), fingerprint: "f".into(), train_rows: 1, valid_rows: 0, test_rows: 0 };
        Manifest {
            format: FORMAT,
            digest: String::new(),
            kind,
            graphs: Ports::of(kind, &shape, 4),
            sample: Sample {
                shape,
                dtype: SampleType::F32,
                range: (0.0, 1.0),
                columns: None,
                fill: None,
                kind: crate::SampleKind::default(),
                windows: None,
                table: None,
            },
            latent_dim: 4,
            prior: kind.has_prior().then_some(Prior::StandardNormal),
            sampler: None,
            detector: None,
            classes: kind.is_conditional().then(|| vec!["a".to_owned()]),
            class_rows: None,
            likelihood: Likelihood::Gaussian,
            variance: None,
            cells: None,
            output_link: Link::Identity,
            scaling: Scaling { offset: vec![0.0], scale: vec![1.0] },
            training: TrainingRecord {
                configuration: serde_json::Value::Null,
                data,
                progress: None,
                metrics: BTreeMap::new(),
                explained_variance_ratio: None,
                moments: None,
            },
            parity: None,
            files: BTreeMap::new(),
        }
    }

    #[test]
    fn the_port_table_of_every_kind_makes_a_consistent_manifest() {
        for kind in Kind::ALL {
            assert_eq!(check_manifest(&manifest(kind)), Ok(()), "{kind}");
        }
    }

    #[test]
    fn the_error_names_every_contradiction() {
        fn add_file(manifest: &mut Manifest, name: &str) {
            manifest.files.insert(name.to_owned(), FileRecord { bytes: 0, sha256: String::new() });
        }
        type Corrupt = Box<dyn Fn(&mut Manifest)>;
        let defects: [(&str, Corrupt); 10] = [
            ("names no classes", Box::new(|manifest| manifest.classes = None)),
            ("`label`", Box::new(|manifest| manifest.graphs.decoder.inputs[1].dtype = ElementType::F32)),
            ("the inputs of its encoder", Box::new(|manifest| manifest.graphs.encoder.inputs.clear())),
            ("the outputs of its decoder", Box::new(|manifest| manifest.graphs.decoder.outputs[0].role = Role::Mean)),
            ("port `z`", Box::new(|manifest| manifest.graphs.decoder.inputs[0].shape = vec![5])),
            ("the range of its samples", Box::new(|manifest| manifest.sample.range.1 = f32::NAN)),
            ("names 1 columns", Box::new(|manifest| manifest.sample.columns = Some(vec!["a".to_owned()]))),
            ("fill values", Box::new(|manifest| manifest.sample.fill = Some(vec![f32::NAN; 6]))),
            ("`../x`", Box::new(|manifest| add_file(manifest, "../x"))),
            ("a file name has 256 bytes", Box::new(|manifest| add_file(manifest, &"x".repeat(256)))),
        ];
        for (expected, corrupt) in defects {
            let mut bad = manifest(Kind::Cvae);
            corrupt(&mut bad);
            let error = check_manifest(&bad).expect_err(expected);
            assert!(error.contains(expected), "`{error}` should mention `{expected}`");
        }
    }

    #[test]
    fn impossible_sizes_are_refused_before_anyone_allocates_them() {
        for shape in [vec![0], vec![1 << 62, 4], vec![1 << 40]] {
            let mut bad = manifest(Kind::Ae);
            bad.graphs = Ports::of(Kind::Ae, &shape, 4);
            bad.sample.shape = shape;
            assert!(check_manifest(&bad).expect_err("too large").contains("impossible"));
        }
    }
}
