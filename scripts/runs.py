"""Checks run folders with TensorBoard's reader and with safetensors in Python.

    python runs.py RUN...     folders, or patterns like runs/*

TensorBoard must read every number of `metrics.jsonl` exactly once, rounded to 32 bits and at the epoch of its line, and
no other numbers. Every checkpoint must open and contain only finite numbers.
"""

import functools
import glob
import json
import operator
import os
import sys

import numpy as np
import safetensors
import tensorboard
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from checks import CheckFailed, matching, one_line, run_checks

METRICS = "metrics.jsonl"
EVENTS = "events.out.tfevents.*"
# Keys that identify a line. All other numbers are scalars: `loss` in `train` has the tag `train/loss`.
LINE_KEYS = {"epoch", "step", "wall_time"}


def main(arguments):
    runs = matching(arguments)
    if not runs:
        sys.exit("error: no run to check: name run folders, such as runs/*")
    print(f"tensorboard {tensorboard.__version__}, safetensors {safetensors.__version__}")
    run_checks("runs", [(run, functools.partial(check_run, run)) for run in runs])


def check_run(run):
    """Checks a run. Returns the numbers of epochs, scalars, checkpoints and tensors as text."""
    written = read_metrics(os.path.join(run, METRICS))
    epochs = len({epoch for _, epoch in written})
    check_scalars(written, read_events(run))
    checkpoints = sorted(glob.glob(os.path.join(glob.escape(run), "checkpoints", "*.safetensors")))
    tensors = sum(check_checkpoint(path) for path in checkpoints)
    return [
        f"epochs: {epochs}, scalars: {len(written)}",
        f"checkpoints: {len(checkpoints)}, tensors: {tensors}",
    ]


def read_metrics(path):
    """Returns the numbers of all lines, rounded to 32 bits, by tag and epoch."""
    if not os.path.isfile(path):
        raise CheckFailed(f"{METRICS} does not exist")
    written, epochs = {}, set()
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            location = f"line {number} of {METRICS}"
            try:
                line = json.loads(text, parse_constant=not_json)
                epoch = operator.index(line["epoch"])
            except (ValueError, TypeError, KeyError) as error:
                text = f"{location} is not a JSON object with an integer `epoch`"
                raise CheckFailed(f"{text}: {one_line(error)}") from error
            if epoch in epochs:
                raise CheckFailed(f"{location} has epoch {epoch}, as a previous line has")
            epochs.add(epoch)
            measured = {name: value for name, value in line.items() if name not in LINE_KEYS}
            written.update({(tag, epoch): value for tag, value in flattened(measured)})
    if not written:
        raise CheckFailed(f"{METRICS} contains no numbers")
    return written


def not_json(constant):
    raise ValueError(f"{constant} is not valid JSON")


def flattened(values, prefix=""):
    """Yields tags and numbers. Skips null (not measured), strings and booleans (not scalars)."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, prefix + name + "/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name, in_32_bits(value)


def in_32_bits(value):
    with np.errstate(over="ignore"):  # a number that is too large becomes infinite, as in the trainer
        return float(np.float32(value))


def read_events(run):
    """Returns the scalars of the event files as (tag, epoch, value), in the order in which TensorBoard reads them."""
    if not glob.glob(os.path.join(glob.escape(run), EVENTS)):
        raise CheckFailed(f"no event file {EVENTS} exists")
    events = EventAccumulator(run, size_guidance={"scalars": 0})  # 0 means no limit
    events.Reload()
    if events.file_version is None:
        raise CheckFailed("the event file does not start with its version")
    tags = events.Tags()
    for kind, names in tags.items():
        if kind != "scalars" and names:
            raise CheckFailed(f"the event file contains {kind} in addition to scalars")
    return [(tag, event.step, event.value) for tag in tags["scalars"] for event in events.Scalars(tag)]


def check_scalars(written, read):
    problems, seen = [], set()
    for tag, epoch, value in read:
        name = f"`{tag}` at epoch {epoch}"
        if (tag, epoch) in seen:
            problems.append(f"the event file has {name} more than once")
        elif (tag, epoch) not in written:
            problems.append(f"the event file has {name}, but {METRICS} does not")
        elif value != written[tag, epoch]:
            problems.append(f"{name} is {value} in the event file, but {written[tag, epoch]} in {METRICS}")
        seen.add((tag, epoch))
    for tag, epoch in written:
        if (tag, epoch) not in seen:
            problems.append(f"{METRICS} has `{tag}` at epoch {epoch}, but the event file does not")
    if problems:
        raise CheckFailed(problems[0] + (f" (and {len(problems) - 1} more)" if problems[1:] else ""))


def check_checkpoint(path):
    """Checks a checkpoint and returns its number of tensors."""
    name = os.path.join("checkpoints", os.path.basename(path))
    try:
        tensors = load_file(path)
    except Exception as error:
        raise CheckFailed(f"{name} cannot be opened: {error}") from error
    if not tensors:
        raise CheckFailed(f"{name} contains no tensors")
    for tensor, array in tensors.items():
        if not np.isfinite(array).all():
            raise CheckFailed(f"`{tensor}` in {name} has infinite or NaN values")
    return len(tensors)


if __name__ == "__main__":
    main(sys.argv[1:])
