//! The name of one value of a sample: a column, a pixel, or a channel at a time step.

use narrows_bundle::{Sample, SampleKind};

/// Returns the name of the value with the flat index `feature`: the name of a column, `pixel ROW,COLUMN` of an image
/// with the colour if there are three, `step STEP` of a series with the name or number of the channel, and otherwise
/// `x0`, `x1` and so on. Rows, columns, channels and steps count from 0.
pub(crate) fn feature_name(sample: &Sample, feature: usize) -> String {
    let named = |index: usize| sample.columns.as_ref().and_then(|names| names.get(index));
    match (sample.kind, &sample.shape[..]) {
        (SampleKind::Series, [_]) => format!("step {feature}"),
        (SampleKind::Series, [channels, length]) => {
            let (channel, step) = (feature / length, feature % length);
            let name = named(channel).filter(|_| sample.columns.as_ref().is_some_and(|names| names.len() == *channels));
            match name {
                Some(name) => format!("{name} step {step}"),
                None => format!("channel {channel} step {step}"),
            }
        }
        (SampleKind::Features, [_, width]) => format!("pixel {},{}", feature / width, feature % width),
        (SampleKind::Features, [_, width, channels]) => {
            let (pixel, channel) = (feature / channels, feature % channels);
            let colour = match (*channels, channel) {
                (1, _) => String::new(),
                (3, 0) => " red".to_owned(),
                (3, 1) => " green".to_owned(),
                (3, 2) => " blue".to_owned(),
                _ => format!(" channel {channel}"),
            };
            format!("pixel {},{}{colour}", pixel / width, pixel % width)
        }
        (SampleKind::Features | SampleKind::Series, _) => {
            named(feature).cloned().unwrap_or_else(|| format!("x{feature}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::SampleType;

    use super::*;

    fn sample(kind: SampleKind, shape: &[usize], columns: &[&str]) -> Sample {
        let columns = (!columns.is_empty()).then(|| columns.iter().map(|&name| name.to_owned()).collect());
        let (range, shape) = ((0.0, 1.0), shape.to_vec());
        Sample { shape, dtype: SampleType::F32, range, columns, fill: None, kind, windows: None, table: None }
    }

    #[test]
    fn every_value_has_the_name_of_its_place() {
        use SampleKind::{Features, Series};
        for (kind, shape, columns, feature, name) in [
            (Features, &[3][..], &["a", "b", "c"][..], 1, "b"),
            (Features, &[3], &[], 2, "x2"),
            (Features, &[8, 8], &[], 11, "pixel 1,3"),
            (Features, &[2, 4, 3], &[], 13, "pixel 1,0 green"),
            (Features, &[2, 4, 1], &[], 5, "pixel 1,1"),
            (Series, &[20], &[], 7, "step 7"),
            (Series, &[2, 10], &["temperature", "load"], 13, "load step 3"),
            (Series, &[2, 10], &[], 3, "channel 0 step 3"),
        ] {
            assert_eq!(feature_name(&sample(kind, shape, columns), feature), name);
        }
    }
}
