"""Checks exported bundles with the checker of onnx and with ONNX Runtime in Python.

    python interop.py BUNDLE...     folders, or patterns like models/zoo/*

Each graph must pass the checker, satisfy the rules of a bundle (opset 17, IR version 8, no random operators, no data
outside the file), and reproduce the outputs in the probe that the trainer stored.
"""

import functools
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

from checks import CheckFailed, matching, run_checks
from probes import encoder_inputs

OPSET, IR_VERSION = 17, 8
LATENT_TOLERANCE = 1e-4  # absolute
DATA_TOLERANCE = 1e-5  # relative to the range of the data
MAX_ROWS = 64  # of a probe
BATCHES = (7, 1)  # fewer rows than the probe has, because `batch` is symbolic

# The possible outputs of the graphs of a bundle.
GRAPHS = {
    "encoder": {("z",), ("mu", "log_var")},
    "decoder": {
        ("x_hat",),
        ("x_hat", "categories_hat", "probabilities"),  # of a mixed table
        ("categories_hat", "probabilities"),  # of a table without numbers
    },
}


def main(arguments):
    bundles = [path for path in matching(arguments) if os.path.isdir(path) or not os.path.exists(path)]
    if not bundles:
        sys.exit("error: no bundle to check: name bundle folders, such as models/zoo/*")
    onnxruntime.disable_telemetry_events()
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, numpy {np.__version__}")
    graphs = [(bundle, role) for bundle in bundles for role in GRAPHS]
    run_checks(
        "graphs",
        [
            (os.path.join(bundle, role + ".onnx"), functools.partial(check_graph, bundle, role))
            for bundle, role in graphs
        ],
    )


def check_graph(bundle, role):
    """Checks a graph. Returns the largest difference of each output as text."""
    path = os.path.join(bundle, role + ".onnx")
    if not os.path.isfile(path):
        raise CheckFailed("the file does not exist")
    onnx.checker.check_model(path, full_check=True)
    check_rules(onnx.load(path, load_external_data=False))
    probe = load_file(os.path.join(bundle, "probe.safetensors"))
    with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    low, high = manifest["sample"]["range"]
    if not high > low:
        raise CheckFailed(f"the manifest's sample range is empty: {low} to {high}")
    check_rows(probe)
    inputs = encoder_inputs(manifest, probe)
    if role == "decoder":
        inputs = {"z": probe["decoder.z"], **({"label": inputs["label"]} if "label" in inputs else {})}
    tolerances = dict.fromkeys(("z", "mu", "log_var"), LATENT_TOLERANCE)
    tolerances |= {"x_hat": DATA_TOLERANCE * (high - low), "categories_hat": 0.0, "probabilities": DATA_TOLERANCE}
    return compare(path, role, inputs, probe, tolerances)


def check_rules(model):
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    if opsets != [("", OPSET)]:
        raise CheckFailed(f"imports opsets {opsets}, expected only opset {OPSET} of the default domain")
    if model.ir_version != IR_VERSION:
        raise CheckFailed(f"has IR version {model.ir_version}, expected {IR_VERSION}")
    for message in messages_within(model):
        if isinstance(message, onnx.NodeProto) and message.op_type.startswith("Random"):
            raise CheckFailed(f"has the random operator {message.op_type}")
        if isinstance(message, onnx.TensorProto) and message.data_location == onnx.TensorProto.EXTERNAL:
            raise CheckFailed(f"stores the tensor {message.name} outside the file")


def messages_within(message):
    """Yields a message and all messages in it, including sub-graphs, functions and attributes."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for child in [value] if hasattr(value, "ListFields") else value:
                yield from messages_within(child)


def check_rows(probe):
    """Checks that all tensors of the probe have the same number of rows."""
    rows = {len(array) for array in probe.values()}
    if len(rows) != 1 or not 1 < max(rows) <= MAX_ROWS:
        raise CheckFailed(f"the tensors of the probe have {sorted(rows)} rows, expected one number up to {MAX_ROWS}")


def compare(path, role, inputs, probe, tolerances):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = {port.name for port in session.get_inputs()}
    outputs = [port.name for port in session.get_outputs()]
    if names != set(inputs) or tuple(outputs) not in GRAPHS[role]:
        raise CheckFailed(f"has the inputs {sorted(names)} and the outputs {outputs}, expected {sorted(inputs)} "
                          f"and one of {sorted(GRAPHS[role])}")
    largest = dict.fromkeys(outputs, 0.0)
    for rows in (len(probe[outputs[0]]), *BATCHES):
        results = session.run(outputs, {name: array[:rows] for name, array in inputs.items()})
        for name, result in zip(outputs, results):
            expected = probe[name][:rows]
            if name == "categories_hat":  # the probe has floats only
                expected = expected.astype(np.int64)
            largest[name] = max(largest[name], difference(name, result, expected, tolerances[name]))
    return [f"{name} {value:.2e} (at most {tolerances[name]:.1e})" for name, value in largest.items()]


def difference(name, result, expected, tolerance):
    """Returns the largest absolute difference of two arrays, which must be within the tolerance."""
    if result.shape != expected.shape or result.dtype != expected.dtype:
        actual, stored = f"{result.dtype} {result.shape}", f"{expected.dtype} {expected.shape}"
        raise CheckFailed(f"`{name}` is {actual}, expected {stored} as in the probe")
    if not (np.isfinite(result).all() and np.isfinite(expected).all()):
        raise CheckFailed(f"`{name}` has infinite or NaN values")
    largest = float(np.abs(result.astype(np.float64) - expected.astype(np.float64)).max())
    if not largest <= tolerance:
        raise CheckFailed(
            f"`{name}` differs by {largest:.3e} for a batch of {len(result)}, at most {tolerance:.1e} is allowed"
        )
    return largest


if __name__ == "__main__":
    main(sys.argv[1:])
