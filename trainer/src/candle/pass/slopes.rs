//! A pass's gradients are the slopes of its loss, found by moving one weight at a time in 64 bits.

use candle_core::{DType, Device, Result, Tensor};
use narrows_bundle::Link;

use crate::{
    candle::{Kernels, Parameters, bernoulli_loss_composed, loss, run, squared_error_composed},
    kinds::trial::samples,
    network::{Activation, Graph, mlp::Mlp},
    numeric::{PointLoss, Reduction},
};

/// How far a weight is moved: what a central difference leaves out is some 1e-10, its rounding 1e-11.
const STEP: f64 = 1e-5;

/// The graph's outputs weighed so that no two entries count the same, as a loss.
fn weighed(outputs: &[Tensor]) -> Result<Tensor> {
    let weigh = |(index, output): (usize, &Tensor)| {
        let weights = (samples(output.dim(0)?, output.dim(1)?).to_dtype(output.dtype())? + index as f64)?;
        (weights * output)?.sqr()?.sum_all()
    };
    let sums: Vec<Tensor> = outputs.iter().enumerate().map(weigh).collect::<Result<_>>()?;
    Tensor::stack(&sums, 0)?.sum_all()
}

/// The loss in 64 bits, with one weight moved.
fn moved(
    parameters: &Parameters,
    (name, at, by): (&str, usize, f64),
    of: &dyn Fn(&Parameters) -> Result<Tensor>,
) -> Result<f64> {
    let mut wide = Parameters::default();
    for (known, variable) in parameters.iter() {
        let mut values: Vec<f64> = variable.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
        if known == name {
            values[at] += by;
        }
        wide.insert(known, &Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)?;
    }
    of(&wide)?.to_scalar()
}

fn assert_slopes(
    graph: &Graph,
    fused: impl Fn(&Parameters) -> Result<Tensor>,
    composed: &dyn Fn(&Parameters) -> Result<Tensor>,
) -> Result<()> {
    let parameters = Parameters::initial(&[graph], 2, &Device::Cpu)?;
    let gradients = parameters.gradients(&fused(&parameters)?)?;
    let gradients: Vec<Vec<f32>> =
        gradients.read(|all| all.iter().map(|one| one.map(<[f32]>::to_vec).unwrap_or_default()).collect())?;
    for ((name, variable), gradient) in parameters.iter().zip(&gradients) {
        assert_eq!(gradient.len(), variable.elem_count(), "{name}");
        for (at, &found) in gradient.iter().enumerate() {
            let beside = |by| moved(&parameters, (name, at, by), composed);
            let slope = (beside(STEP)? - beside(-STEP)?) / (2.0 * STEP);
            let error = (f64::from(found) - slope).abs();
            assert!(error <= 1e-5 * slope.abs().max(1.0), "{name}[{at}]: {found}, the slope is {slope}");
        }
    }
    Ok(())
}

fn mlp(activation: Activation) -> Mlp {
    Mlp {
        features: 5,
        hidden: vec![4, 3],
        latent_dim: 2,
        activation,
        latent_activation: Activation::Identity,
        classes: Some(3),
    }
}

fn labels(rows: usize) -> Result<Tensor> {
    Tensor::from_vec((0..rows as i64).map(|row| row % 3).collect(), rows, &Device::Cpu)
}

#[test]
fn gradients_through_outputs_are_slopes() {
    for activation in Activation::ALL {
        let graph = mlp(activation).variational_encoder().expect("valid widths");
        let composed = |parameters: &Parameters| {
            let x = samples(6, 5).to_dtype(DType::F64)?;
            weighed(&run(Kernels::Composed, &graph, parameters, &[x, labels(6)?])?)
        };
        let fused =
            |parameters: &Parameters| weighed(&run(Kernels::Fused, &graph, parameters, &[samples(6, 5), labels(6)?])?);
        assert_slopes(&graph, fused, &composed).expect("shapes that fit");
    }
}

#[test]
fn gradients_of_losses_are_slopes() {
    let graph = mlp(Activation::Silu).decoder().expect("valid widths");
    for point_loss in
        [PointLoss::Bernoulli, PointLoss::SquaredError(Link::Identity), PointLoss::SquaredError(Link::Sigmoid)]
    {
        let composed = |parameters: &Parameters| {
            let inputs = [samples(6, 2).to_dtype(DType::F64)?, labels(6)?];
            let (logits, targets) =
                (run(Kernels::Composed, &graph, parameters, &inputs)?, samples(6, 5).to_dtype(DType::F64)?);
            match point_loss {
                PointLoss::Bernoulli => bernoulli_loss_composed(&logits[0], &targets),
                PointLoss::SquaredError(link) => squared_error_composed(link, &logits[0], &targets),
            }
        };
        for reduction in [Reduction::Mean, Reduction::Rows] {
            let fused = |parameters: &Parameters| {
                let inputs = [samples(6, 2), labels(6)?];
                let found = loss(Kernels::Fused, &graph, parameters, &inputs, point_loss, &samples(6, 5), reduction)?;
                let found = found.expect("a graph for kernels");
                match reduction {
                    Reduction::Mean => Ok(found),
                    Reduction::Rows => found.mean_all(),
                }
            };
            assert_slopes(&graph, fused, &composed).expect("shapes that fit");
        }
    }
}

#[test]
fn what_a_graph_cannot_take_is_refused() {
    let graph = mlp(Activation::Relu).decoder().expect("valid widths");
    let parameters = Parameters::initial(&[&graph], 2, &Device::Cpu).expect("small");
    let told = |z: Tensor, labels: &[i64]| {
        let labels = Tensor::new(labels, &Device::Cpu).expect("small");
        run(Kernels::Fused, &graph, &parameters, &[z, labels]).expect_err("inputs that do not fit").to_string()
    };
    assert!(told(samples(2, 3), &[0, 1]).contains("input `z` expects [2, 2], got [2, 3]"));
    assert!(told(samples(2, 2), &[0]).contains("input `label` expects [2], got [1]"));
    assert!(told(samples(2, 2), &[0, 3]).contains("label 3 is none of 3 classes"));
    assert!(told(samples(2, 2), &[0, -1]).contains("label -1 is none of 3 classes"));
    let empty = Tensor::zeros((0, 2), DType::F32, &Device::Cpu).expect("small");
    let none = Tensor::zeros(0, DType::I64, &Device::Cpu).expect("small");
    let nothing = run(Kernels::Fused, &graph, &parameters, &[empty, none]).expect("no rows");
    assert_eq!(nothing[0].dims(), [0, 5]);
}
