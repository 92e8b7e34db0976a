//! Benchmarks of an anomaly detector in ONNX Runtime, against the encoder and the decoder that it contains.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_bundle::{AnomalyScore, Kind};
use narrows_data::{Dataset, Values};
use narrows_runtime::{Autoencoder, Detector, Options as RuntimeOptions};
use narrows_tests::{digits, exported, fitted, with_detector};
use narrows_trainer::{Options, detector::DetectorOptions};

mod images;

use images::{images, reference};

const BATCH_SIZES: [usize; 3] = [1, 64, 10_000];
/// Rows that the detector is fitted to; as many calibrate.
const ROWS: usize = 700;

/// `reconstruct` encodes and decodes with two graphs; the others run one graph with the score.
fn detect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("detect/ae");
    group.sample_size(20);
    let small = Options::new(Kind::Ae).with(|options| options.length.epochs = Some(1));
    let models: [(Dataset, Options); 2] = [(digits(), small), (images(2 * ROWS), reference(Kind::Ae))];
    for (data, options) in models {
        let (_folder, bundle) = exported(&fitted(&options, &data), &data);
        let features = data.train.values.features();
        let model = Autoencoder::from_bundle(&bundle, &RuntimeOptions::default()).expect("a bundle");
        let scores = [AnomalyScore::Reconstruction, AnomalyScore::Whitened, AnomalyScore::Combined];
        let detectors = scores.map(|score| {
            let options = DetectorOptions { score, ..DetectorOptions::default() };
            let (_folder, bundle) = with_detector(&bundle, &data, ROWS, &options);
            (score.name(), Detector::from_bundle(&bundle, &RuntimeOptions::default()).expect("a detector"))
        });
        for rows in BATCH_SIZES {
            let indices: Vec<usize> = (0..rows).map(|row| row % data.train.values.rows()).collect();
            let Values::U8(samples) = data.train.values.select(&indices).expect("in memory") else {
                unreachable!("both data sets contain bytes")
            };
            group.throughput(Throughput::Elements(rows as u64));
            let id = |name: &str| BenchmarkId::new(name, format!("{rows}x{features}"));
            group.bench_function(id("reconstruct"), |bencher| {
                bencher.iter(|| {
                    let codes = model.encode(black_box(&samples)).expect("rows of this model");
                    model.decode(&codes).expect("codes of this model")
                });
            });
            for (name, detector) in &detectors {
                group.bench_function(id(name), |bencher| {
                    bencher.iter(|| detector.detect(black_box(&samples)).expect("rows of this model"));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, detect);
criterion_main!(benches);
