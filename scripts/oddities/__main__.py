"""Compares what Narrows reads with what pandas and Pillow read, from 360 odd tables and 100 odd folders of images.

Usage: oddities DUMP PROGRAM FOLDER [SEED]

DUMP is the example `dump` of narrows-data, PROGRAM is `narrows`. FOLDER is deleted and created again: it gets the
files. Each file is read equally, or refused with a sentence, or read differently with a note that says so. Anything
else is a silent difference, and the exit status is 1. The same SEED, 0 by default, makes the same files. With the
environment variable NARROWS_ODDITIES_VERBOSE, all refusals are printed.
"""

import collections
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import PIL
import polars as pl
import pyarrow as pa

import dialects
import images
import mixed
import texts
import typed
from case import EQUAL, REFUSED, SAID, SILENT, verdict

# The number of tables.
TABLES = 360
VERDICTS = [EQUAL, SAID, REFUSED, SILENT]
# How often each writer of random tables is used.
WRITERS = [
    (texts.of_pandas, 7),
    (texts.of_polars, 3),
    (texts.of_r, 3),
    (typed.typed, 4),
    (typed.of_pandas, 2),
    (typed.of_polars, 2),
]


def main(arguments):
    if len(arguments) not in (3, 4):
        sys.exit(__doc__)
    dump, program, folder, *seed = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print(f"pandas {pd.__version__}, Polars {pl.__version__}, pyarrow {pa.__version__}, Pillow {PIL.__version__}")
    random = np.random.default_rng(int(seed[0]) if seed else 0)
    cases = tables(folder, random) + images.all_images(folder, random)
    read = read_all(dump, [case.reading for case in cases])
    counts, silent, refusals = collections.defaultdict(collections.Counter), [], []
    for case, what in zip(cases, read):
        outcome, texts_ = verdict(case, what)
        counts[case.kind][outcome] += 1
        if outcome == SILENT:
            silent.append(f"{case.kind}: {case.reading}: {'; '.join(texts_)}")
        if outcome == REFUSED:
            refusals.append((case, texts_[0]))
    if os.environ.get("NARROWS_ODDITIES_VERBOSE"):
        for case, text in refusals:
            print(f"refused  {case.kind}: {text}")
    report(counts)
    for text in silent:
        print(f"SILENT  {text}")
    check_program(program, refusals)
    if silent:
        sys.exit(f"error: {len(silent)} of {len(cases)} files are read differently without a note")


def tables(folder, random):
    """Returns the cases of tables: those by hand, one of each type, and random ones."""
    cases = dialects.by_hand(folder) + mixed.by_hand(folder) + typed.numpy_arrays(random, folder)
    cases += [typed.one_type(folder, name, random) for name in typed.TYPES]
    cases += [typed.lists(folder, name, random) for name in typed.LISTS]
    writers = [write for write, times in WRITERS for _ in range(times)]
    index = 0
    while len(cases) < TABLES:
        case = writers[index % len(writers)](random, folder, index)
        index += 1
        if case is not None:
            cases.append(case)
    return cases


def read_all(dump, readings):
    """Returns what Narrows reads from each file. `None` from the file on at which it ended without a message."""
    lines = "".join(json.dumps(reading) + "\n" for reading in readings)
    output = subprocess.run([dump], input=lines, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout
    read = [json.loads(line) for line in output.splitlines()]
    return read + [None] * (len(readings) - len(read))


def report(counts):
    print(f"{'kind':52}" + "".join(f"{each:>9}" for each in VERDICTS))
    for kind in counts:
        print(f"{kind:52}" + "".join(f"{counts[kind][each] or '':>9}" for each in VERDICTS))
    totals = [sum(count[each] for count in counts.values()) for each in VERDICTS]
    print(f"{'total':52}" + "".join(f"{each:>9}" for each in totals))


def check_program(program, refusals):
    """Checks that the program refuses some of the files with exit status 1 and one line."""
    # The schema of other data is no option of the program.
    refusals = [(case, text) for case, text in refusals if "like" not in case.reading]
    for case, text in refusals[:: max(1, len(refusals) // 20)]:
        options = {name: value for name, value in case.reading.items() if name != "data"}
        flags = [
            case.reading["data"],
            *(f"--{name.replace('_', '-')}={flag(value)}" for name, value in options.items()),
        ]
        done = subprocess.run([program, "data", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = done.stderr.decode().splitlines()
        if done.returncode != 1 or len(lines) != 1:
            sys.exit(f"error: {program} data {flags} ended with {done.returncode} and {lines}, expected: {text}")


def flag(value):
    return ",".join('"' + each.replace('"', '""') + '"' for each in value) if isinstance(value, list) else value


if __name__ == "__main__":
    main(sys.argv[1:])
