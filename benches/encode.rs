//! Samples to codes in ONNX Runtime, from one at a time to many.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_bundle::Kind;
use narrows_data::{Dataset, Values};
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::Options;

mod images;

use images::{images, reference};

const BATCH_SIZES: [usize; 3] = [1, 64, 1024];

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode/vae");
    let small = Options { epochs: Some(1), ..Options::new(Kind::Vae) };
    let models: [(Dataset, Options); 2] = [(digits(), small), (images(1024), reference(Kind::Vae))];
    for (data, options) in models {
        let model = opened(&fitted(&options, &data), &data);
        let features = data.train.values.features();
        for rows in BATCH_SIZES {
            let Values::U8(samples) = data.train.values.select(&(0..rows).collect::<Vec<_>>()) else {
                unreachable!("both sets hold bytes")
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

criterion_group!(benches, encode);
criterion_main!(benches);
