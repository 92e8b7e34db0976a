"""Tables of typed columns as pandas, pyarrow and Polars write them, and arrays as NumPy writes them."""

import datetime
import decimal
import os

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet

from case import Case, Reference
from frames import Frame, choose

TYPES = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "decimal32": pa.decimal32(7, 2),
    "decimal64": pa.decimal64(17, 3),
    "decimal128": pa.decimal128(20, 2),
    "decimal128 of integers": pa.decimal128(25, 0),
    "decimal256": pa.decimal256(50, 4),
    "date32": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "time": pa.time32("s"),
    "duration": pa.duration("s"),
    "text": pa.string(),
    "large text": pa.large_string(),
    "binary": pa.binary(),
    "null": pa.null(),
    "dictionary of text": pa.dictionary(pa.int8(), pa.string()),
    "dictionary of integers": pa.dictionary(pa.int8(), pa.int64()),
    "struct": pa.struct([("a", pa.int64())]),
    "map": pa.map_(pa.string(), pa.int64()),
}
LISTS = {
    "list": pa.list_(pa.float64()), "large list": pa.large_list(pa.int64()), "fixed list": pa.list_(pa.float32(), 3),
    "list of bytes": pa.list_(pa.uint8()), "list of lists": pa.list_(pa.list_(pa.int16())),
    "list of text": pa.list_(pa.string()), "list of booleans": pa.list_(pa.bool_()),
}  # fmt: skip


def value(random, kind):
    """Returns a value of an Arrow type."""
    if pa.types.is_boolean(kind):
        return bool(random.integers(0, 2))
    if pa.types.is_integer(kind):
        bits = kind.bit_width - (0 if pa.types.is_unsigned_integer(kind) else 1)
        low = 0 if pa.types.is_unsigned_integer(kind) else -7
        return int(
            random.integers(low, 2 ** int(choose(random, [3, bits])) - 1, dtype=np.uint64 if bits == 64 else np.int64)
        )
    if pa.types.is_float16(kind):
        return np.float16(random.normal())
    if pa.types.is_floating(kind):
        return float(np.float32(random.normal()) if kind == pa.float32() else random.normal())
    if pa.types.is_decimal(kind):
        digits = int(random.integers(0, 10 ** min(kind.precision - 1, 17)))
        return decimal.Decimal(digits).scaleb(-kind.scale)
    if pa.types.is_date(kind):
        return datetime.date(2024, 5, int(random.integers(1, 28)))
    if pa.types.is_timestamp(kind):
        return datetime.datetime(2024, 5, int(random.integers(1, 28)))
    if pa.types.is_time(kind):
        return datetime.time(12, int(random.integers(0, 60)))
    if pa.types.is_duration(kind):
        return datetime.timedelta(seconds=int(random.integers(0, 60)))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return choose(random, ["cat", "dog", "eel"])
    if pa.types.is_binary(kind):
        return bytes(random.integers(0, 255, 4, dtype=np.uint8))
    if pa.types.is_dictionary(kind):
        return value(random, kind.value_type)
    if pa.types.is_struct(kind):
        return {"a": 1}
    if pa.types.is_map(kind):
        return [("a", 1)]
    return None


def columns_of(table):
    """Returns the numbers of each column of an Arrow table: exact integers and decimals, `None` for other types."""
    columns = {}
    for name, column in zip(table.column_names, table.columns):
        # Categories of numbers are numbers.
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        values = column.to_pylist()
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
            columns[name] = [None if each is None else int(each) for each in values]
        elif pa.types.is_floating(kind):
            columns[name] = [None if each is None else float(each) for each in values]
        elif pa.types.is_decimal(kind):
            columns[name] = values
        else:
            columns[name] = None
    return columns


def reference_of(table):
    """Returns what an Arrow table contains."""
    return Reference(columns_of(table), texts={name: table[name].to_pylist() for name in table.column_names})


def typed(random, folder, index):
    """Writes a table with columns of several types."""
    rows = int(random.integers(2, 7))
    names = list(random.permutation(list(TYPES)))[: int(random.integers(1, 5))] + ["float64", "int64"]
    names = list(dict.fromkeys(names))
    arrays = {}
    for name in names:
        kind = TYPES[name]
        values = [value(random, kind) for _ in range(rows)]
        if random.random() < 0.3:
            values[random.integers(0, rows)] = None
        arrays[name] = pa.array(values, kind) if not pa.types.is_map(kind) else pa.array(values, type=kind)
    table = pa.table(arrays)
    form = choose(random, ["parquet", "parquet without statistics", "parquet, one row per group", "feather", "arrow"])
    path = os.path.join(folder, f"{index}.{form.split(',')[0].split(' ')[0]}")
    if form == "feather":
        pa.feather.write_feather(table, path, compression=choose(random, ["zstd", "uncompressed", "lz4"]))
    elif form == "arrow":
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table, max_chunksize=2)
    else:
        options = {"compression": choose(random, ["snappy", "gzip", "zstd", "none", "brotli", "lz4"])}
        if form == "parquet without statistics":
            options.update(write_statistics=False, use_dictionary=False, data_page_version="2.0")
        if form == "parquet, one row per group":
            options["row_group_size"] = 1
        try:
            pa.parquet.write_table(table, path, **options)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return None
    reading = {"data": path, "missing": "keep"}
    return Case(f"pyarrow: {form}", reading, [reference_of(table)])


def one_type(folder, name, random):
    """Writes a table with one type, and a column of numbers."""
    kind = TYPES[name]
    table = pa.table(
        {"a": pa.array([value(random, kind) for _ in range(4)], kind), "b": pa.array([0.5, 1.5, 2.5, 3.5])}
    )
    path = os.path.join(folder, f"type {name}.arrow")
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    return Case("Arrow: one column of each type", {"data": path, "missing": "keep"}, [reference_of(table)])


