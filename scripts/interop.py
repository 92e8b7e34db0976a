"""Checks exported bundles with tools that are not ours: onnx's checker and Python's ONNX Runtime.

    python interop.py BUNDLE...     folders, or patterns like models/zoo/*

Each graph must pass the checker, keep to the bundle's terms (opset 17, IR 8, nothing
random, no data outside the file) and reproduce the probe that the trainer stored.
"""

import functools
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

from verdicts import Miss, judge, matching

OPSET, IR_VERSION = 17, 8
LATENT_TOLERANCE = 1e-4  # absolute
DATA_TOLERANCE = 1e-5  # of the data's range
BATCHES = (64, 7, 1)  # the probe's rows, and fewer: `batch` is symbolic

# The graphs of a bundle: file, the output sets it may have, and the probe's name of an input.
GRAPHS = {
    "encoder": ({("z",), ("mu", "log_var")}, {"x": "x", "label": "label"}),
    "decoder": ({("x_hat",)}, {"z": "decoder.z", "label": "label"}),
}


def main(arguments):
    bundles = [path for path in matching(arguments) if os.path.isdir(path) or not os.path.exists(path)]
    if not bundles:
        sys.exit("error: no bundle to check: name bundle folders, such as models/zoo/*")
    onnxruntime.disable_telemetry_events()
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, numpy {np.__version__}")
    graphs = [(bundle, role) for bundle in bundles for role in GRAPHS]
    judge(
        "graphs",
        [
            (os.path.join(bundle, role + ".onnx"), functools.partial(check_graph, bundle, role))
            for bundle, role in graphs
        ],
    )


def check_graph(bundle, role):
    """Raises at the first miss; else the largest difference of each output, as text."""
    path = os.path.join(bundle, role + ".onnx")
    if not os.path.isfile(path):
        raise Miss("there is no such file")
    onnx.checker.check_model(path, full_check=True)
    check_terms(onnx.load(path, load_external_data=False))
    probe = load_file(os.path.join(bundle, "probe.safetensors"))
    with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
        low, high = json.load(file)["sample"]["range"]
    if not high > low:
        raise Miss(f"the manifest's sample range is empty: {low} to {high}")
    return compare(path, role, probe, high - low)


def check_terms(model):
    opsets = [(entry.domain, entry.version) for entry in model.opset_import]
    if opsets != [("", OPSET)]:
        raise Miss(f"imports opsets {opsets}, expected the default domain's {OPSET} alone")
    if model.ir_version != IR_VERSION:
        raise Miss(f"has IR version {model.ir_version}, expected {IR_VERSION}")
    for message in messages_within(model):
        if isinstance(message, onnx.NodeProto) and message.op_type.startswith("Random"):
            raise Miss(f"has the random operator {message.op_type}")
        if isinstance(message, onnx.TensorProto) and message.data_location == onnx.TensorProto.EXTERNAL:
            raise Miss(f"keeps the tensor {message.name} outside the file")


def messages_within(message):
    """Every message under `message`: sub-graphs, functions and attributes too."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for child in [value] if hasattr(value, "ListFields") else value:
                yield from messages_within(child)


def compare(path, role, probe, data_range):
    output_sets, names = GRAPHS[role]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {port.name: probed(probe, names.get(port.name, port.name)) for port in session.get_inputs()}
    outputs = [port.name for port in session.get_outputs()]
    if tuple(outputs) not in output_sets:
        raise Miss(f"has the outputs {outputs}, expected one of {sorted(output_sets)}")
    tolerance = DATA_TOLERANCE * data_range if role == "decoder" else LATENT_TOLERANCE
    largest = dict.fromkeys(outputs, 0.0)
    for rows in BATCHES:
        results = session.run(outputs, {name: array[:rows] for name, array in inputs.items()})
        for name, result in zip(outputs, results):
            largest[name] = max(
                largest[name], difference(name, result, probed(probe, name)[:rows], tolerance)
            )
    return [f"{name} {value:.2e} (at most {tolerance:.1e})" for name, value in largest.items()]


def probed(probe, name):
    if name not in probe:
        raise Miss(f"the probe has no tensor `{name}`; it has {', '.join(sorted(probe))}")
    array = probe[name]
    if array.shape[:1] != BATCHES[:1]:
        raise Miss(f"the probe's `{name}` has shape {array.shape}, expected {BATCHES[0]} rows")
    return array


def difference(name, result, expected, tolerance):
    """The largest absolute difference of two arrays, if it is within tolerance."""
    if result.shape != expected.shape or result.dtype != expected.dtype:
        come, stored = f"{result.dtype} {result.shape}", f"{expected.dtype} {expected.shape}"
        raise Miss(f"`{name}` comes as {come}, the probe has {stored}")
    if not (np.isfinite(result).all() and np.isfinite(expected).all()):
        raise Miss(f"`{name}` is not finite everywhere")
    largest = float(np.abs(result.astype(np.float64) - expected.astype(np.float64)).max())
    if not largest <= tolerance:
        raise Miss(
            f"`{name}` differs by {largest:.3e} at batch {len(result)}, at most {tolerance:.1e} is allowed"
        )
    return largest


if __name__ == "__main__":
    main(sys.argv[1:])
