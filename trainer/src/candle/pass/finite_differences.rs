//! Tests that the gradients of a pass match finite differences of its loss, computed in 64 bits, for each weight.

use candle_core::{DType, Device, Result, Tensor};
use narrows_bundle::{ElementType, Link};
use narrows_data::table::MissingCells;

use crate::{
    candle::{Kernels, Parameters, bernoulli_loss_composed, loss, run, squared_error_composed},
    kinds::test_network::samples,
    network::{
        Activation, Dense, Graph, Normalisation, Role,
        builder::Builder,
        table_row_example::{example_cells, example_row},
    },
    numeric::{PointLoss, Reduction},
};

/// Step of the central differences. Their truncation error is about 1e-10, their rounding error about 1e-11.
const STEP: f64 = 1e-5;

/// Returns a loss of the graph's outputs with a different weight for each entry.
fn weighted_loss(outputs: &[Tensor]) -> Result<Tensor> {
    let weigh = |(index, output): (usize, &Tensor)| {
        let weights = (samples(output.dim(0)?, output.dim(1)?).to_dtype(output.dtype())? + index as f64)?;
        (weights * output)?.sqr()?.sum_all()
    };
    let sums: Vec<Tensor> = outputs.iter().enumerate().map(weigh).collect::<Result<_>>()?;
    Tensor::stack(&sums, 0)?.sum_all()
}

/// Returns the loss in 64 bits after a change `by` of one weight.
fn shifted_loss(
    parameters: &Parameters,
    (name, at, by): (&str, usize, f64),
    loss: &dyn Fn(&Parameters) -> Result<Tensor>,
) -> Result<f64> {
    let mut parameters_f64 = Parameters::default();
    for (known, variable) in parameters.iter() {
        let mut values: Vec<f64> = variable.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
        if known == name {
            values[at] += by;
        }
        parameters_f64.insert(known, &Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)?;
    }
    loss(&parameters_f64)?.to_scalar()
}

fn assert_finite_differences(
    graph: &Graph,
    fused: impl Fn(&Parameters) -> Result<Tensor>,
    composed: &dyn Fn(&Parameters) -> Result<Tensor>,
) -> Result<()> {
    let parameters = Parameters::initial(&[graph], 2, &Device::Cpu)?;
    let gradients = parameters.gradients(&fused(&parameters)?)?;
    let gradients: Vec<Vec<f32>> = gradients.read(|gradients| {
        gradients.iter().map(|gradient| gradient.map(<[f32]>::to_vec).unwrap_or_default()).collect()
    })?;
    let trained: Vec<String> =
        graph.parameters().filter(|(_, spec)| spec.role == Role::Trained).map(|(name, _)| name).collect();
    let named = parameters.iter().zip(&gradients).filter(|((name, _), _)| trained.iter().any(|of| of == name));
    for ((name, variable), gradient) in named {
        assert_eq!(gradient.len(), variable.elem_count(), "{name}");
        for (at, &actual) in gradient.iter().enumerate() {
            let loss_at = |by| shifted_loss(&parameters, (name, at, by), composed);
            let slope = (loss_at(STEP)? - loss_at(-STEP)?) / (2.0 * STEP);
            let error = (f64::from(actual) - slope).abs();
            assert!(error <= 1e-5 * slope.abs().max(1.0), "{name}[{at}]: {actual}, expected {slope}");
        }
    }
    Ok(())
}

fn mlp(activation: Activation) -> Builder {
    Builder {
        convolutions: None,
        features: 5,
        hidden: vec![4, 3],
        latent_dim: 2,
        normalisation: Normalisation::None,
        activation,
        latent_activation: Activation::Identity,
        classes: Some(3),
    }
}

fn labels(rows: usize) -> Result<Tensor> {
    Tensor::from_vec((0..rows as i64).map(|row| row % 3).collect(), rows, &Device::Cpu)
}

#[test]
fn gradients_through_outputs_match_finite_differences() {
    for activation in Activation::ALL {
        let graph = mlp(activation).variational_encoder().expect("valid widths");
        let composed = |parameters: &Parameters| {
            let x = samples(6, 5).to_dtype(DType::F64)?;
            weighted_loss(&run(Kernels::Composed, &graph, parameters, &[x, labels(6)?])?)
        };
        let fused = |parameters: &Parameters| {
            weighted_loss(&run(Kernels::Fused, &graph, parameters, &[samples(6, 5), labels(6)?])?)
        };
        assert_finite_differences(&graph, fused, &composed).expect("matching shapes");
    }
}

#[test]
fn gradients_of_losses_match_finite_differences() {
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
                let actual = loss(Kernels::Fused, &graph, parameters, &inputs, point_loss, &samples(6, 5), reduction)?;
                let actual = actual.expect("a graph for kernels");
                match reduction {
                    Reduction::Mean => Ok(actual),
                    Reduction::Rows => actual.mean_all(),
                }
            };
            assert_finite_differences(&graph, fused, &composed).expect("matching shapes");
        }
    }
}

#[test]
fn gradients_through_a_row_of_a_table_match_finite_differences() {
    for missing in [MissingCells::Refused, MissingCells::Masked] {
        let row = example_row(missing);
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[row.order.cells()]);
        let features = graph.node("table", row.clone(), &[x]).expect("cells");
        let y = graph.node("y", Dense::new(row.width(), 3), &[features]).expect("features");
        graph.output("y", y);
        let composed = |parameters: &Parameters| {
            let x = example_cells(7, missing).to_dtype(DType::F64)?;
            weighted_loss(&run(Kernels::Composed, &graph, parameters, &[x])?)
        };
        let fused = |parameters: &Parameters| {
            weighted_loss(&run(Kernels::Fused, &graph, parameters, &[example_cells(7, missing)])?)
        };
        assert_finite_differences(&graph, fused, &composed).expect("matching shapes");
    }
}

#[test]
fn inputs_that_do_not_match_the_graph_are_rejected() {
    let graph = mlp(Activation::Relu).decoder().expect("valid widths");
    let parameters = Parameters::initial(&[&graph], 2, &Device::Cpu).expect("small");
    let message = |z: Tensor, labels: &[i64]| {
        let labels = Tensor::new(labels, &Device::Cpu).expect("small");
        run(Kernels::Fused, &graph, &parameters, &[z, labels]).expect_err("invalid inputs").to_string()
    };
    assert!(message(samples(2, 3), &[0, 1]).contains("input `z` expects [2, 2], got [2, 3]"));
    assert!(message(samples(2, 2), &[0]).contains("input `label` expects [2], got [1]"));
    assert!(message(samples(2, 2), &[0, 3]).contains("label 3 is out of range: there are 3 classes"));
    assert!(message(samples(2, 2), &[0, -1]).contains("label -1 is out of range: there are 3 classes"));
    let empty = Tensor::zeros((0, 2), DType::F32, &Device::Cpu).expect("small");
    let no_labels = Tensor::zeros(0, DType::I64, &Device::Cpu).expect("small");
    let outputs = run(Kernels::Fused, &graph, &parameters, &[empty, no_labels]).expect("an empty batch");
    assert_eq!(outputs[0].dims(), [0, 5]);
}
