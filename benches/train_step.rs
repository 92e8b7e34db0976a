//! Benchmarks of the training steps of one epoch: forward, backward and Adam. The work of `fit` before and after
//! them is not timed.

use std::{ops::ControlFlow, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_bundle::Kind;
use narrows_data::Dataset;
use narrows_trainer::{Config, Event, fit, options::Kernels};

mod images;

use images::{images, reference};

/// Number of rows, which is also the largest batch size.
const ROWS: usize = 512;

fn train_step(criterion: &mut Criterion) {
    let data = images(ROWS);
    let mut group = criterion.benchmark_group("train_step");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    for kind in [Kind::Ae, Kind::Dae, Kind::Vae, Kind::Cvae] {
        for batch_size in [32, 128, 512] {
            let options = reference(kind).with(|options| options.steps.batch_size = Some(batch_size));
            let config = Config::check(&options, &data).expect("options that fit the data");
            group.bench_function(BenchmarkId::new(kind.name(), format!("{batch_size}x784")), |bencher| {
                bencher.iter_custom(|count| (0..count).map(|_| epoch(&config, &data)).sum());
            });
        }
    }
    let composed = reference(Kind::Vae).with(|options| options.kernels.kernels = Some(Kernels::Composed));
    let config = Config::check(&composed, &data).expect("options that fit the data");
    group.sample_size(10).bench_function(BenchmarkId::new("vae-composed", "128x784"), |bencher| {
        bencher.iter_custom(|count| (0..count).map(|_| epoch(&config, &data)).sum());
    });
    group.finish();
}

/// Returns the duration of the training steps of one epoch.
fn epoch(config: &Config, data: &Dataset) -> Duration {
    let mut steps = Duration::ZERO;
    fit(config, data, &mut |event| {
        if let Event::Epoch(record) = event {
            steps += Duration::from_secs_f64(record.seconds);
        }
        ControlFlow::Continue(())
    })
    .expect("a fitted model");
    steps
}

criterion_group!(benches, train_step);
criterion_main!(benches);
