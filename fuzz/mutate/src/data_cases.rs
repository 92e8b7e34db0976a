//! Mutated data files, in groups of one format each.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Schema};
use fastrand::Rng;
use narrows_bundle::Moments;
use ndarray::Array2;
use parquet::arrow::ArrowWriter;

use crate::{
    formats,
    input::Input,
    seeds::{self, SAMPLES},
};

/// The group of files with labels for [`SAMPLES`].
pub(crate) const LABELS: &str = "labels";
/// The group of moments files.
pub(crate) const MOMENTS: &str = "moments";
/// The group of folders of images.
pub(crate) const IMAGE_FOLDER: &str = "folder of images";
/// The group of folders with the four files of a data set.
pub(crate) const SET: &str = "folder of a set";

/// A file that is valid.
struct Seed {
    name: String,
    content: Vec<u8>,
}

/// The files to start from, by group.
pub(crate) struct DataCases {
    groups: Vec<(&'static str, Vec<Seed>)>,
}

impl DataCases {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut groups: BTreeMap<&'static str, Vec<Seed>> = BTreeMap::new();
        let fixtures = seeds::fixtures()?;
        for (folder, path, content) in &fixtures {
            let base = path.rsplit('/').next().unwrap_or_default();
            let mut add = |group| {
                groups.entry(group).or_default().push(Seed { name: base.to_lowercase(), content: content.clone() });
            };
            if base.contains("labels") {
                add(LABELS);
            }
            if let Some(group) = group_of(folder, base) {
                add(group);
            }
        }
        let images: Vec<Seed> = fixtures
            .iter()
            .filter(|(folder, _, content)| folder == "images" && content.len() < 6000)
            .map(|(_, path, content)| Seed { name: path.replace('/', "-").to_lowercase(), content: content.clone() })
            .filter(|seed| !seed.name.ends_with(".txt"))
            .collect();
        groups.insert(IMAGE_FOLDER, images);
        let set = fixtures.iter().filter(|(folder, path, _)| folder == "idx" && path.starts_with("set/"));
        let set = set.map(|(_, path, content)| Seed { name: path[4..].to_owned(), content: content.clone() });
        groups.insert(SET, set.collect());
        groups.insert(MOMENTS, vec![Seed { name: "moments.safetensors".to_owned(), content: moments() }]);
        groups.entry("bmp").or_default().push(Seed { name: "0.bmp".to_owned(), content: bitmap() });
        let faces = fixtures.iter().filter(|(folder, path, _)| folder == "images" && path.starts_with("grey/"));
        let faces: Vec<&[u8]> = faces.map(|(.., content)| content.as_slice()).collect();
        let table = table_of_images(&faces).context("cannot write a table of images")?;
        groups.entry("table of images").or_default().push(Seed { name: "images.parquet".to_owned(), content: table });
        add_tables(&mut groups)?;
        #[cfg(feature = "training")]
        groups.extend(crate::training::seeds().map(|(group, name, content)| (group, vec![Seed { name, content }])));
        Ok(DataCases { groups: groups.into_iter().filter(|(_, seeds)| !seeds.is_empty()).collect() })
    }

    /// Returns a valid table.
    pub(crate) fn valid(&self) -> Input {
        let (name, text) = SAMPLES;
        Input { files: [(name.to_owned(), text.into())].into(), opened: name.to_owned(), ..Input::default() }
    }

    /// Returns a mutated file.
    pub(crate) fn case(&self, rng: &mut Rng) -> Input {
        let (group, seeds) = &self.groups[rng.usize(..self.groups.len())];
        let seed = &seeds[rng.usize(..seeds.len())];
        let other = &seeds[rng.usize(..seeds.len())];
        let mut content = seed.content.clone();
        for _ in 0..[1, 1, 2, 3, 8][rng.usize(..5)] {
            formats::mutate(rng, &seed.name, &mut content, &other.content);
        }
        let mut files: seeds::Files = [(seed.name.clone(), content)].into();
        let mut opened = seed.name.clone();
        match *group {
            LABELS => drop(files.insert(SAMPLES.0.to_owned(), SAMPLES.1.into())),
            IMAGE_FOLDER => {
                let mutated = files.pop_first().map(|(_, content)| content).unwrap_or_default();
                files.insert(format!("images/a/0-{}", seed.name), mutated);
                files.insert(format!("images/b/1-{}", other.name), other.content.clone());
                opened = "images".to_owned();
            }
            SET => {
                let mutated = files.pop_first();
                let all = seeds.iter().map(|seed| (format!("set/{}", seed.name), seed.content.clone()));
                files.extend(all);
                files.extend(mutated.map(|(name, content)| (format!("set/{name}"), content)));
                opened = "set".to_owned();
            }
            _ => {}
        }
        #[cfg(feature = "training")]
        crate::training::complete(rng, group, &mut files);
        Input { files, opened, variant: rng.u8(..), group }
    }
}

