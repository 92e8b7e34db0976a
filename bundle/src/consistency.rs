//! Whether a manifest makes sense in itself, before anything that it promises is believed.

use std::path::{Component, Path};

use crate::{ElementType, GraphPorts, Manifest, Port, Role, Scaling};

/// Numbers that a sample or a code may have. Far above any model, far below where the size of a batch
/// could overflow.
const MOST_NUMBERS: usize = 1 << 28;

/// What is wrong with a manifest, if anything.
pub(crate) fn check_manifest(manifest: &Manifest) -> Result<(), String> {
    let (encoder, decoder) = (&manifest.graphs.encoder, &manifest.graphs.decoder);
    check_sides("encoder", encoder, &[&[Role::Sample]], &[&[Role::Latent], &[Role::Mean, Role::LogVariance]])?;
    check_sides("decoder", decoder, &[&[Role::Latent]], &[&[Role::Reconstruction]])?;
    let takes_label = encoder.input(Role::Label).or(decoder.input(Role::Label)).is_some();
    if takes_label && manifest.classes.as_ref().is_none_or(Vec::is_empty) {
        return Err("its graphs take a label, but it names no classes".to_owned());
    }
    let ports = [&encoder.inputs, &encoder.outputs, &decoder.inputs, &decoder.outputs];
    ports.into_iter().flatten().try_for_each(|port| check_port(manifest, port))?;
    check_sizes(manifest)?;
    manifest.files.keys().chain([&encoder.file, &decoder.file]).try_for_each(|name| check_name(name))
}

/// The roles of a graph's inputs and outputs must be one of the accepted lists; a label may come behind
/// the inputs.
fn check_sides(half: &str, graph: &GraphPorts, inputs: &[&[Role]], outputs: &[&[Role]]) -> Result<(), String> {
    let found = |ports: &[Port]| ports.iter().map(|port| port.role).collect::<Vec<_>>();
    let mut input_roles = found(&graph.inputs);
    if input_roles.len() > 1 && input_roles.last() == Some(&Role::Label) {
        input_roles.pop();
    }
    for (side, roles, accepted) in [("inputs", input_roles, inputs), ("outputs", found(&graph.outputs), outputs)] {
        if !accepted.contains(&roles.as_slice()) {
            return Err(format!("the {side} of its {half} have the roles {roles:?}, expected one of {accepted:?}"));
        }
    }
    Ok(())
}

fn check_port(manifest: &Manifest, port: &Port) -> Result<(), String> {
    let (shape, dtype): (&[usize], _) = match port.role {
        Role::Sample | Role::Reconstruction => (&manifest.sample.shape, ElementType::F32),
        Role::Latent | Role::Mean | Role::LogVariance => (&[manifest.latent_dim], ElementType::F32),
        Role::Label => (&[], ElementType::I64),
    };
    if port.name.is_empty() || port.shape != shape || port.dtype != dtype {
        let found = (port.dtype, &port.shape);
        return Err(format!(
            "port `{}` is {found:?}, its role {:?} demands {:?}",
            port.name,
            port.role,
            (dtype, shape)
        ));
    }
    Ok(())
}

fn check_sizes(manifest: &Manifest) -> Result<(), String> {
    let numbers = manifest.sample.shape.iter().try_fold(1usize, |total, &size| total.checked_mul(size));
    let is_possible = |numbers: usize| (1..=MOST_NUMBERS).contains(&numbers);
    let (low, high) = manifest.sample.range;
    let Scaling { offset, scale } = &manifest.scaling;
    let fits = |values: &[f32]| values.len() == 1 || Some(values.len()) == numbers;
    let is_sound = offset.iter().chain(scale).all(|value| value.is_finite()) && !scale.contains(&0.0);
    if !(fits(offset) && fits(scale) && is_sound) {
        return Err(format!(
            "its scaling has {} offsets and {} scales, or one that is 0 or infinite",
            offset.len(),
            scale.len()
        ));
    }
    if !numbers.is_some_and(is_possible) || !is_possible(manifest.latent_dim) {
        let (shape, latent) = (&manifest.sample.shape, manifest.latent_dim);
        return Err(format!("samples of shape {shape:?} and codes of {latent} numbers are impossible"));
    }
    if let Some(variance) = manifest.variance.filter(|variance| !(variance.is_finite() && *variance > 0.0)) {
        return Err(format!("its likelihood has variance {variance}"));
    }
    if !(low.is_finite() && high.is_finite() && low <= high) {
        return Err(format!("its samples range from {low} to {high}"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) if !name.ends_with('/') => Ok(()),
        _ => Err(format!("`{name}` is not a plain file name")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        DataRecord, FORMAT, FileRecord, Kind, Likelihood, Link, Ports, Prior, Sample, SampleType, TrainingRecord,
    };

    fn manifest(kind: Kind) -> Manifest {
        let shape = vec![2, 3];
        let data = DataRecord { name: "d".into(), fingerprint: "f".into(), train_rows: 1, valid_rows: 0, test_rows: 0 };
        Manifest {
            format: FORMAT,
            digest: String::new(),
            kind,
            graphs: Ports::of(kind, &shape, 4),
            sample: Sample { shape, dtype: SampleType::F32, range: (0.0, 1.0) },
            latent_dim: 4,
            prior: kind.is_variational().then_some(Prior::StandardNormal),
            classes: kind.is_conditional().then(|| vec!["a".to_owned()]),
            likelihood: Likelihood::Gaussian,
            variance: None,
            output_link: Link::Identity,
            scaling: Scaling { offset: vec![0.0], scale: vec![1.0] },
            training: TrainingRecord {
                configuration: serde_json::Value::Null,
                data,
                progress: None,
                metrics: BTreeMap::new(),
                explained_variance_ratio: None,
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
    fn every_contradiction_is_named() {
        let file = FileRecord { bytes: 0, sha256: String::new() };
        type Spoil = Box<dyn Fn(&mut Manifest)>;
        let defects: [(&str, Spoil); 7] = [
            ("names no classes", Box::new(|manifest| manifest.classes = None)),
            ("`label`", Box::new(|manifest| manifest.graphs.decoder.inputs[1].dtype = ElementType::F32)),
            ("the inputs of its encoder", Box::new(|manifest| manifest.graphs.encoder.inputs.clear())),
            ("the outputs of its decoder", Box::new(|manifest| manifest.graphs.decoder.outputs[0].role = Role::Mean)),
            ("port `z`", Box::new(|manifest| manifest.graphs.decoder.inputs[0].shape = vec![5])),
            ("range from", Box::new(|manifest| manifest.sample.range.1 = f32::NAN)),
            ("`../x`", Box::new(move |manifest| drop(manifest.files.insert("../x".to_owned(), file.clone())))),
        ];
        for (expected, spoil) in defects {
            let mut bad = manifest(Kind::Cvae);
            spoil(&mut bad);
            let error = check_manifest(&bad).expect_err(expected);
            assert!(error.contains(expected), "{error} should mention {expected}");
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
