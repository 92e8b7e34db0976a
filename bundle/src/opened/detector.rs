//! Reading the detector of a bundle.

use super::Bundle;
use crate::{BundleError, CALIBRATION, Calibration, DETECTOR_PROBE, DetectorProbe};

impl Bundle {
    /// Reads the probe of the detector: the stored rows with their scores and labels.
    ///
    /// # Errors
    /// Those of [`Bundle::read`] and of [`DetectorProbe::from_bytes`], also for a bundle without a detector.
    pub fn detector_probe(&self) -> Result<DetectorProbe, BundleError> {
        DetectorProbe::from_bytes(&self.source.file_path(DETECTOR_PROBE), &self.read(DETECTOR_PROBE)?)
    }

    /// Reads the quantiles of the rows that calibrated the detector.
    ///
    /// # Errors
    /// Those of [`Bundle::read`] and of [`Calibration::from_bytes`], also for a bundle without a detector.
    pub fn calibration(&self) -> Result<Calibration, BundleError> {
        let path = self.source.file_path(CALIBRATION);
        let calibration = Calibration::from_bytes(&path, &self.read(CALIBRATION)?)?;
        let features = self.manifest.sample.features();
        match calibration.columns.as_ref().map(|columns| columns.nrows()) {
            Some(columns) if columns != features => {
                let what = format!("it has quantiles of {columns} columns, but a sample has {features} values");
                Err(BundleError::invalid(path, what))
            }
            Some(_) | None => Ok(calibration),
        }
    }
}
