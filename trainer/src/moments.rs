//! Moments of a larger data set, of which the training data is a sample: the option, and the check against the data.

use std::{path::Path, sync::Arc};

use narrows_bundle::{Kind, Moments, MomentsRecord, Sample, SampleType, counted, quoted_list};
use narrows_data::{
    Dataset,
    statistics::{Per, extremes},
};

use crate::{
    options::options,
    problems::Problems,
    samples::{LARGEST, sample_of},
    scaling::{Scale, ScalingRule},
};

/// Values of the data may be outside the range of the moments by this fraction of the largest absolute value: text and
/// 64-bit floats are rounded to 32-bit floats.
const ROUNDING: f32 = 1e-6;

options! {
    /// Moments of a larger data set.
    pub struct MomentsOptions in "Data" {
        /// File with the moments (count, mean, covariance, minimum and maximum) of a larger data set, of which --data
        /// is a sample. A pca is fitted from them, and --scale uses them instead of the training rows [default: none]
        #[flag(value_name = "FILE")]
        pub moments: String = "moments.safetensors".to_owned(),
    }
}

/// The moments of a checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedMoments {
    /// The file, as the options name it.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its content.
    pub moments: Moments,
}

impl MomentsOptions {
    /// Returns these options with `rename` applied to the file name.
    pub(crate) fn with_paths(&self, rename: impl Fn(&String) -> String) -> Self {
        MomentsOptions { moments: self.moments.as_ref().map(rename) }
    }

    /// Reads the file and checks that it can describe the data set from which the data is a sample.
    pub(crate) fn load(&self, data: &Dataset, problems: &mut Problems) -> Option<Arc<LoadedMoments>> {
        let file = self.moments.as_ref()?;
        if let Some(what) = unsupported(data) {
            problems.add_of_data("moments", what);
            return None;
        }
        let loaded = match Moments::read_with_sha256(Path::new(file)) {
            Ok((moments, sha256)) => LoadedMoments { file: file.clone(), sha256, moments },
            Err(error) => {
                problems.add_of_data("moments", format!("names no moments file: {error}"));
                return None;
            }
        };
        match contradiction(&loaded.moments, data) {
            None => Some(Arc::new(loaded)),
            Some(what) => {
                problems.add_of_data("moments", what);
                None
            }
        }
    }

    /// Reports moments that the scaling cannot use. Returns a remark if the scaling that the program chose does not use
    /// them; `scale` is the option of the user.
    pub(crate) fn check_use(
        &self,
        kind: Kind,
        (scale, rule): (Option<Scale>, ScalingRule),
        sample: &Sample,
        problems: &mut Problems,
    ) -> Option<String> {
        self.moments.as_ref()?;
        let reason = match (rule, sample.dtype) {
            (ScalingRule::Robust(_), _) => {
                let what = "is robust, which needs quantiles, but moments have none; pass standard or minmax, or leave \
                            --moments out";
                problems.add_of_data("scale", what);
                return None;
            }
            (ScalingRule::Unchanged, _) => "--scale none does not scale",
            (ScalingRule::Unit, SampleType::U8) => "--scale unit maps the fixed range of bytes to [0, 1]",
            (ScalingRule::Unit, SampleType::F32) | (ScalingRule::Standard(_) | ScalingRule::MinMax(_), _) => {
                return None;
            }
        };
        if kind == Kind::Pca {
            return None;
        }
        let what = format!("kinds other than pca only take their scaling from moments, and {reason}");
        match scale {
            None | Some(Scale::Auto) => Some(format!("--moments has no effect here: {what}")),
            Some(_) => {
                problems.add_of_data("moments", format!("has no effect here: {what}; leave one of them out"));
                None
            }
        }
    }
}

impl LoadedMoments {
    /// Returns the record for the manifest.
    pub fn record(&self) -> MomentsRecord {
        MomentsRecord { sha256: self.sha256.clone(), count: self.moments.count }
    }
}

