//! Benchmarks of reading files of 64 MB into arrays, compared with a copy in memory as the upper bound of the speed.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_data::{LoadOptions, load};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Size of the data of a binary file in bytes, and approximate size of a text file.
const SIZE: usize = 64_000_000;
/// Values per row.
const FEATURES: usize = 1000;

/// A file and its name in the results.
struct Case {
    group: &'static str,
    parameters: String,
    path: PathBuf,
}

fn parse(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = write_all(folder.path()).expect("enough disk space");

    let bytes = vec![1u8; SIZE];
    let mut group = criterion.benchmark_group("memcpy");
    group.throughput(Throughput::Bytes(SIZE as u64)).sample_size(10);
    group.bench_function(BenchmarkId::from_parameter("64MB"), |bencher| {
        bencher.iter_with_large_drop(|| {
            let mut copy: Vec<u8> = Vec::with_capacity(SIZE);
            copy.extend_from_slice(&bytes);
            copy
        });
    });
    group.finish();

    let options = LoadOptions::default();
    for Case { group, parameters, path } in cases {
        let size = path.metadata().expect("a file").len();
        let spec = path.to_str().expect("a path of text");
        let mut group = criterion.benchmark_group(group);
        group.throughput(Throughput::Bytes(size)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter(parameters), |bencher| {
            bencher.iter_with_large_drop(|| load(spec, &options).expect("well formed"));
        });
        group.finish();
    }
}

fn write_all(folder: &Path) -> io::Result<Vec<Case>> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let case = |group, rows: usize, file: &str| Case {
        group,
        parameters: format!("{rows}x{FEATURES}"),
        path: folder.join(file),
    };

    let idx = case("idx", SIZE / FEATURES, "bytes.idx");
    let mut file = BufWriter::new(File::create(&idx.path)?);
    file.write_all(&[0, 0, 8, 2])?;
    for size in [SIZE / FEATURES, FEATURES] {
        file.write_all(&(size as u32).to_be_bytes())?;
    }
    let mut bytes = vec![0; SIZE];
    random.fill(&mut bytes[..]);
    file.write_all(&bytes)?;
    file.flush()?;

    let single = case("npy f32", SIZE / 4 / FEATURES, "single.npy");
    let mut file = npy(&single.path, "<f4", SIZE / 4 / FEATURES)?;
    for _ in 0..SIZE / 4 {
        file.write_all(&random.random_range(-1.0f32..1.0).to_le_bytes())?;
    }
    file.flush()?;

    let double = case("npy f64", SIZE / 8 / FEATURES, "double.npy");
    let mut file = npy(&double.path, "<f8", SIZE / 8 / FEATURES)?;
    for _ in 0..SIZE / 8 {
        file.write_all(&random.random_range(-1.0f64..1.0).to_le_bytes())?;
    }
    file.flush()?;

    // `0.123456,` is 9 bytes.
    let rows = SIZE / 9 / FEATURES;
    let table = case("csv", rows, "table.csv");
    let mut file = BufWriter::new(File::create(&table.path)?);
    for _ in 0..rows {
        for _ in 1..FEATURES {
            write!(file, "{:.6},", random.random_range(0.0f32..1.0))?;
        }
        writeln!(file, "{:.6}", random.random_range(0.0f32..1.0))?;
    }
    file.flush()?;
    Ok(vec![idx, single, double, table])
}

/// Creates a `.npy` file and writes its header. The caller writes the values.
fn npy(path: &Path, descr: &str, rows: usize) -> io::Result<BufWriter<File>> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {FEATURES}), }}\n");
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    Ok(file)
}

criterion_group!(benches, parse);
criterion_main!(benches);
