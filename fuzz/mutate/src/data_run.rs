//! Reads a mutated data file as a program does, with different options.

use std::path::Path;

use narrows_bundle::Moments;
use narrows_data::{
    Bytes, Channels, DataError, Header, Limits, LoadOptions, Missing, Names, Reading, Size, load, stream,
};

use crate::{
    data_cases::{LABELS, MOMENTS},
    input::Input,
    outcome::{FAILED, defect, variant},
    seeds::SAMPLES,
};

/// Reads the file or folder, which is in `folder`.
pub(crate) fn run(input: &Input, folder: &Path) -> String {
    let path = folder.join(&input.opened);
    if input.group == MOMENTS {
        return match Moments::read(&path) {
            Ok(moments) => {
                assert_eq!(moments.check(), Ok(()));
                "read".to_owned()
            }
            Err(error) => refused(&error.to_string(), variant(&error), folder),
        };
    }
    #[cfg(feature = "training")]
    if let Some(outcome) = crate::training::run(input, folder) {
        return outcome;
    }
    let (spec, labels) = match input.group == LABELS {
        true => (folder.join(SAMPLES.0), Some(path.to_string_lossy().into_owned())),
        false => (path, None),
    };
    let options = options(input.variant, labels);
    let mut outcome = read(&spec.to_string_lossy(), &options, input.variant);
    if let Err(DataError::OptionUnused { .. }) = outcome {
        // The options are of another format.
        let reading = Reading { labels: options.reading.labels.clone(), ..Reading::default() };
        outcome = read(&spec.to_string_lossy(), &LoadOptions { reading, ..options }, input.variant);
    }
    match outcome {
        Ok(()) => "read".to_owned(),
        Err(error) => refused(&error.to_string(), variant(&error), folder),
    }
}

fn refused(message: &str, kind: String, folder: &Path) -> String {
    match defect(message, &folder.to_string_lossy()) {
        Some(defect) => format!("{FAILED}{defect} ({kind})"),
        None if message.contains(|letter: char| letter.is_control() && letter != '\n') => {
            format!("{FAILED}a message has control characters ({kind})")
        }
        None => kind,
    }
}

/// Loads all rows, or streams them in chunks.
fn read(spec: &str, options: &LoadOptions, variant: u8) -> Result<(), DataError> {
    if variant & 0x80 == 0 {
        return load(spec, options).map(drop);
    }
    let streams = stream(spec, options)?;
    for mut part in [Some(streams.train), streams.test].into_iter().flatten() {
        while part.next(100, None)?.is_some() {}
    }
    Ok(())
}

/// Returns the options of a variant. The default ones are the most frequent.
fn options(variant: u8, labels: Option<String>) -> LoadOptions {
    let name = |name: &str| Some(name.to_owned());
    let plain = Reading { labels, ..Reading::default() };
    let missing = |missing| Reading { missing: Some(missing), ..plain.clone() };
    let reading = match variant & 0x0f {
        0 => missing(Missing::Keep),
        1 => missing(Missing::Mean),
        2 => missing(Missing::Drop),
        3 => missing(Missing::Mask),
        4 => Reading { label_column: name("y"), ..plain },
        5 => Reading { window: Some(2), ..plain },
        6 => Reading { header: Some(Header::No), ..missing(Missing::Median) },
        7 => Reading { resize: Some(Size { width: 4, height: 4 }), channels: Some(Channels::Grey), ..plain },
        8 => Reading { key: name("x"), ..plain },
        9 => Reading { columns: Some(Names::from(["a".to_owned(), "b".to_owned()])), ..plain },
        _ => plain,
    };
    let memory = if variant & 0x70 == 0 { Bytes(8) } else { Limits::default().memory };
    LoadOptions { reading, limits: Limits { memory, ..Limits::default() }, ..LoadOptions::default() }
}