/// Returns the group of a fixture.
fn group_of(folder: &str, name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    match (folder, ending) {
        ("csv", "gz") => Some("csv.gz"),
        ("csv", _) => Some("csv"),
        ("json", "gz") => Some("json lines.gz"),
        ("json", _) => Some("json lines"),
        ("idx", "gz") => Some("idx.gz"),
        ("idx", _) => Some("idx"),
        ("npy", _) => Some("npy"),
        ("npz", _) => Some("npz"),
        ("safetensors", _) => Some("safetensors"),
        ("parquet", _) => Some("parquet"),
        ("arrow", _) if name.contains("-stream") => Some("arrow stream"),
        ("arrow", _) => Some("arrow file"),
        ("images", "png") => Some("png"),
        ("images", "jpg" | "jpeg") => Some("jpeg"),
        ("images", "gif") => Some("gif"),
        ("images", "tiff") => Some("tiff"),
        ("images", "webp") => Some("webp"),
        _ => None,
    }
}

/// Adds tables of numbers, text and dates in several formats.
fn add_tables(groups: &mut BTreeMap<&'static str, Vec<Seed>>) -> anyhow::Result<()> {
    let penguins = std::fs::read(seeds::repository("docs/examples/penguins.csv"))?;
    let rows = penguins.split_inclusive(|&byte| byte == b'\n').take(40).collect::<Vec<_>>().concat();
    let mixed =
        "when,kind,size,amount,note\n2024-02-28,cat,S,1.5,\"a, b\"\n,dog,L,,x\n2024-03-01T12:30:00Z,cat,M,1e3,\n";
    let lines =
        "{\"when\":\"2024-02-28\",\"kind\":\"cat\",\"v\":[1,2.5]}\n{\"kind\":null,\"v\":[3,4],\"a\":{\"b\":[true]}}\n";
    let digits = std::fs::read(seeds::repository("data/assets/digits.csv.gz"))?;
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(digits.as_slice());
    std::io::Read::read_to_end(&mut decoder, &mut unpacked)?;
    let digits = unpacked.split_inclusive(|&byte| byte == b'\n').take(50).collect::<Vec<_>>().concat();
    for (group, name, content) in [
        ("csv", "penguins.csv", rows.clone()),
        ("csv", "mixed.csv", mixed.into()),
        ("csv", "digits.csv", digits),
        ("csv.gz", "penguins.csv.gz", formats::gzipped(&rows)),
        ("json lines", "mixed.jsonl", lines.into()),
        ("json lines.gz", "mixed.jsonl.gz", formats::gzipped(lines.as_bytes())),
    ] {
        groups.entry(group).or_default().push(Seed { name: name.to_owned(), content });
    }
    Ok(())
}

fn moments() -> Vec<u8> {
    let rows = Array2::from_shape_fn((7, 3), |(row, column)| (row * row + column) as f32);
    Moments::of(&rows.view(), Some(["a", "b", "c"].map(str::to_owned).to_vec())).to_bytes()
}

/// Returns a bitmap of 5 x 4 pixels with 24 bits each.
fn bitmap() -> Vec<u8> {
    let (width, height, line) = (5_u32, 4_u32, 16_u32);
    let pixels = line * height;
    let mut bytes = b"BM".to_vec();
    for value in [54 + pixels, 0, 54, 40, width, height, 1 | 24 << 16, 0, pixels, 2835, 2835, 0, 0] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend((0..pixels).map(|at| (at * 7) as u8));
    bytes
}

/// Returns a Parquet file with a column of encoded images and one of labels, as data sets of images are published.
fn table_of_images(images: &[&[u8]]) -> Option<Vec<u8>> {
    let paths: Vec<String> = (0..images.len()).map(|index| format!("{index}.png")).collect();
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(images.to_vec()));
    let paths: ArrayRef = Arc::new(StringArray::from(paths));
    let fields = [Field::new("bytes", DataType::Binary, true), Field::new("path", DataType::Utf8, true)];
    let pictures: ArrayRef = Arc::new(StructArray::new(fields.to_vec().into(), vec![bytes, paths], None));
    let labels: ArrayRef = Arc::new(Int64Array::from_iter_values(0..images.len() as i64));
    let fields = [Field::new("image", pictures.data_type().clone(), true), Field::new("label", DataType::Int64, true)];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), vec![pictures, labels]).ok()?;
    let mut encoded = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut encoded, batch.schema(), None).ok()?;
    writer.write(&batch).ok()?;
    writer.close().ok()?;
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_run;

    #[test]
    fn every_unchanged_seed_is_read() {
        let cases = DataCases::new().expect("committed fixtures");
        let folder = std::env::temp_dir().join(format!("narrows-mutate-seeds-{}", std::process::id()));
        for (group, seeds) in cases.groups.iter().filter(|(group, _)| ![LABELS, IMAGE_FOLDER, SET].contains(group)) {
            let read = seeds.iter().filter(|seed| {
                let files = [(seed.name.clone(), seed.content.clone())].into();
                let input = Input { files, opened: seed.name.clone(), variant: 0, group };
                input.write(&folder).expect("a writable folder");
                let outcome = data_run::run(&input, &folder);
                input.remove(&folder);
                outcome == "read"
            });
            assert!(read.count() > 0, "no seed of {group} can be read");
        }
    }
}
