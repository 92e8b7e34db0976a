//! Which engine runs the convolutional encoder and decoder, and how close its results are to those of ONNX Runtime.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor as CandleTensor};
use candle_onnx::{onnx::ModelProto, simple_eval};
use narrows_runtime::ort::{environment::Environment, session::Session, value::TensorRef};
use prost::Message;
use rten::ModelOptions;
use rten_tensor::{NdTensorView, Tensor as RtenTensor, prelude::*};
use tract_onnx::prelude::{DatumExt, Framework, InferenceModelExt, IntoRunnable, Tensor as TractTensor, tvec};

use super::{
    images::{Images, SIDE},
    model::{CODES, INPUT, Model},
    network::LATENT,
};
use crate::{locked::locked_version, table::table};

/// Number of rows of the test.
const ROWS: usize = 7;

/// A graph with one input and its values.
struct Call<'a> {
    graph: &'a [u8],
    input: (&'a str, &'a [usize], &'a [f32]),
    output: &'a str,
}

/// Runs a graph in an engine, and returns the values of the output.
type Run = fn(&Call<'_>) -> Result<Vec<f32>>;

/// Runs both graphs in every engine, and returns the table.
///
/// # Errors
/// If ONNX Runtime fails.
pub(crate) fn compared(model: &Model, images: &Images, environment: &Environment) -> Result<String> {
    let encoder =
        Call { graph: &model.encoder, input: (INPUT, &[ROWS, SIDE, SIDE], images.slice(ROWS)), output: CODES };
    let codes = in_ort(&encoder, environment)?;
    let graph = model.bundle.read(&model.bundle.manifest().graphs.decoder.file)?;
    let decoder = Call { graph: &graph, input: ("z", &[ROWS, LATENT], &codes), output: "x_hat" };
    let expected = [codes.clone(), in_ort(&decoder, environment)?];

    let engines: [(&str, &str, Run); 3] =
        [("tract", "tract-onnx", in_tract), ("rten", "rten", in_rten), ("candle-onnx", "candle-onnx", in_candle)];
    let mut table = table(["engine", "version", "encoder", "decoder"].map(str::to_owned), 4);
    for (name, package, run) in engines {
        let cells = [&encoder, &decoder].into_iter().zip(&expected).map(|(call, expected)| {
            match run(call).and_then(|values| largest_difference(&values, expected)) {
                Ok(difference) => format!("runs, largest difference {difference:.1e}"),
                Err(error) => format!("{error:#}").lines().next().unwrap_or_default().to_owned(),
            }
        });
        table.add_row(
            [name.to_owned(), locked_version(package).to_owned()].into_iter().chain(cells).collect::<Vec<_>>(),
        );
    }
    Ok(table.to_string())
}

fn largest_difference(values: &[f32], expected: &[f32]) -> Result<f32> {
    ensure!(values.len() == expected.len(), "returns {} values instead of {}", values.len(), expected.len());
    Ok(values.iter().zip(expected).fold(0.0, |largest, (value, expected)| largest.max((value - expected).abs())))
}

fn in_ort(call: &Call<'_>, environment: &Environment) -> Result<Vec<f32>> {
    let mut session = Session::builder(environment)?.commit_from_memory(call.graph)?;
    let (name, shape, values) = call.input;
    let outputs = session.run(vec![(name, TensorRef::from_array_view((shape, values))?)])?;
    Ok(outputs[call.output].try_extract_tensor::<f32>()?.1.to_vec())
}

fn in_tract(call: &Call<'_>) -> Result<Vec<f32>> {
    let (_, shape, values) = call.input;
    let plan = tract_onnx::onnx()
        .model_for_read(&mut &*call.graph)?
        .with_input_fact(0, f32::fact(shape).into())?
        .with_outputs_by_name([call.output])?
        .into_optimized()?
        .into_runnable()?;
    let outputs = plan.run(tvec![TractTensor::from_shape(shape, values)?.into()])?;
    Ok(outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect())
}

fn in_rten(call: &Call<'_>) -> Result<Vec<f32>> {
    let model = ModelOptions::with_all_ops().load(call.graph.to_vec())?;
    let (name, shape, values) = call.input;
    let (input, output) = (model.node_id(name)?, model.node_id(call.output)?);
    let values: RtenTensor<f32> = match *shape {
        [rows, height, width] => NdTensorView::from_data([rows, height, width], values).to_tensor().into_dyn(),
        [rows, features] => NdTensorView::from_data([rows, features], values).to_tensor().into_dyn(),
        _ => unreachable!("images and codes have 3 and 2 dimensions"),
    };
    let [output] = model.run_n(vec![(input, values.into())], [output], None)?;
    let output: RtenTensor<f32> = output.try_into()?;
    Ok(output.to_vec())
}

fn in_candle(call: &Call<'_>) -> Result<Vec<f32>> {
    let (name, shape, values) = call.input;
    let inputs = HashMap::from([(name.to_owned(), CandleTensor::from_slice(values, shape, &Device::Cpu)?)]);
    let mut outputs = simple_eval(&ModelProto::decode(call.graph)?, inputs)?;
    let output = outputs.remove(call.output).context("the graph has no such output")?;
    Ok(output.flatten_all()?.to_vec1()?)
}
