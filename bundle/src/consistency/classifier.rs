//! Consistency checks of the manifest of a classifier or regressor.

use std::collections::BTreeSet;

use super::{
    check_names, check_sample,
    graph::{Sizes, check_ports, check_roles},
    is_valid_size,
};
use crate::{ClassifierKind, ClassifierManifest, Contract, Role};

/// Checks a manifest; the error says what is wrong.
pub(crate) fn check_classifier(manifest: &ClassifierManifest) -> Result<(), String> {
    let count = output_count(manifest)?;
    let roles = [match manifest.kind {
        ClassifierKind::Classifier => vec![Role::Logits, Role::Probabilities],
        ClassifierKind::Regressor => vec![Role::Prediction],
    }];
    let sizes = Sizes::of(&manifest.sample, manifest.latent_dim, Some(count))?;
    check_roles("head", &manifest.graphs.head, &[vec![Role::Latent]], &roles)?;
    check_roles("end-to-end", &manifest.graphs.end_to_end, &[sizes.inputs()], &roles)?;
    check_ports(manifest.graphs(), &sizes)?;
    if manifest.encoder.kind.is_conditional() {
        return Err(format!("its encoder is a {}, which takes a label with every sample", manifest.encoder.kind));
    }
    check_target_names(manifest, count)?;
    check_sample(&manifest.sample, manifest.latent_dim)?;
    check_names(manifest)
}

/// Checks that the targets have different names, if they have names.
fn check_target_names(manifest: &ClassifierManifest, count: usize) -> Result<(), String> {
    let Some(names) = &manifest.target_names else { return Ok(()) };
    let different: BTreeSet<&String> = names.iter().collect();
    if manifest.kind != ClassifierKind::Regressor || names.len() != count || different.len() != count {
        return Err(format!("it has {} different names of targets, expected {count}, of a regressor", different.len()));
    }
    Ok(())
}

/// Returns the number of classes of a classifier (at least two) or of targets of a regressor (at least one).
/// A manifest with both is refused.
fn output_count(manifest: &ClassifierManifest) -> Result<usize, String> {
    let classes = manifest.classes.as_ref().map(Vec::len);
    match (manifest.kind, classes, manifest.targets) {
        (ClassifierKind::Classifier, Some(count), None) if count >= 2 && is_valid_size(count) => Ok(count),
        (ClassifierKind::Regressor, None, Some(count)) if is_valid_size(count) => Ok(count),
        (ClassifierKind::Classifier, classes, targets) => Err(format!(
            "it is a classifier with {} classes and {} targets, expected at least 2 classes and no targets",
            classes.unwrap_or(0),
            targets.unwrap_or(0)
        )),
        (ClassifierKind::Regressor, classes, targets) => Err(format!(
            "it is a regressor with {} targets and {} classes, expected at least 1 target and no classes",
            targets.unwrap_or(0),
            classes.unwrap_or(0)
        )),
    }
}
