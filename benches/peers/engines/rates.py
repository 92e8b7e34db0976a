"""Measures rows a second and peak memory of encoding Parquet files in one process and on a cluster of this machine.

    python rates.py NARROWS NARROWS_CLUSTER BUNDLE FOLDER [ROWS]

Each figure is the best of three runs of a whole program, with its start. The files have the digits, repeated, with an
id. `narrows encode` reads the same files. Memory is the peak of the resident set of each process of the cluster.
"""

import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from sklearn.datasets import load_digits

FILES = 16
RUNS = 3
PORT = 23600


def write(folder, form, rows):
    """Writes digits as a column `x` of the form in several files."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    digits = load_digits().data.astype(np.uint8)
    for file, ids in enumerate(np.array_split(np.arange(rows), FILES)):
        pixels = digits[ids % len(digits)].reshape(-1)
        if form == "binary":
            x = pa.FixedSizeBinaryArray.from_buffers(pa.binary(64), len(ids), [None, pa.py_buffer(pixels.tobytes())])
        else:
            values = pa.array(pixels.astype(np.float32) if form == "floats" else pixels)
            x = pa.FixedSizeListArray.from_arrays(values, 64)
        table = pa.table({"id": ids, "x": x})
        pyarrow.parquet.write_table(table, os.path.join(folder, f"{file:02}.parquet"))


def best(command, out):
    """Returns the seconds of the fastest of some runs."""
    seconds = []
    for _ in range(RUNS):
        shutil.rmtree(out, ignore_errors=True)
        if os.path.isfile(out):
            os.remove(out)
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak(pid):
    """Returns the peak of the resident set of a process in MB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) // 1000 for line in file if line.startswith("VmHWM"))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(child) for child in file.read().split()]


def up(cluster, executors, tasks):
    """Starts a cluster, and returns its process when it is ready."""
    flags = ["--executors", str(executors), "--tasks", str(tasks), "--port", str(PORT), "--executor-port", str(PORT + 1)]
    process = subprocess.Popen([cluster, "up", *flags], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("ready"):
            return process
    raise SystemExit("the cluster does not start")


def main():
    narrows, cluster, bundle, folder, *rows = sys.argv[1:]
    rows = int(rows[0]) if rows else 1_000_000
    print(f"{rows} rows of 64 values, {os.path.basename(bundle)}; rows a second, and the ratio to `narrows encode`")
    for form in ("floats", "bytes", "binary"):
        data, out = os.path.join(folder, f"{form}-{rows}"), os.path.join(folder, "out")
        write(data, form, rows)
        results = {}
        # `narrows` does not read FixedSizeBinary columns.
        if form != "binary":
            results["narrows encode"] = best([narrows, "--quiet", "encode", bundle, "--data", data, "--out", f"{out}.parquet"], f"{out}.parquet")
        encode = [cluster, "encode", bundle, "--data", data, "--out", out, "--quiet"]
        results["DataFusion, one process"] = best(encode, out)
        for executors in (1, 2):
            process = up(cluster, executors, 1)
            try:
                engine = ["--engine", f"ballista://127.0.0.1:{PORT}"]
                results[f"Ballista, {executors} x 1 task"] = best(encode + engine, out)
                memory = [peak(child) for child in children(process.pid)]
            finally:
                process.terminate()
                process.wait()
        base = results.get("narrows encode")
        for name, seconds in results.items():
            ratio = f"{base / seconds:.2f}" if base else ""
            print(f"{form:>7}  {name:<24} {rows / seconds:>12,.0f} {ratio:>6}")
        print(f"{form:>7}  peak memory in MB: scheduler and executors {memory}", flush=True)
        shutil.rmtree(data)
        shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    main()
