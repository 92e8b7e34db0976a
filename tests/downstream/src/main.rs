//! A program that embeds the runtime. It opens a bundle from its folder and from memory, encodes and decodes samples,
//! and distinguishes a wrong shape from other errors. It prints its results for a test to compare.

use std::{env, error::Error, fs};

use narrows_runtime::{Autoencoder, Error as ModelError, ndarray::Array2};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("pass the folder of a bundle as the first argument")?;
    let packed = arguments.next().ok_or("pass a packed bundle as the second argument")?;

    let model = Autoencoder::open(folder)?;
    let width: usize = model.sample_shape().iter().product();
    let rows = Array2::from_shape_fn((3, width), |(row, at)| ((row * 5 + at * 7) % 17) as f32);
    let codes = model.encode(&rows)?;
    print("codes", &codes);
    print("reconstructions", &model.decode(&codes)?);
    print("samples", &model.generate(2, 7)?);

    let values: Vec<f32> = rows.iter().copied().collect();
    print("codes of a slice", &model.encode_slice(&values, 3)?);

    // A real program can compile the bundle in: `include_bytes!("vae.narrows")`.
    let in_memory = Autoencoder::open_bytes(&fs::read(packed)?)?;
    print("codes from memory", &in_memory.encode(&rows)?);

    match model.encode(&Array2::<f32>::zeros((1, width + 1))) {
        Err(ModelError::Shape { row, found, .. }) => println!("refused: {found:?} for rows of {row:?}"),
        Err(other) => return Err(other.into()),
        Ok(_) => return Err("a row that is too long was accepted".into()),
    }
    Ok(())
}

fn print<'a>(name: &str, values: impl IntoIterator<Item = &'a f32>) {
    let values: Vec<String> = values.into_iter().map(f32::to_string).collect();
    println!("{name}: {}", values.join(" "));
}
