//! Draws samples and prints them as pictures of characters, or writes them as a PGM picture.
//!
//! ```text
//! cargo run --release -p narrows-runtime --example generate
//! cargo run --release -p narrows-runtime --example generate -- models/zoo/cvae --class 7 --count 12 --seed 1
//! cargo run --release -p narrows-runtime --example generate -- models/zoo/vae --count 64 --out drawn.pgm
//! ```
//!
//! `--help` lists the flags. The bundle is `models/zoo/vae` if nothing is said. Samples that are no grey pictures are printed as numbers.

use std::{env, error::Error, fs, path::PathBuf, process::ExitCode, str::FromStr};

use narrows_runtime::{
    Autoencoder,
    ndarray::{Array2, Array3, ArrayD, Axis, s},
};

/// From dark to light.
const SHADES: &[u8] = b" .:-=+*#%@";
const COLUMNS: usize = 8;

const USAGE: &str = "\
usage: generate [BUNDLE] [FLAG VALUE]...

  BUNDLE        a folder or a packed file (models/zoo/vae)
  --count N     how many samples (8)
  --seed N      the same seed draws the same samples (0)
  --class NAME  the class of all samples, by name or number; a CVAE needs it
  --out FILE    write a PGM picture instead of characters
";

struct Wish {
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
    let wish = wish(env::args().skip(1))?;
    let model = Autoencoder::open(wish.bundle)?;
    let drawn = match &wish.class {
        Some(class) => model.generate_class(class, wish.count, wish.seed),
        None => model.generate(wish.count, wish.seed),
    };
    let drawn = drawn.map_err(in_flags)?;
    let Some(pictures) = grey(&drawn) else {
        println!("{drawn}");
        return Ok(());
    };
    // In the data's own unit; what is drawn may lie a little outside.
    let (low, high) = model.manifest().sample.range;
    let unit = pictures.mapv(|value| ((value - low) / (high - low)).clamp(0.0, 1.0));
    let sheet = sheet(&unit);
    match wish.out {
        Some(path) => fs::write(path, pgm(&sheet))?,
        None => print!("{}", characters(&sheet)),
    }
    Ok(())
}

fn wish(mut arguments: impl Iterator<Item = String>) -> Result<Wish, Box<dyn Error>> {
    let mut wish = Wish { bundle: "models/zoo/vae".to_owned(), count: 8, seed: 0, class: None, out: None };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--count" => wish.count = number(&argument, &value()?)?,
            "--seed" => wish.seed = number(&argument, &value()?)?,
            "--class" => wish.class = Some(value()?),
            "--out" => wish.out = Some(value()?.into()),
            flag if flag.starts_with('-') => return Err(format!("there is no flag {flag}\n\n{USAGE}").into()),
            bundle => bundle.clone_into(&mut wish.bundle),
        }
    }
    Ok(wish)
}

fn number<N: FromStr>(flag: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{flag} takes a whole number, got `{text}`"))
}

/// Where the library names a method, the flag that a person can give.
fn in_flags(error: narrows_runtime::Error) -> String {
    use narrows_runtime::Error::{ClassNeeded, ClassUnexpected};

    match error {
        ClassNeeded { kind, classes } => {
            format!("this {kind} draws samples of a class: say --class NAME, one of {}", classes.join(", "))
        }
        ClassUnexpected { kind } => format!("this {kind} draws no samples of a class: leave out --class"),
        other => other.to_string(),
    }
}

/// Pictures `[count, height, width]`, if that is what the samples are.
fn grey(samples: &ArrayD<f32>) -> Option<Array3<f32>> {
    let (count, height, width) = match *samples.shape() {
        [count, height, width] | [count, height, width, 1] => (count, height, width),
        _ => return None,
    };
    samples.to_shape((count, height, width)).ok().map(|pictures| pictures.to_owned())
}

/// All pictures on one, side by side, with a line of nothing between them.
fn sheet(pictures: &Array3<f32>) -> Array2<f32> {
    let (count, height, width) = pictures.dim();
    let columns = count.clamp(1, COLUMNS);
    let mut sheet = Array2::zeros((count.div_ceil(columns) * (height + 1), columns * (width + 1)));
    for (at, picture) in pictures.axis_iter(Axis(0)).enumerate() {
        let (top, left) = (at / columns * (height + 1), at % columns * (width + 1));
        sheet.slice_mut(s![top..top + height, left..left + width]).assign(&picture);
    }
    sheet
}

/// Two characters a pixel, since characters are twice as high as wide.
fn characters(sheet: &Array2<f32>) -> String {
    let shade = |value: &f32| char::from(SHADES[(value * (SHADES.len() - 1) as f32).round() as usize]);
    let line = |row: narrows_runtime::ndarray::ArrayView1<'_, f32>| {
        let line: String = row.iter().flat_map(|value| [shade(value); 2]).collect();
        format!("{}\n", line.trim_end())
    };
    sheet.outer_iter().map(line).collect()
}

/// A portable grey map, which any picture viewer opens.
fn pgm(sheet: &Array2<f32>) -> Vec<u8> {
    let head = format!("P5\n{} {}\n255\n", sheet.ncols(), sheet.nrows());
    let pixels = sheet.iter().map(|value| (value * 255.0).round() as u8);
    head.into_bytes().into_iter().chain(pixels).collect()
}
