"""Checks run folders with tools that are not ours: TensorBoard's reader and Python's safetensors.

    python runs.py RUN...     folders, or patterns like runs/*

TensorBoard must find every number of `metrics.jsonl`, rounded to 32 bits, at the epoch of its
line, each once and no others. Every checkpoint must open and hold finite numbers alone.
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

from verdicts import Miss, judge, matching, one_line

METRICS = "metrics.jsonl"
EVENTS = "events.out.tfevents.*"
# What a line says about its place. Its other numbers are scalars: `loss` within `train` is `train/loss`.
PLACE = {"epoch", "step", "wall_time"}


def main(arguments):
    runs = matching(arguments)
    if not runs:
        sys.exit("error: no run to check: name run folders, such as runs/*")
    print(f"tensorboard {tensorboard.__version__}, safetensors {safetensors.__version__}")
    judge("runs", [(run, functools.partial(check_run, run)) for run in runs])


def check_run(run):
    """Raises at the first miss; else what was found, as text."""
    written = read_metrics(os.path.join(run, METRICS))
    epochs = len({epoch for _, epoch in written})
    check_scalars(written, read_events(run))
    checkpoints = sorted(glob.glob(os.path.join(glob.escape(run), "checkpoints", "*.safetensors")))
    tensors = sum(check_checkpoint(path) for path in checkpoints)
    return [
        f"epochs: {epochs}, their scalars: {len(written)}",
        f"checkpoints: {len(checkpoints)}, their tensors: {tensors}",
    ]


def read_metrics(path):
    """The numbers of all lines in 32 bits, by tag and epoch."""
    if not os.path.isfile(path):
        raise Miss(f"there is no {METRICS}")
    written, epochs = {}, set()
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, start=1):
            place = f"line {number} of {METRICS}"
            try:
                line = json.loads(text, parse_constant=not_json)
                epoch = operator.index(line["epoch"])
            except (ValueError, TypeError, KeyError) as error:
                raise Miss(f"{place} is no JSON object with a whole `epoch`: {one_line(error)}") from error
            if epoch in epochs:
                raise Miss(f"{place} has epoch {epoch}, like a line before it")
            epochs.add(epoch)
            measured = {name: value for name, value in line.items() if name not in PLACE}
            written.update({(tag, epoch): value for tag, value in flattened(measured)})
    if not written:
        raise Miss(f"{METRICS} holds no numbers")
    return written


def not_json(constant):
    raise ValueError(f"{constant} is no JSON")


def flattened(values, prefix=""):
    """Tags and numbers. What is null was not measured, and what is text or true or false is no scalar."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flattened(value, prefix + name + "/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + name, in_32_bits(value)


def in_32_bits(value):
    with np.errstate(over="ignore"):  # too large a number becomes infinite, in the trainer too
        return float(np.float32(value))


def read_events(run):
    """The scalars of the event files in the order in which TensorBoard reads them: tag, epoch, value."""
    if not glob.glob(os.path.join(glob.escape(run), EVENTS)):
        raise Miss(f"there is no event file {EVENTS}")
    events = EventAccumulator(run, size_guidance={"scalars": 0})  # 0 keeps all
    events.Reload()
    if events.file_version is None:
        raise Miss("the event file does not begin with its version")
    tags = events.Tags()
    for kind, found in tags.items():
        if kind != "scalars" and found:
            raise Miss(f"the event file holds {kind} besides its scalars")
    return [(tag, event.step, event.value) for tag in tags["scalars"] for event in events.Scalars(tag)]


def check_scalars(written, read):
    misses, seen = [], set()
    for tag, epoch, value in read:
        name = f"`{tag}` at epoch {epoch}"
        if (tag, epoch) in seen:
            misses.append(f"the event file has {name} more than once")
        elif (tag, epoch) not in written:
            misses.append(f"the event file has {name}, {METRICS} does not")
        elif value != written[tag, epoch]:
            misses.append(f"{name} is {value} in the event file, {written[tag, epoch]} in {METRICS}")
        seen.add((tag, epoch))
    for tag, epoch in written:
        if (tag, epoch) not in seen:
            misses.append(f"{METRICS} has `{tag}` at epoch {epoch}, the event file does not")
    if misses:
        raise Miss(misses[0] + (f" (and {len(misses) - 1} more)" if misses[1:] else ""))


def check_checkpoint(path):
    """The number of tensors."""
    name = os.path.join("checkpoints", os.path.basename(path))
    try:
        tensors = load_file(path)
    except Exception as error:
        raise Miss(f"{name} does not open: {error}") from error
    if not tensors:
        raise Miss(f"{name} holds no tensors")
    for tensor, array in tensors.items():
        if not np.isfinite(array).all():
            raise Miss(f"`{tensor}` in {name} is not finite everywhere")
    return len(tensors)


if __name__ == "__main__":
    main(sys.argv[1:])
