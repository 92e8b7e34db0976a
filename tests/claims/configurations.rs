//! Every file in configs/ is valid for the data that it names, and the documentation mentions it.

use std::{collections::BTreeMap, fs, path::Path};

use narrows_tests::digits;
use narrows_trainer::{
    Config, Options,
    data::{Dataset, Part, Values},
    transfer,
};
use ndarray::Array2;

/// The page that lists the files of configs/.
const GUIDE: &str = "docs/guide/configuration.md";
/// The page that compares pretrained classifiers with others, with the files of configs/transfer/.
const BENCHMARKS: &str = "docs/benchmarks.md";

fn document(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the text of each file in configs/ by name.
fn files() -> BTreeMap<String, String> {
    let folder = workspace().join("configs");
    texts(&folder)
}

/// Returns the text of each file in configs/transfer/ by name.
fn transfers() -> BTreeMap<String, String> {
    texts(&workspace().join("configs/transfer"))
}

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    let named = entries.filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("text"))
    });
    named.collect()
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder")
}

/// A data set of bytes with ten classes, like MNIST and Fashion-MNIST or, with other shapes, like colour patches.
fn images(sample_shape: &[usize]) -> Dataset {
    let features = sample_shape.iter().product();
    let part = |rows: usize| Part {
        values: Values::U8(Array2::from_shape_fn((rows, features), |(row, pixel)| {
            ((row * 31 + pixel * 7) % 256) as u8
        })),
        labels: Some((0..rows).map(|row| (row % 10) as u32).collect()),
    };
    Dataset {
        name: "images".to_owned(),
        sample_shape: sample_shape.to_vec(),
        sample_kind: narrows_data::SampleKind::default(),
        date_columns: None,
        table: None,
        notes: narrows_data::Notes::default(),
        range: (0.0, 255.0),
        columns: None,
        fill: None,
        valid: None,
        train: part(1000),
        test: Some(part(100)),
        classes: Some((0..10).map(|digit| digit.to_string()).collect()),
    }
}

#[test]
fn every_file_names_its_kind_and_data_and_is_valid_for_them() {
    let (digits, mnist) = (digits(), images(&[28, 28]));
    let [small, large] = [32, 64].map(|size| images(&[size, size, 3]));
    let files = files();
    assert!(files.len() >= 12, "{:?}", files.keys());
    for (name, text) in files {
        let stem = name.strip_suffix(".toml").unwrap_or_else(|| panic!("{name} is not a .toml file"));
        let options = Options::from_toml(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kind = options.kind.unwrap_or_else(|| panic!("{name} has no `kind`"));
        let source = options.data.reading.data.clone().unwrap_or_else(|| panic!("{name} has no `data`"));
        let set = source.trim_start_matches("data/sets/").trim_end_matches("/train");
        let data = match set {
            "digits" => &digits,
            "mnist" | "fashion-mnist" => &mnist,
            "patches-32" => &small,
            "patches-64" => &large,
            other => panic!("{name}: unknown data set `{other}`"),
        };
        let config = Config::check(&options, data).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(config.kind(), kind, "{name}");
        assert!(stem.ends_with(set), "the name of {name} does not end in its data set, {set}");
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("# ") && first.len() > 20,
            "the first line of {name} is not a comment that describes it: {first}"
        );
    }
}

#[test]
fn every_transfer_file_is_valid_and_documented() {
    let documentation = [GUIDE, BENCHMARKS].map(document).concat();
    for (name, text) in transfers() {
        let options = transfer::Options::from_toml(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(options.data.reading.data.as_deref(), Some("mnist"), "{name}");
        assert!(
            text.starts_with("# ") && documentation.contains(&name),
            "{name} does not start with a comment, or neither {GUIDE} nor {BENCHMARKS} mentions it"
        );
    }
}

#[test]
fn a_file_with_a_wrong_key_or_value_is_rejected() {
    let text = files().remove("vae-mnist.toml").expect("configs/vae-mnist.toml");
    assert!(Options::from_toml(&text.replace("latent", "latnet")).is_err());
    let options = Options::from_toml(&text.replace("latent = 20", "latent = 0")).expect("a number");
    assert!(Config::check(&options, &images(&[28, 28])).is_err());
}

#[test]
fn the_guide_lists_every_configuration() {
    let guide = document(GUIDE);
    let missing: Vec<String> = files().into_keys().filter(|name| !guide.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<String>::new(), "{GUIDE} does not list these files");
}
