//! Benchmarks of encoding in ONNX Runtime: batches of several sizes, and the time from opening a bundle to the
//! first code.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_bundle::Kind;
use narrows_data::{Dataset, Values};
use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::Options;

mod images;

use images::{images, reference};

const BATCH_SIZES: [usize; 3] = [1, 64, 1024];

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode/vae");
    let small = Options::new(Kind::Vae).with(|options| options.length.epochs = Some(1));
    let models: [(Dataset, Options); 2] = [(digits(), small), (images(1024), reference(Kind::Vae))];
    for (data, options) in models {
        let model = opened(&fitted(&options, &data), &data);
        let features = data.train.values.features();
        for rows in BATCH_SIZES {
            let Values::U8(samples) = data.train.values.select(&(0..rows).collect::<Vec<_>>()).expect("in memory")
            else {
                unreachable!("both data sets contain bytes")
            };
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(format!("{rows}x{features}")),
                &samples,
                |bencher, samples| {
                    bencher.iter(|| model.encode(black_box(samples)).expect("rows of this model"));
                },
            );
        }
    }
    group.finish();
}

/// Opens a bundle and encodes one sample. ONNX Runtime is already loaded.
fn open(criterion: &mut Criterion) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/vae");
    let Values::U8(digit) = digits().train.values.select(&[0]).expect("in memory") else {
        unreachable!("digits are bytes")
    };
    criterion.bench_function("open/zoo-vae", |bencher| {
        bencher.iter(|| {
            let model = Autoencoder::open(black_box(folder)).expect("a bundle of the zoo");
            model.encode(&digit).expect("a digit")
        });
    });
}

criterion_group!(benches, encode, open);
criterion_main!(benches);
