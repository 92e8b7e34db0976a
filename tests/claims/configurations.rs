//! Every configuration that is handed out works on the data that it names, and the README shows it.

use std::{collections::BTreeMap, fs, path::Path};

use narrows_tests::digits;
use narrows_trainer::{
    Config, Options,
    data::{Dataset, Part, Values},
    transfer,
};
use ndarray::Array2;

/// The files of configs/ by name.
fn files() -> BTreeMap<String, String> {
    let folder = house().join("configs");
    texts(&folder)
}

/// The files of configs/transfer/ by name.
fn transfers() -> BTreeMap<String, String> {
    texts(&house().join("configs/transfer"))
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    let named = entries.filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("text"))
    });
    named.collect()
}

fn house() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// Rows in the shape, type, range and labels of MNIST and Fashion-MNIST.
fn like_mnist() -> Dataset {
    let part = |rows: usize| Part {
        values: Values::U8(Array2::from_shape_fn((rows, 784), |(row, pixel)| ((row * 31 + pixel * 7) % 256) as u8)),
        labels: Some((0..rows).map(|row| (row % 10) as u32).collect()),
    };
    Dataset {
        name: "mnist".to_owned(),
        sample_shape: vec![28, 28],
        range: (0.0, 255.0),
        columns: None,
        fill: None,
        valid: None,
        train: part(6000),
        test: Some(part(100)),
        classes: Some((0..10).map(|digit| digit.to_string()).collect()),
    }
}

#[test]
fn every_file_says_its_kind_and_data_and_fits_them() {
    let (digits, mnist) = (digits(), like_mnist());
    let files = files();
    assert!(files.len() >= 12, "{:?}", files.keys());
    for (name, text) in files {
        let stem = name.strip_suffix(".toml").unwrap_or_else(|| panic!("{name} is no TOML"));
        let options = Options::from_toml(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kind = options.kind.unwrap_or_else(|| panic!("{name} says no kind"));
        let source = options.data.reading.data.clone().unwrap_or_else(|| panic!("{name} says no data"));
        let data = match source.as_str() {
            "digits" => &digits,
            "mnist" | "fashion-mnist" => &mnist,
            other => panic!("{name}: nobody has `{other}`"),
        };
        let config = Config::check(&options, data).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(config.kind(), kind, "{name}");
        assert!(stem.ends_with(&source), "{name} is on {source}");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("# ") && first.len() > 20, "{name} says what it is in its first line: {first}");
    }
}

#[test]
fn every_file_of_a_transfer_is_understood_and_shown() {
    let readme = fs::read_to_string(house().join("README.md")).expect("a README");
    for (name, text) in transfers() {
        let options = transfer::Options::from_toml(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(options.data.reading.data.as_deref(), Some("mnist"), "{name}");
        assert!(text.starts_with("# ") && readme.contains(&name), "README.md shows {name}");
    }
}

#[test]
fn a_file_with_a_wrong_key_would_be_found() {
    let text = files().remove("vae-mnist.toml").expect("the example that every framework has");
    assert!(Options::from_toml(&text.replace("latent", "latnet")).is_err());
    let options = Options::from_toml(&text.replace("latent = 20", "latent = 0")).expect("a number");
    assert!(Config::check(&options, &like_mnist()).is_err());
}

#[test]
fn the_readme_shows_every_configuration() {
    let readme = fs::read_to_string(house().join("README.md")).expect("a README");
    let missing: Vec<String> = files()
        .into_keys()
        .filter(|name| !readme.contains(&format!("just train-export --config configs/{name}")))
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "configurations that README.md does not show");
}
