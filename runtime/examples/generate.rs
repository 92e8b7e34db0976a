//! Generates samples and prints them as character images, or writes them as a PGM image.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example generate
//! cargo run --release -p narrows-runtime --example generate -- models/zoo/cvae --class 7 --count 12 --seed 1
//! cargo run --release -p narrows-runtime --example generate -- models/zoo/vae --count 64 --out samples.pgm
//! ```
//!
//! `--help` lists the flags. The bundle is by default `models/zoo/vae`. Samples that are no grey images are printed as
//! numbers.

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode, str::FromStr};

use narrows_runtime::{
    Autoencoder,
    ndarray::{Array2, Array3, ArrayD, Axis, s},
};

/// Characters from dark to light.
const SHADES: &[u8] = b" .:-=+*#%@";
const COLUMNS: usize = 8;

const USAGE: &str = "\
usage: generate [BUNDLE] [FLAG VALUE]...

  BUNDLE        Folder or packed file of the model [default: models/zoo/vae]
  --count N     Number of samples [default: 8]
  --seed N      Random seed; the same seed gives the same samples [default: 0]
  --class NAME  Class of all samples, by name or label; required for a CVAE [default: none]
  --out FILE    Write a PGM image instead of printing characters [default: none]
";

struct Arguments {
    bundle: String,
    count: usize,
    seed: u64,
    class: Option<String>,
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    if env::args().any(|argument| argument == "--help" || argument == "-h") {
        print!("{USAGE}");
        return Ok(());
    }
    let arguments = parse(env::args().skip(1))?;
    let model = Autoencoder::open(arguments.bundle)?;
    let samples = match &arguments.class {
        Some(class) => model.generate_class(class, arguments.count, arguments.seed),
        None => model.generate(arguments.count, arguments.seed),
    };
    let samples = samples.map_err(message)?;
    let Some(images) = grey_images(&samples) else {
        println!("{samples}");
        return Ok(());
    };
    // Samples are in the unit of the data, and may be slightly outside its range.
    let (low, high) = model.manifest().sample.range;
    let unit = images.mapv(|value| ((value - low) / (high - low)).clamp(0.0, 1.0));
    let sheet = sheet(&unit);
    match arguments.out {
        Some(path) => fs::write(path, pgm(&sheet))?,
        None => print!("{}", characters(&sheet)),
    }
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments { bundle: "models/zoo/vae".to_owned(), count: 8, seed: 0, class: None, out: None };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--count" => parsed.count = number(&argument, &value()?)?,
            "--seed" => parsed.seed = number(&argument, &value()?)?,
            "--class" => parsed.class = Some(value()?),
            "--out" => parsed.out = Some(value()?.into()),
            flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}\n\n{USAGE}").into()),
            bundle => bundle.clone_into(&mut parsed.bundle),
        }
    }
    Ok(parsed)
}

fn number<N: FromStr>(flag: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{flag} takes a whole number, got `{text}`"))
}

/// Returns the error message, with flags of this program instead of methods of the library.
fn message(error: narrows_runtime::Error) -> String {
    use narrows_runtime::Error::{ClassNeeded, ClassUnexpected};

    match error {
        ClassNeeded { kind, classes } => {
            format!("this {kind} generates samples of a class: pass --class with one of {}", classes.join(", "))
        }
        ClassUnexpected { kind } => format!("the decoder of this {kind} takes no class: leave out --class"),
        other => other.to_string(),
    }
}

/// Returns the samples as grey images, `[count, height, width]`, or `None` for another shape.
fn grey_images(samples: &ArrayD<f32>) -> Option<Array3<f32>> {
    let (count, height, width) = match *samples.shape() {
        [count, height, width] | [count, height, width, 1] => (count, height, width),
        _ => return None,
    };
    samples.to_shape((count, height, width)).ok().map(|images| images.to_owned())
}

/// Arranges all images in one, with a margin of one pixel between them.
fn sheet(images: &Array3<f32>) -> Array2<f32> {
    let (count, height, width) = images.dim();
    let columns = count.clamp(1, COLUMNS);
    let mut sheet = Array2::zeros((count.div_ceil(columns) * (height + 1), columns * (width + 1)));
    for (index, image) in images.axis_iter(Axis(0)).enumerate() {
        let (top, left) = (index / columns * (height + 1), index % columns * (width + 1));
        sheet.slice_mut(s![top..top + height, left..left + width]).assign(&image);
    }
    sheet
}

/// Formats an image with two characters per pixel, because characters are about twice as high as wide.
fn characters(sheet: &Array2<f32>) -> String {
    let shade = |value: &f32| char::from(SHADES[(value * (SHADES.len() - 1) as f32).round() as usize]);
    let line = |row: narrows_runtime::ndarray::ArrayView1<'_, f32>| {
        let line: String = row.iter().flat_map(|value| [shade(value); 2]).collect();
        format!("{}\n", line.trim_end())
    };
    sheet.outer_iter().map(line).collect()
}

/// Encodes an image in the PGM format (portable grey map).
fn pgm(sheet: &Array2<f32>) -> Vec<u8> {
    let header = format!("P5\n{} {}\n255\n", sheet.ncols(), sheet.nrows());
    let pixels = sheet.iter().map(|value| (value * 255.0).round() as u8);
    header.into_bytes().into_iter().chain(pixels).collect()
}
