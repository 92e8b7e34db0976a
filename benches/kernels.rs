//! Benchmarks of the parts of a training step: passes, losses and the optimizer, with fused and with composed kernels.

use candle_core::{Device, Result, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_bundle::Link;
use narrows_trainer::{
    internals::{
        Builder, Graph, Optimizer, Parameters, Rule, bernoulli_loss, kl_divergence, norms, reparameterise, run,
        squared_error,
    },
    options::{Activation, Kernels},
};

const ROWS: usize = 128;
const FEATURES: usize = 784;
const LATENT: usize = 20;

/// Returns pseudo-random values in (0, 1).
fn pseudo_random(rows: usize, columns: usize) -> Result<Tensor> {
    let values = (0..rows * columns).map(|index| 0.5 + 0.49 * (index as f32 * 12.9898).sin()).collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

/// Returns the encoder of a VAE 784-400-20.
fn encoder() -> Graph {
    let mlp = Builder {
        convolutions: None,
        features: FEATURES,
        hidden: vec![400],
        latent_dim: LATENT,
        activation: Activation::Relu,
        latent_activation: Activation::Identity,
        classes: None,
    };
    mlp.variational_encoder().expect("valid widths")
}

/// Benchmarks the forward and the backward pass of a graph.
fn pass(criterion: &mut Criterion) {
    let graph = encoder();
    let parameters = Parameters::initial(&[&graph], 1, &Device::Cpu).expect("small");
    let x = pseudo_random(ROWS, FEATURES).expect("small");
    let mut group = criterion.benchmark_group("pass");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    for kernels in Kernels::ALL {
        let forward = || run(kernels, &graph, &parameters, std::slice::from_ref(&x)).expect("matching shapes");
        group.bench_function(BenchmarkId::new("forward", kernels), |bencher| bencher.iter(forward));
        group.bench_function(BenchmarkId::new("forward-and-back", kernels), |bencher| {
            bencher.iter(|| {
                let outputs = forward();
                let loss = (outputs[0].sum_all()? + outputs[1].sum_all()?)?;
                parameters.gradients(&loss)
            });
        });
    }
    group.finish();
}

/// Benchmarks losses and their gradients.
fn losses(criterion: &mut Criterion) {
    let wide = Var::from_tensor(&pseudo_random(ROWS, FEATURES).expect("small")).expect("small");
    let targets = pseudo_random(ROWS, FEATURES).expect("small");
    let code = Var::from_tensor(&pseudo_random(ROWS, LATENT).expect("small")).expect("small");
    let noise = pseudo_random(ROWS, LATENT).expect("small");
    type Loss<'a> = (&'a str, &'a dyn Fn(Kernels) -> Result<Tensor>);
    let losses: [Loss<'_>; 4] = [
        ("bernoulli", &|kernels| bernoulli_loss(kernels, &wide, &targets)),
        ("squared-error-of-sigmoid", &|kernels| squared_error(kernels, Link::Sigmoid, &wide, &targets)),
        ("kl", &|kernels| kl_divergence(kernels, &code, &code)),
        ("reparameterise", &|kernels| reparameterise(kernels, &code, &code, &noise)?.sum_all()),
    ];
    let mut group = criterion.benchmark_group("loss-and-gradient");
    for (name, loss) in losses {
        for kernels in Kernels::ALL {
            group.bench_function(BenchmarkId::new(name, kernels), |bencher| {
                bencher.iter(|| loss(kernels).and_then(|loss| loss.backward()));
            });
        }
    }
    group.finish();
}

/// Benchmarks the optimizer with the parameters of the encoder.
fn optimizer(criterion: &mut Criterion) {
    let graph = encoder();
    let parameters = Parameters::initial(&[&graph], 1, &Device::Cpu).expect("small");
    let x = pseudo_random(ROWS, FEATURES).expect("small");
    let outputs = run(Kernels::Fused, &graph, &parameters, &[x]).expect("matching shapes");
    let loss = outputs[0].sqr().and_then(|squares| squares.sum_all()).expect("a scalar");
    let gradients = parameters.gradients(&loss).expect("a scalar");
    let count: usize = parameters.iter().map(|(_, variable)| variable.elem_count()).sum();
    let mut group = criterion.benchmark_group("optimizer");
    group.throughput(Throughput::Elements(count as u64));
    for (name, rule) in [("adam", Rule::default()), ("sgd", Rule::Sgd { momentum: 0.9, nesterov: false })] {
        let mut optimizer = Optimizer::new(&parameters, rule);
        group.bench_function(name, |bencher| {
            // The learning rate is so small that the weights do not change.
            bencher.iter(|| optimizer.step(&parameters, &gradients, 1e-30, 1.0).expect("equal shapes"));
        });
    }
    group.bench_function("norms", |bencher| bencher.iter(|| norms(&parameters, &gradients)));
    group.finish();
}

criterion_group!(benches, pass, losses, optimizer);
criterion_main!(benches);
