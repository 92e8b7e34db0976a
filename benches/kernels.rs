//! Benchmarks of the parts of a training step: passes, losses and the optimizer, with fused and with composed kernels.

use candle_core::{Device, Result, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use narrows_bundle::Link;
use narrows_trainer::{
    internals::{
        Builder, Convolutions, Graph, Normalisation, Optimizer, Parameters, Rule, SampleMap, bernoulli_loss,
        kl_divergence, norms, reparameterise, run, squared_error,
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

/// Returns a VAE 784-400-20.
fn mlp() -> Builder {
    Builder {
        convolutions: None,
        features: FEATURES,
        hidden: vec![400],
        latent_dim: LATENT,
        normalisation: Normalisation::None,
        activation: Activation::Relu,
        latent_activation: Activation::Identity,
        classes: None,
    }
}

fn encoder() -> Graph {
    mlp().variational_encoder().expect("valid widths")
}

/// Returns the encoder and the decoder of a convolutional VAE for samples of a shape.
fn convolutional(shape: &[usize], filters: &[usize]) -> [Graph; 2] {
    let sample = SampleMap::of_image(shape).expect("a shape of images");
    let convolutions = Convolutions::new(sample, filters, 3, 2);
    let builder =
        Builder { convolutions: Some(convolutions), features: shape.iter().product(), hidden: Vec::new(), ..mlp() };
    [builder.variational_encoder().expect("valid sizes"), builder.decoder().expect("valid sizes")]
}

/// Benchmarks the forward and the backward pass of graphs.
fn pass(criterion: &mut Criterion) {
    pass_of(criterion, "pass", &encoder(), &Kernels::ALL);
    let [grey_encoder, grey_decoder] = convolutional(&[28, 28], &[32, 64]);
    let [colour_encoder, colour_decoder] = convolutional(&[64, 64, 3], &[32, 64, 128]);
    // Composed convolutions take seconds.
    pass_of(criterion, "pass/conv-encoder-28x28", &grey_encoder, &[Kernels::Fused]);
    pass_of(criterion, "pass/conv-decoder-28x28", &grey_decoder, &[Kernels::Fused]);
    pass_of(criterion, "pass/conv-encoder-64x64x3", &colour_encoder, &[Kernels::Fused]);
    pass_of(criterion, "pass/conv-decoder-64x64x3", &colour_decoder, &[Kernels::Fused]);
}

fn pass_of(criterion: &mut Criterion, name: &str, graph: &Graph, kernels: &[Kernels]) {
    let parameters = Parameters::initial(&[graph], 1, &Device::Cpu).expect("small");
    let features = graph.inputs()[0].shape.iter().product();
    let x = pseudo_random(ROWS, features).expect("small");
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    for &kernels in kernels {
        let forward = || run(kernels, graph, &parameters, std::slice::from_ref(&x)).expect("matching shapes");
        group.bench_function(BenchmarkId::new("forward", kernels), |bencher| bencher.iter(forward));
        group.bench_function(BenchmarkId::new("forward-and-back", kernels), |bencher| {
            bencher.iter(|| {
                let sums = forward().iter().map(Tensor::sum_all).collect::<Result<Vec<_>>>()?;
                let loss = sums[1..].iter().try_fold(sums[0].clone(), |loss, sum| loss + sum)?;
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