/// Returns the description of a sample; its range is that of the larger data set if there are moments.
pub(crate) fn sample_with(data: &Dataset, moments: Option<&LoadedMoments>) -> Sample {
    let sample = sample_of(data);
    let Some(LoadedMoments { moments, .. }) = moments else { return sample };
    let low = moments.minimum.iter().copied().fold(sample.range.0, f32::min);
    let high = moments.maximum.iter().copied().fold(sample.range.1, f32::max);
    Sample { range: (low, high), ..sample }
}

/// Returns why samples of this form have no moments.
fn unsupported(data: &Dataset) -> Option<&'static str> {
    if data.table.is_some() {
        return Some(
            "needs numbers, but the table has columns of other types; leave it out, or leave these columns out by --ignore",
        );
    }
    data.train.values.windows().map(|_| "describes samples, but the samples are cut from a recording; leave it out")
}

/// Returns why moments are not those of a data set from which the training part is a sample.
fn contradiction(moments: &Moments, data: &Dataset) -> Option<String> {
    let (found, expected) = (moments.features(), data.train.values.features());
    if found != expected {
        return Some(format!("has moments of {}, but a sample of the data has {expected}", counted(found, "feature")));
    }
    if let Some(columns) = &data.columns
        && let Some(what) = other_columns(moments.columns.as_deref(), columns)
    {
        return Some(what);
    }
    outside(moments, data)
}

/// Compares the names of the columns. Data without names is compared only by its values.
fn other_columns(moments: Option<&[String]>, data: &[String]) -> Option<String> {
    let Some(moments) = moments else {
        return Some(format!(
            "has no `columns` in its metadata, but the data has: {}; write their names to the file, in the order of its \
             tensors",
            first_names(data)
        ));
    };
    let (place, (found, expected)) = moments.iter().zip(data).enumerate().find(|(_, (one, other))| one != other)?;
    let is_reordered = data.iter().all(|name| moments.contains(name));
    let advice = if is_reordered {
        "; the order differs, so pass --columns with the names in the order of the file"
    } else {
        ""
    };
    let [found, expected] = [found, expected].map(|name| narrows_bundle::quoted(name));
    Some(format!("has the column {found} at position {place}, but the data has {expected}{advice}"))
}

/// Lists the first names of many.
fn first_names(names: &[String]) -> String {
    const MOST: usize = 5;
    let first = quoted_list(&names[..names.len().min(MOST)]);
    if names.len() > MOST { format!("{first} and {} more", names.len() - MOST) } else { first }
}

/// Compares the values with the range of the moments: a value of the training part outside shows that it is no sample
/// of the data set.
fn outside(moments: &Moments, data: &Dataset) -> Option<String> {
    let values = &data.train.values;
    let ranges = || moments.minimum.iter().copied().zip(moments.maximum.iter().copied()).enumerate();
    let is_large = |(low, high): (f32, f32)| low < -LARGEST || high > LARGEST;
    if let Some((feature, (low, high))) = ranges().find(|&(_, range)| is_large(range)) {
        return Some(format!(
            "has values from {low:e} to {high:e} for {}, but a model takes values up to {LARGEST:.1e}",
            moments.name_of(feature)
        ));
    }
    if values.is_bytes()
        && let Some((feature, (low, high))) = ranges().find(|&(_, (low, high))| low < 0.0 || high > 255.0)
    {
        let name = moments.name_of(feature);
        return Some(format!("has values from {low} to {high} for {name}, but the values of the data are bytes"));
    }
    let rows: Vec<usize> = (0..values.rows()).collect();
    let extremes = match extremes(values, &rows, Per::Column) {
        Ok(extremes) => extremes,
        Err(error) => return Some(format!("cannot be compared with the data: {error}")),
    };
    let is_outside = |(smallest, largest): (f32, f32), (low, high): (f32, f32)| {
        let rounding = ROUNDING * low.abs().max(high.abs());
        smallest < low - rounding || largest > high + rounding
    };
    let pairs = ranges().zip(extremes);
    let ((feature, (low, high)), (smallest, largest)) =
        pairs.into_iter().find(|&((_, range), found)| is_outside(found, range))?;
    Some(format!(
        "is of other data: {} is from {low} to {high} there, but the data has values from {smallest} to {largest}; \
         compute the moments of the data set that the data is a sample of",
        moments.name_of(feature)
    ))
}
