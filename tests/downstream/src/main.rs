//! A host that embeds the runtime: it opens a bundle by its folder and from memory, goes through it there and
//! back, and tells a wrong shape from any other error. It prints what it computed, for a test to compare.

use std::{env, error::Error, fs};

use narrows_runtime::{Autoencoder, Error as ModelError, ndarray::Array2};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("say where the bundle is")?;
    let packed = arguments.next().ok_or("say where the packed bundle is")?;

    let model = Autoencoder::open(folder)?;
    let width: usize = model.sample_shape().iter().product();
    let rows = Array2::from_shape_fn((3, width), |(row, at)| ((row * 5 + at * 7) % 17) as f32);
    let codes = model.encode(&rows)?;
    print("codes", &codes);
    print("restored", &model.decode(&codes)?);
    print("drawn", &model.generate(2, 7)?);

    let numbers: Vec<f32> = rows.iter().copied().collect();
    print("codes of a slice", &model.encode_slice(&numbers, 3)?);

    // In a real program `include_bytes!("vae.narrows")`.
    let in_memory = Autoencoder::open_bytes(&fs::read(packed)?)?;
    print("codes from memory", &in_memory.encode(&rows)?);

    match model.encode(&Array2::<f32>::zeros((1, width + 1))) {
        Err(ModelError::Shape { row, found, .. }) => println!("refused: {found:?} for rows of {row:?}"),
        Err(other) => return Err(other.into()),
        Ok(_) => return Err("a row that is too long was taken".into()),
    }
    Ok(())
}

fn print<'a>(name: &str, numbers: impl IntoIterator<Item = &'a f32>) {
    let numbers: Vec<String> = numbers.into_iter().map(f32::to_string).collect();
    println!("{name}: {}", numbers.join(" "));
}
