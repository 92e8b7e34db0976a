"""Checks that onnx.compose merges the encoder and the decoder of a bundle into one model that reconstructs rows.

    python merging.py BUNDLE...     folders, or patterns like models/zoo/*

The merged model must pass the checker, and its outputs must equal those of the two graphs one after the other.
"""

import functools
import json
import os
import sys

import numpy as np
import onnx
import onnx.compose
import onnxruntime
from safetensors.numpy import load_file

from checks import CheckFailed, matching, run_checks
from probes import encoder_inputs


def main(arguments):
    bundles = [path for path in matching(arguments) if os.path.isdir(path)]
    if not bundles:
        sys.exit("error: no bundle to check: name bundle folders, such as models/zoo/*")
    onnxruntime.disable_telemetry_events()
    run_checks("merged models", [(bundle, functools.partial(check_merging, bundle)) for bundle in bundles])


def check_merging(bundle):
    """Merges the graphs of a bundle and runs the result. Returns the sizes as text."""
    encoder, decoder = (onnx.load(os.path.join(bundle, role + ".onnx")) for role in ("encoder", "decoder"))
    code, codes = encoder.graph.output[0].name, decoder.graph.input[0].name
    probe = load_file(os.path.join(bundle, "probe.safetensors"))
    with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
        inputs = encoder_inputs(json.load(file), probe)
    # A conditional model has an input `label` in both graphs, so that the names of one need a prefix.
    is_conditional = "label" in inputs
    prefix = "decoder_" if is_conditional else ""
    if is_conditional:
        decoder = onnx.compose.add_prefix(decoder, prefix)
    merged = onnx.compose.merge_models(encoder, decoder, io_map=[(code, prefix + codes)])
    onnx.checker.check_model(merged, full_check=True)

    encoded = run(encoder, [code], inputs)[0]
    label = {prefix + "label": probe["label"]} if is_conditional else {}
    outputs = [output.name for output in decoder.graph.output]
    expected = run(decoder, outputs, {prefix + codes: encoded, **label})
    found = run(merged, outputs, {**inputs, **label})
    differences = [float(np.abs(one - other).max()) for one, other in zip(found, expected)]
    for name, difference, values in zip(outputs, differences, expected):
        if difference > 1e-5 * max(1.0, float(np.abs(values).max())):
            raise CheckFailed(f"the outputs `{name}` differ by {difference}")
    return [f"{len(encoded)} rows", f"difference {max(differences):.1e}"]


def run(model, outputs, inputs):
    """Runs a model on the CPU."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(outputs, inputs)


if __name__ == "__main__":
    main(sys.argv[1:])
