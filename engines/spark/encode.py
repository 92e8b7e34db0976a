"""Encodes Parquet files on Spark with the encoder of a bundle.

    spark-submit --master 'local[2,4]' encode.py BUNDLE INPUT OUTPUT [--column x]

BUNDLE is a folder that `narrows train-export` wrote, INPUT a folder or a pattern of .parquet files, and OUTPUT a new
folder. The column of samples (lists of numbers or bytes) is replaced by `codes`, a FixedSizeList of float32. All other
columns are kept. The paths must be the same on all nodes. OUTPUT appears when all rows are written. Spark has no
FixedSizeList, so each task writes its own file with pyarrow. A task that runs twice replaces the file.
"""

import argparse
import functools
import glob
import hashlib
import json
import os
import shutil
import sys

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
from pyspark import TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession


class Encoder:
    """The encoder of a bundle. Each worker opens it once, checks its SHA-256, and runs it in one thread."""

    def __init__(self, bundle, column):
        with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        graph = manifest["graphs"]["encoder"]
        with open(os.path.join(bundle, graph["file"]), "rb") as file:
            model = file.read()
        if hashlib.sha256(model).hexdigest() != manifest["files"][graph["file"]]["sha256"]:
            raise ValueError(f"{file.name} has another SHA-256 than the manifest says: export the bundle again")
        if len(graph["inputs"]) > 1:
            names = " and ".join(f"`{each['name']}`" for each in graph["inputs"])
            raise ValueError(f"the encoder of {bundle} takes {names}: run it with `narrows encode`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.input, self.shape, self.column = graph["inputs"][0]["name"], graph["inputs"][0]["shape"], column
        self.output = next(each["name"] for each in graph["outputs"] if each["role"] in ("latent", "mean"))

    def __call__(self, table):
        samples = values(table, self.column, int(np.prod(self.shape)))
        (codes,) = self.session.run([self.output], {self.input: samples.reshape(table.num_rows, *self.shape)})
        lists = pa.FixedSizeListArray.from_arrays(pa.array(codes.reshape(-1)), codes.shape[1])
        return table.drop_columns([self.column]).append_column("codes", lists)


def values(table, name, features):
    """Returns the values of a column of lists or bytes, f32[rows, features]."""
    if name not in table.column_names or "codes" in table.column_names:
        raise ValueError(f"the input needs a column `{name}` and no column `codes`, it has {table.column_names}")
    column = table[name].combine_chunks()
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        rows = [row or b"" for row in column.to_pylist()]
        ends = pa.array(np.cumsum([0, *map(len, rows)]), pa.int32())
        column = pa.ListArray.from_arrays(ends, pa.array(np.frombuffer(b"".join(rows), np.uint8)))
    try:
        lists = column.cast(pa.list_(pa.float32(), features))
    except pa.ArrowException as error:
        raise ValueError(f"column `{name}` needs {features} numbers in each row, it is {kind}: {error}") from None
    numbers = lists.flatten().to_numpy(zero_copy_only=False)
    if lists.null_count or not np.isfinite(numbers).all():
        raise ValueError(f"column `{name}` has missing values, NaN or infinity")
    return numbers.reshape(-1, features)


@functools.cache
def opened(bundle, column):
    """Returns the encoder of this worker, which is opened once and serves all tasks of the worker."""
    return Encoder(bundle, column)


def encode_partition(batches, bundle, column, folder):
    """Encodes the batches of a partition, writes them to one file, and yields the number of rows."""
    task = TaskContext.get()
    path = os.path.join(folder, f"part-{task.partitionId():05}.parquet")
    writer, rows = None, 0
    for batch in batches:
        table = opened(bundle, column)(pa.Table.from_batches([batch]))
        writer = writer or pa.parquet.ParquetWriter(f"{path}.{task.taskAttemptId()}", table.schema)
        writer.write_table(table)
        rows += table.num_rows
    if writer is not None:
        writer.close()
        os.replace(writer.where, path)
    yield pa.RecordBatch.from_pydict({"rows": [rows]})


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("bundle", "input", "output"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--column", default="x")
    options = parser.parse_args()
    pattern = os.path.join(options.input, "**", "*.parquet") if os.path.isdir(options.input) else options.input
    files = sorted(glob.glob(pattern, recursive=True))
    if not files:
        raise ValueError(f"no file matches {pattern}")
    if os.path.exists(options.output):
        raise ValueError(f"{options.output} exists: name a new folder")
    # The first row finds most errors here, before a task starts.
    Encoder(options.bundle, options.column)(pyarrow.dataset.dataset(files).head(1))

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.appName("narrows encode").getOrCreate()
    # A worker imports this file as a module, which keeps the encoder between tasks.
    spark.sparkContext.addPyFile(os.path.abspath(__file__))
    partial = f"{options.output}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)

    def encode(batches):
        import encode

        return encode.encode_partition(batches, options.bundle, options.column, partial)

    spark.read.parquet(*files).mapInArrow(encode, "rows long").collect()
    for abandoned in set(glob.glob(f"{partial}/*")) - set(glob.glob(f"{partial}/*.parquet")):
        os.remove(abandoned)
    os.rename(partial, options.output)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError, KeyError, PySparkException) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