def lists(folder, name, random):
    """Writes a table with a column of lists, and a column of numbers."""
    kind = LISTS[name]
    leaf = kind.value_type

    def row():
        if pa.types.is_list(leaf):
            return [[value(random, leaf.value_type) for _ in range(2)] for _ in range(3)]
        return [value(random, leaf) for _ in range(3)]

    rows = [row() for _ in range(4)]
    table = pa.table({"sample": pa.array(rows, kind), "n": pa.array([1, 2, 3, 4])})
    path = os.path.join(folder, f"{name}.parquet")
    pa.parquet.write_table(table, path)
    flat = [np.asarray(each).reshape(-1).tolist() if leaf != pa.string() else each for each in rows]
    columns = {"n": [1, 2, 3, 4]}
    if leaf != pa.string():
        columns = {str(column): list(values) for column, values in enumerate(zip(*flat))}
    case = Case("Parquet: lists", {"data": path, "missing": "keep"}, [Reference(columns, header=leaf == pa.string())])
    case.notes = ["columns"]
    return case


def of_pandas(random, folder, index):
    """Writes a table with `to_parquet` and `to_feather`."""
    frame = Frame(random, text_columns=True)
    table = pd.DataFrame(frame.columns)
    kind = choose(
        random, ["plain", "named index", "two indices", "time index", "nullable", "category", "numbers as names"]
    )
    if kind == "named index":
        table.index = pd.Index(range(5, 5 + len(table)), name="id").astype("int32")
    elif kind == "two indices":
        table.index = pd.MultiIndex.from_product([["a"], range(len(table))], names=["k", None])
    elif kind == "time index":
        table.index = pd.date_range("2024-01-01", periods=len(table))
    elif kind == "nullable":
        table = table.convert_dtypes()
    elif kind == "category":
        table = table.astype({name: "category" for name in list(table.columns)[:1]})
    elif kind == "numbers as names":
        table = pd.DataFrame(random.normal(size=(3, 2)))
    path = os.path.join(folder, f"{index}.parquet")
    try:
        table.to_parquet(path)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError):
        return None
    reading = {"data": path, "missing": "keep"}
    return Case(f"pandas to Parquet: {kind}", reading, [reference_of(pa.parquet.read_table(path))])


def of_polars(random, folder, index):
    """Writes a table with `write_parquet` and `write_ipc`."""
    frame = Frame(random)
    table = pl.DataFrame(frame.columns, strict=False)
    kind = choose(random, ["Parquet", "Parquet without statistics", "IPC", "categories", "narrow types"])
    if kind == "categories" and frame.others:
        table = table.with_columns(pl.col(frame.others[0]).cast(pl.String).cast(pl.Categorical))
    if kind == "narrow types":
        table = pl.DataFrame({
            "a": pl.Series([1, 2, None], dtype=pl.UInt8), "b": pl.Series([1, 2, 3], dtype=pl.Int16),
            "c": pl.Series([0.5, 0.25, 1.5], dtype=pl.Float32), "d": pl.Series([True, None, False]),
            "e": pl.Series([decimal.Decimal("1.25"), decimal.Decimal("123456789.01"), None], dtype=pl.Decimal(12, 2)),
        })  # fmt: skip
    path = os.path.join(folder, f"{index}.{'arrow' if kind == 'IPC' else 'parquet'}")
    try:
        if kind == "IPC":
            table.write_ipc(path)
        else:
            table.write_parquet(path, statistics=kind != "Parquet without statistics")
    except pl.exceptions.PolarsError:
        return None
    reading = {"data": path, "missing": "keep"}
    return Case(f"Polars: {kind}", reading, [reference_of(table.to_arrow())])


def numpy_arrays(random, folder):
    """Writes arrays of every type, in both byte orders and both memory orders, and archives."""
    cases = []
    for index, name in enumerate("? u1 i1 <u2 >i2 <u4 >i4 <u8 >i8 <f2 >f4 <f8 >f8".split()):
        kind = np.dtype(name)
        array = (random.normal(size=(4, 3)) * 50).astype(np.int64 if kind.kind != "f" else np.float64)
        array = np.abs(array).astype(kind) if kind.kind in "u?" else array.astype(kind)
        if kind.kind in "iu" and kind.itemsize >= 4:
            array[0] = [2**24 + 1, 2**24, 3]
        if name == ">f8":
            array[:, 0] = 20_000 + np.arange(4) * 1e-5
        array = np.asfortranarray(array) if index % 2 else array
        path = os.path.join(folder, f"{index}.{'npz' if index % 3 == 2 else 'npy'}")
        if path.endswith("npz"):
            np.savez_compressed(path, array)
        else:
            np.save(path, array)
        columns = {str(column): array[:, column].tolist() for column in range(3)}
        cases.append(
            Case("NumPy: arrays of every type", {"data": path, "missing": "keep"}, [Reference(columns, header=False)])
        )
    for name, array in [("object", np.array([[1, "x"]], dtype=object)), ("complex", np.ones((2, 2), complex)),
                        ("text", np.array([["a", "b"]])), ("date", np.array([["2024-01-01"]], dtype="datetime64[D]")),
                        ("record", np.zeros(3, dtype=[("a", "f4"), ("b", "i4")])), ("vector", np.zeros(4)),
                        ("scalar", np.float64(1)), ("empty", np.zeros((0, 3))),
                        ("infinite", np.full((2, 2), np.inf))]:  # fmt: skip
        path = os.path.join(folder, f"{name}.npy")
        np.save(path, array)
        cases.append(Case("NumPy: arrays that are no samples", {"data": path, "missing": "keep"}, [Reference({})]))
    return cases
