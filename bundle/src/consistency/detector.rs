//! Consistency checks of the record of a detector.

use super::graph::{Sizes, check_ports, check_roles, with_and_without_label};
use crate::{CALIBRATION, DETECTOR, DETECTOR_PROBE, DetectorRecord, Manifest, Role, Setting};

/// Checks that the record of a detector, its ports and its files agree; the error says what is wrong.
pub(super) fn check_detector(manifest: &Manifest, sizes: &Sizes<'_>) -> Result<(), String> {
    let files = [DETECTOR, DETECTOR_PROBE, CALIBRATION];
    let Some(record) = &manifest.detector else {
        return match files.into_iter().find(|file| manifest.files.contains_key(*file)) {
            Some(file) => Err(format!("it lists `{file}`, but has no record of a detector")),
            None => Ok(()),
        };
    };
    if let Some(file) = files.into_iter().find(|file| !manifest.files.contains_key(*file)) {
        return Err(format!("it has a detector, but lists no file `{file}`"));
    }
    let DetectorRecord { graph, level, threshold, contamination, fitted_rows, calibration_rows, .. } = record;
    if graph.file != DETECTOR {
        return Err(format!("the graph of its detector is in `{}`, expected `{DETECTOR}`", graph.file));
    }
    let mut outputs = vec![Role::Score, Role::PValue, Role::Anomaly, Role::Share];
    outputs.extend(sizes.outputs());
    check_roles("detector", graph, &with_and_without_label(sizes.inputs()), &[outputs])?;
    check_ports([graph], sizes)?;
    if graph.input(Role::Label).is_some() && manifest.classes.as_ref().is_none_or(Vec::is_empty) {
        return Err("the graph of its detector takes a label, but it names no classes".to_owned());
    }
    let is_level = |level: f64| level > 0.0 && level < 1.0;
    match graph.settings.as_slice() {
        [Setting { name, default }] if name == DetectorRecord::LEVEL && *default == *level as f32 => {}
        settings => {
            let found: Vec<String> = settings
                .iter()
                .map(|Setting { name, default }| format!("`{name}` with the default {default}"))
                .collect();
            let found = if found.is_empty() { "no setting".to_owned() } else { found.join(" and ") };
            return Err(format!(
                "the graph of its detector has {found}, expected the setting `{}` with the default {level}",
                DetectorRecord::LEVEL
            ));
        }
    }
    if !is_level(*level) || !threshold.is_finite() || !(0.0..0.5).contains(contamination) {
        return Err(format!(
            "its detector has level {level}, threshold {threshold} and contamination {contamination}, expected a level in \
             (0, 1), a finite threshold and a contamination in [0, 0.5)"
        ));
    }
    if *fitted_rows == 0 || *calibration_rows == 0 {
        return Err(format!(
            "its detector was fitted to {fitted_rows} rows and calibrated on {calibration_rows}, expected at least 1"
        ));
    }
    Ok(())
}
