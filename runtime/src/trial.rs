//! Test of a device: runs a tiny graph on it and compares the result with the known values.

use narrows_bundle::{
    ElementType, GraphPorts, Port, Role,
    onnx::{
        BATCH, Dimension, DimensionValue, Graph as GraphMessage, IR_VERSION, Model, Node, OPSET, OperatorSet, PRODUCER,
        Shape, Tensor, TensorType, Type, ValueInfo, element,
    },
};
use prost::Message;

use crate::{
    Device, Error, Options,
    engine::{Graph, Memory, OutputSet},
    placement::placement_on,
};

const INPUT: [f32; 2] = [3.0, 5.0];
/// Integers, so that every device computes exactly the same result.
const WEIGHT: [f32; 4] = [1.0, -2.0, 4.0, 1.0];
/// `relu(INPUT WEIGHT)`.
const EXPECTED: [f32; 2] = [23.0, 0.0];

/// Runs a matrix product and an activation on `device`, and checks the result and that every node ran there.
pub(crate) fn try_device(device: Device, options: &Options) -> Result<(), String> {
    let (ports, bytes) = (ports(), model(&ports()).encode_to_vec());
    let computed = compute(device, &ports, &bytes, options).map_err(|error| reason_of(&error))?;
    if computed != EXPECTED {
        return Err(format!("it computed {computed:?}, expected {EXPECTED:?}"));
    }
    let placement = placement_on(device, &ports, &bytes, options).map_err(|error| reason_of(&error))?;
    if placement.is_on_one_device() {
        Ok(())
    } else {
        Err(format!("not all nodes ran on the device: {}", placement.counts()))
    }
}

fn compute(device: Device, ports: &GraphPorts, bytes: &[u8], options: &Options) -> Result<Vec<f32>, Error> {
    let graph = Graph::new(ports, bytes.to_vec(), device, Memory::Planned, options)?;
    let failed = |error| graph.failed("run", error);
    let mut session = graph.session()?;
    let mut frame = graph.frame(1, OutputSet::of([0]))?;
    frame.input(0).map_err(failed)?.copy_from_slice(&INPUT);
    session.run(&mut frame, &graph)?;
    Ok(frame.output::<f32>(0).map_err(failed)?.to_vec())
}

/// Returns the reason without the device, which the caller reports separately.
fn reason_of(error: &Error) -> String {
    match error {
        Error::Device { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

fn ports() -> GraphPorts {
    let port = |name: &str, role| Port { name: name.to_owned(), role, dtype: ElementType::F32, shape: vec![2] };
    GraphPorts {
        file: "trial".to_owned(),
        inputs: vec![port("x", Role::Sample)],
        outputs: vec![port("y", Role::Reconstruction)],
        settings: Vec::new(),
    }
}

fn model(ports: &GraphPorts) -> Model {
    let node = |operator: &str, inputs: &[&str], output: &str| Node {
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        name: operator.to_owned(),
        op_type: operator.to_owned(),
        ..Node::default()
    };
    let graph = GraphMessage {
        node: vec![node("MatMul", &["x", "weight"], "product"), node("Relu", &["product"], "y")],
        name: "trial".to_owned(),
        initializer: vec![Tensor::floats("weight", &[2, 2], &WEIGHT)],
        input: ports.inputs.iter().map(value).collect(),
        output: ports.outputs.iter().map(value).collect(),
        ..GraphMessage::default()
    };
    Model {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.to_owned(),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        graph: Some(graph),
        ..Model::default()
    }
}

fn value(port: &Port) -> ValueInfo {
    let dim = [DimensionValue::Symbol(BATCH.to_owned()), DimensionValue::Size(2)];
    let dim = dim.map(|value| Dimension { value: Some(value) }).to_vec();
    let tensor_type = Some(TensorType { elem_type: element::FLOAT, shape: Some(Shape { dim }) });
    ValueInfo { name: port.name.clone(), r#type: Some(Type { tensor_type }) }
}
