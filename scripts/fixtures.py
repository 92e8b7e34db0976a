"""Writes small files to data/tests/fixtures/ with NumPy, pandas, pyarrow and Pillow, and expected.json, which describes
their contents and how to read them.

    just fixtures

The same versions of these packages always write the same bytes. Values are a function of row and column, so a value in
the wrong row or column is detected. The keys of an entry of expected.json:

    file     path relative to the folder
    reading  reading options, as in a configuration file
    shape    shape of one sample
    bytes    whether values are read as bytes
    rows     samples, flattened; null is a missing value
    labels   class name of each row, if there are labels
    columns  names of the features, if they have names
    others   names of the pass-through columns, sorted
    test     rows and labels of the test part, if there is one
    within   absolute tolerance of values, 0 if absent
"""

import gzip
import io
import json
import os
import shutil
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "tests", "fixtures")
IDX_TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
NUMPY_TYPES = ["b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
KINDS = ["cat", "dog", "cat", "eel", "dog"]
DIGITS = [7, 10, 7, 2, 10]

expected = []


def main():
    shutil.rmtree(HERE, True)
    for write in (idx, npy, npz, safetensors, text, json_lines, parquet, arrow, images):
        write()
    entries = ",\n".join(json.dumps(each, separators=(",", ":")) for each in expected)
    with open(path_of("expected.json"), "w", encoding="utf-8", newline="\n") as file:
        file.write(f"[\n{entries}\n]\n")


def path_of(name):
    """Returns the path of a fixture, whose folder is created."""
    path = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write_bytes(name, content):
    with open(path_of(name), "wb") as file:
        file.write(content)


def gzipped(content):
    return gzip.compress(content, mtime=0)


def expect(file, rows, shape=None, **more):
    """Adds an entry for a file to expected.json. Arguments that are None are omitted."""
    rows = np.asarray(rows)
    entry = {"file": file, "shape": list(rows.shape[1:] if shape is None else shape), "rows": flat(rows)}
    entry.update({name: value for name, value in more.items() if value is not None})
    entry.setdefault("bytes", rows.dtype.kind == "b" or rows.dtype == np.uint8)
    expected.append(entry)


def flat(rows):
    """Returns rows as lists of numbers, with None for missing values."""
    numbers = np.asarray(rows).reshape(len(rows), -1).astype(np.float32).astype(np.float64)
    return [[None if np.isnan(number) else number for number in row] for row in numbers.tolist()]


def array(kind, shape=(5, 2, 3)):
    """Returns an array whose values differ by position and cover the range of the type, including its extremes."""
    count = int(np.prod(shape))
    kind = np.dtype(kind)
    if kind.kind == "b":
        return (np.arange(count) * 7 % 3 == 0).reshape(shape)
    if kind.kind == "f":
        numbers = (np.arange(count) * 0.37 - 4).astype(kind)
        numbers[:2] = [np.finfo(kind).smallest_subnormal, -np.finfo(np.float32 if kind.itemsize > 4 else kind).max]
        return numbers.reshape(shape)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    numbers = [low + (high - low) * index // (count - 1) for index in range(count)]
    return np.array(numbers, dtype=kind).reshape(shape)


def idx_bytes(numbers):
    kind = IDX_TYPES[numbers.dtype.str[1:]]
    sizes = b"".join(size.to_bytes(4, "big") for size in numbers.shape)
    return bytes([0, 0, kind, numbers.ndim]) + sizes + numbers.astype(numbers.dtype.newbyteorder(">")).tobytes()


def idx():
    write_bytes("idx/labels.idx1", idx_bytes(np.array(DIGITS, dtype="u1")))
    write_bytes("idx/labels-i4.idx1.gz", gzipped(idx_bytes(np.array(DIGITS, dtype="i4"))))
    labels = list(map(str, DIGITS))
    for kind in IDX_TYPES:
        numbers = array(kind)
        write_bytes(f"idx/{kind}.idx", idx_bytes(numbers))
        write_bytes(f"idx/{kind}.idx.gz", gzipped(idx_bytes(numbers)))
        expect(f"idx/{kind}.idx", numbers)
        expect(f"idx/{kind}.idx.gz", numbers)
    expect("idx/i2.idx", array("i2"), reading={"labels": "idx/labels.idx1"}, labels=labels)
    expect("idx/u1.idx.gz", array("u1"), reading={"labels": "idx/labels-i4.idx1.gz"}, labels=labels)
    train, test = array("u1", (5, 3, 2)), array("u1", (2, 3, 2))
    write_bytes("idx/set/train-images-idx3-ubyte.gz", gzipped(idx_bytes(train)))
    write_bytes("idx/set/train-labels-idx1-ubyte.gz", gzipped(idx_bytes(np.array(DIGITS, dtype="u1"))))
    write_bytes("idx/set/t10k-images.idx3-ubyte", idx_bytes(test))
    write_bytes("idx/set/t10k-labels.idx1-ubyte", idx_bytes(np.array([2, 7], dtype="u1")))
    expect("idx/set", train, labels=labels, test={"rows": flat(test), "labels": ["2", "7"]})


def npy_bytes(numbers, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, numbers, version=version)
    return file.getvalue()


def npy():
    write_bytes("npy/labels.npy", npy_bytes(np.array(DIGITS)))
    write_bytes("npy/labels-b1.npy", npy_bytes(np.array(DIGITS) > 7))
    for kind in NUMPY_TYPES:
        numbers = array(kind)
        orders = ["<", ">"] if numbers.itemsize > 1 else ["|"]
        for order in orders:
            ordered = numbers.astype(numbers.dtype.newbyteorder(order))
            for layout in "CF":
                name = f"npy/{kind}-{ {'<': 'little', '>': 'big', '|': 'byte'}[order] }-{layout.lower()}.npy"
                write_bytes(name, npy_bytes(np.asarray(ordered, order=layout)))
                expect(name, numbers)
    for version in (2, 3):
        for layout in "CF":
            name = f"npy/version-{version}-{layout.lower()}.npy"
            write_bytes(name, npy_bytes(np.asarray(array("f4"), order=layout), (version, 0)))
            expect(name, array("f4"))
    flat_rows = array("f8", (4, 3))
    write_bytes("npy/flat-f.npy", npy_bytes(np.asfortranarray(flat_rows)))
    expect("npy/flat-f.npy", flat_rows)
    labels = list(map(str, DIGITS))
    expect("npy/f4-big-c.npy", array("f4"), reading={"labels": "npy/labels.npy"}, labels=labels)
    expect("npy/u1-byte-f.npy", array("u1"), reading={"labels": "npy/labels.npy"}, labels=labels)
    with_missing = array("f4", (4, 3))
    with_missing[1, 2] = np.nan
    for layout in "CF":
        name = f"npy/holes-{layout.lower()}.npy"
        write_bytes(name, npy_bytes(np.asarray(with_missing, order=layout)))
        expect(name, with_missing, reading={"missing": "keep"})
        expect(name, with_missing[[0, 2, 3]], reading={"missing": "drop"})


def npz():
    x, y = array("f4"), np.array(DIGITS)
    labels = list(map(str, DIGITS))
    fortran = np.asfortranarray(array("i2"))
    for save, name in ((np.savez, "stored"), (np.savez_compressed, "deflated")):
        save(path_of(f"npz/{name}.npz"), x)
        expect(f"npz/{name}.npz", x)
        save(path_of(f"npz/{name}-xy.npz"), x=x, y=y)
        expect(f"npz/{name}-xy.npz", x, labels=labels)
        save(path_of(f"npz/{name}-keyed.npz"), first=array("u1"), second=fortran, kinds=y.reshape(-1, 1))
        expect(f"npz/{name}-keyed.npz", array("u1"), reading={"key": "first"})
        reading = {"key": "second", "label_column": "kinds"}
        expect(f"npz/{name}-keyed.npz", fortran, reading=reading, labels=labels)
        pictures, more = array("u1", (5, 4, 4)), array("u1", (2, 4, 4))
        parts = {"x_train": pictures, "y_train": y.astype("u1"), "x_test": more, "y_test": np.array([2, 7], "u1")}
        save(path_of(f"npz/{name}-keras.npz"), **parts)
        expect(f"npz/{name}-keras.npz", pictures, labels=labels, test={"rows": flat(more), "labels": ["2", "7"]})


def safetensors():
    """Writes a length, a header in JSON and the bytes of all tensors, as safetensors.numpy does."""

    def save(name, tensors):
        header, content = {}, b""
        for key, (kind, numbers) in tensors.items():
            ends = [len(content), len(content) + numbers.nbytes]
            header[key] = {"dtype": kind, "shape": list(numbers.shape), "data_offsets": ends}
            content += numbers.tobytes()
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        write_bytes(name, len(text).to_bytes(8, "little") + text + content)

    kinds = {"b1": "BOOL", "u1": "U8", "u2": "U16", "u4": "U32", "u8": "U64", "i1": "I8", "i2": "I16", "i4": "I32"}
    kinds.update({"i8": "I64", "f2": "F16", "f4": "F32", "f8": "F64"})
    for kind, name in kinds.items():
        save(f"safetensors/{kind}.safetensors", {"x": (name, array(kind))})
        expect(f"safetensors/{kind}.safetensors", array(kind))
    numbers = (np.arange(30) * 0.5 - 4).astype("f4").reshape(5, 6)
    half = (numbers.view("u4") >> 16).astype("u2")
    save("safetensors/labelled.safetensors", {"ids": ("I64", np.array(DIGITS)), "embeddings": ("BF16", half)})
    labels = list(map(str, DIGITS))
    expect("safetensors/labelled.safetensors", numbers)
    reading = {"key": "embeddings", "label_column": "ids"}
    expect("safetensors/labelled.safetensors", numbers, reading=reading, labels=labels)


def table():
    """Returns five rows with two numeric columns and two text columns."""
    return pd.DataFrame(
        {
            "id": [f"r{row}" for row in range(5)],
            "height": [1.5, -2.25, 1e-3, 1234567.0, 0.1],
            "width": [3.0, 0.5, -0.0, 1e30, 2.5],
            "kind": KINDS,
        }
    )


def text():
    full = table()
    numbers = full[["height", "width"]]
    names = ["height", "width"]
    plain = numbers.to_csv(index=False)
    expect("csv/plain.csv", numbers, columns=names)
    write_bytes("csv/plain.csv", plain.encode())
    write_bytes("csv/windows.csv", plain.replace("\n", "\r\n").encode("utf-8-sig"))
    expect("csv/windows.csv", numbers, columns=names)
    write_bytes("csv/plain.csv.gz", gzipped(plain.encode()))
    expect("csv/plain.csv.gz", numbers, columns=names)
    numbers.to_csv(path_of("csv/headless.csv"), index=False, header=False)
    expect("csv/headless.csv", numbers)
    numbers.to_csv(path_of("csv/table.tsv"), index=False, sep="\t")
    expect("csv/table.tsv", numbers, columns=names)
    numbers.to_csv(path_of("csv/semicolons.csv"), index=False, sep=";")
    expect("csv/semicolons.csv", numbers, reading={"delimiter": ";"}, columns=names)
    numbers.to_csv(path_of("csv/quoted.csv"), index=False, quoting=1)
    expect("csv/quoted.csv", numbers, columns=names)
    numbers.to_csv(path_of("csv/apostrophes.csv"), index=False, quoting=1, quotechar="'")
    expect("csv/apostrophes.csv", numbers, reading={"quote": "'"}, columns=names)
    numbers.to_csv(path_of("csv/index.csv"))
    reading = {"header": "yes", "ignore": ["0"]}
    expect("csv/index.csv", numbers, reading=reading, columns=names)
    reading = {"header": "yes", "columns": ["width", "height"]}
    expect("csv/index.csv", full[["width", "height"]], reading=reading, columns=names[::-1])
    full.to_csv(path_of("csv/whole.csv"), index=False)
    reading = {"label_column": "kind", "ignore": ["id"]}
    expect("csv/whole.csv", numbers, reading=reading, columns=names, labels=KINDS, others=["id", "kind"])
    reading = {"label_column": "3", "columns": ["2"]}
    others = ["height", "id", "kind"]
    expect("csv/whole.csv", full[["width"]], reading=reading, columns=["width"], labels=KINDS, others=others)
    odd = full.assign(id=['say "hi"', "a,b", "two\nlines", "ünï", ""])
    odd.to_csv(path_of("csv/odd.csv"), index=False)
    reading = {"columns": names, "label_column": "kind"}
    expect("csv/odd.csv", numbers, reading=reading, columns=names, labels=KINDS, others=["id", "kind"])
    with_missing = numbers.copy()
    with_missing.iloc[1, 1] = np.nan
    for name, marker in (("empty", ""), ("na", "NA"), ("null", "null")):
        with_missing.to_csv(path_of(f"csv/holes-{name}.csv"), index=False, na_rep=marker)
        expect(f"csv/holes-{name}.csv", with_missing, reading={"missing": "keep"}, columns=names)
        expect(f"csv/holes-{name}.csv", with_missing.dropna(), reading={"missing": "drop"}, columns=names)
    pd.Series(KINDS, name="kind").to_csv(path_of("csv/labels.csv"), index=False, header=False)
    expect("csv/plain.csv", numbers, reading={"labels": "csv/labels.csv"}, columns=names, labels=KINDS)


def columnar():
    """Yields typed tables: the name, the table, and the arguments of `expect` for each way to read it."""
    full = table()
    numbers = full[["height", "width"]]
    names = ["height", "width"]
    days = pa.array(pd.date_range("2024-02-28", periods=5), pa.timestamp("us"))
    mixed = pa.table(
        {
            "id": pa.array(full["id"]),
            "day": days,
            "height": pa.array(full["height"], pa.float64()),
            "count": pa.array(range(-2, 3), pa.int64()),
            "flag": pa.array([True, False, True, True, False]),
            "kind": pa.array(KINDS).dictionary_encode(),
        }
    )
    rows = np.stack([full["height"], np.arange(-2.0, 3), [1.0, 0, 1, 1, 0]], axis=1)
    in_mixed = ["height", "count", "flag"]
    yield "plain", pa.table(dict(numbers.items())), [dict(rows=numbers, columns=names)]
    # A row of a mixed table: the position of a level from 1, the parts of a date, and numbers. The most frequent level
    # is the first one, and false is before true.
    parts = [[day.toordinal() - 719_163, day.month, day.weekday() + 1] for day in pd.date_range("2024-02-28", periods=5)]
    cells = np.column_stack([range(1, 6), parts, rows[:, :2], rows[:, 2] + 1, [1, 2, 1, 3, 2]])
    in_cells = ["id", "day.day", "day.month", "day.weekday", *in_mixed, "kind"]

    def without(*left_out):
        kept = [name not in left_out for name in in_cells]
        return dict(rows=cells[:, kept], columns=[name for name in in_cells if name not in left_out])

    counts = ["-2", "-1", "0", "1", "2"]
    yield "mixed", mixed, [
        dict(rows=cells, columns=in_cells, others=[]),
        dict(**without("kind"), labels=KINDS, reading={"label_column": "kind"}, others=["kind"]),
        dict(**without("count", "flag"), reading={"ignore": ["count", "flag"]}, others=["count", "flag"]),
        dict(**without("count"), reading={"label_column": "count"}, labels=counts),
        # Without text and dates among the features, it is a table of numbers.
        dict(rows=rows, columns=in_mixed, reading={"ignore": ["day", "id", "kind"]}, others=["day", "id", "kind"]),
        dict(rows=rows, columns=in_mixed, labels=KINDS, reading={"columns": in_mixed, "label_column": "kind"}),
        dict(rows=rows[:, [2, 0]], columns=["flag", "height"], reading={"columns": ["flag", "height"]}),
    ]
    pixels = array("u1", (5, 3))
    yield "bytes", pa.table({f"p{column}": pixels[:, column] for column in range(3)}), [
        dict(rows=pixels, columns=["p0", "p1", "p2"])
    ]
    lists = pa.array(array("f4", (5, 4)).tolist(), pa.list_(pa.float32()))
    yield "list", pa.table({"id": full["id"], "x": lists, "y": DIGITS}), [
        dict(rows=array("f4", (5, 4)), others=["id", "y"]),
        dict(rows=array("f4", (5, 4)), labels=list(map(str, DIGITS)), reading={"label_column": "y"}),
    ]
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(array("u1", (5, 4)).ravel()), 4)
    yield "fixed-list", pa.table({"x": fixed, "kind": KINDS}), [
        dict(rows=array("u1", (5, 4)), labels=KINDS, reading={"label_column": "kind"})
    ]
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(array("f4"))
    yield "tensor", pa.table({"x": tensors, "kind": KINDS}), [
        dict(rows=array("f4"), labels=KINDS, reading={"label_column": "kind"})
    ]
    half = pa.FixedSizeListArray.from_arrays(pa.array(array("f2", (5, 4)).ravel()), 4)
    yield "half-list", pa.table({"x": half}), [dict(rows=array("f2", (5, 4)))]
    with_nan = numbers.astype("float64")
    with_nan.iloc[1, 1] = np.nan
    nulls = pa.table({name: pa.array(with_nan[name], from_pandas=True) for name in names})
    yield "nulls", nulls, [
        dict(rows=with_nan, columns=names, reading={"missing": "keep"}),
        dict(rows=with_nan.dropna(), columns=names, reading={"missing": "drop"}),
    ]
    prices = [None if row == 2 else row * Decimal("1.25") for row in range(5)]
    prices = pa.table({"price": pa.array(prices, pa.decimal128(12, 2))})
    priced = np.array([[np.nan if row == 2 else row * 1.25] for row in range(5)])
    yield "decimal", prices, [dict(rows=priced, columns=["price"], reading={"missing": "keep"})]


def json_lines():
    full = table()
    names = ["height", "width"]
    full.to_json(path_of("json/pandas.jsonl"), orient="records", lines=True, double_precision=15)
    reading = {"label_column": "kind", "ignore": ["id"]}
    expect("json/pandas.jsonl", full[names], columns=names, labels=KINDS, reading=reading, others=["id", "kind"])
    lists = array("f4", (5, 3)).tolist()
    lines = [json.dumps({"v": row, "y": label}) for row, label in zip(lists, DIGITS)]
    write_bytes("json/lists.ndjson.gz", gzipped(("\n".join(lines) + "\n").encode()))
    labels = list(map(str, DIGITS))
    columns = ["v_0", "v_1", "v_2"]
    expect("json/lists.ndjson.gz", array("f4", (5, 3)), columns=columns, labels=labels, reading={"label_column": "y"})
    write_bytes("json/arrays.jsonl", "".join(json.dumps(row) + "\r\n" for row in lists).encode())
    expect("json/arrays.jsonl", array("f4", (5, 3)))


def parquet():
    tables = dict((name, (table, entries)) for name, table, entries in columnar())
    for name, (each, entries) in tables.items():
        pa.parquet.write_table(each, path_of(f"parquet/{name}.parquet"), row_group_size=2)
        for entry in entries:
            expect(f"parquet/{name}.parquet", **entry)
    plain, entries = tables["plain"]
    for compression in ("none", "snappy", "gzip", "zstd", "lz4"):
        name = f"parquet/{compression}.parquet"
        repeated = pa.concat_tables([plain] * 20).combine_chunks()
        pa.parquet.write_table(repeated, path_of(name), compression=compression, use_dictionary=False, row_group_size=30)
        expect(name, np.tile(entries[0]["rows"].to_numpy(), (20, 1)), columns=["height", "width"])
    table().to_parquet(path_of("parquet/pandas.pq"))
    reading = {"label_column": "kind", "ignore": ["id"]}
    expect("parquet/pandas.pq", **entries[0], labels=KINDS, reading=reading, others=["id", "kind"])
    categories = pd.DataFrame({"flag": [True, False, True], "size": [1.5, 2.5, 1.5], "level": [3, 4, 3]})
    categories.astype("category").to_parquet(path_of("parquet/categories.parquet"))
    expect("parquet/categories.parquet", categories.astype("f4"), columns=list(categories))
    pa.parquet.write_table(plain, path_of("parquet/new-pages.parquet"), data_page_version="2.0", compression="zstd")
    expect("parquet/new-pages.parquet", **entries[0])


def arrow():
    for name, each, entries in columnar():
        with pa.ipc.new_file(path_of(f"arrow/{name}.arrow"), each.schema) as writer:
            writer.write_table(each, max_chunksize=2)
        with pa.ipc.new_stream(path_of(f"arrow/{name}-stream.arrow"), each.schema) as writer:
            writer.write_table(each, max_chunksize=2)
        for entry in entries:
            expect(f"arrow/{name}.arrow", **entry)
            expect(f"arrow/{name}-stream.arrow", **entry)
    for compression in ("lz4", "zstd", "uncompressed"):
        repeated = pd.concat([table()[["height", "width"]]] * 20, ignore_index=True)
        pa.feather.write_feather(repeated, path_of(f"arrow/{compression}.feather"), compression=compression)
        expect(f"arrow/{compression}.feather", repeated, columns=["height", "width"])


def images():
    """Writes images of 6 x 4 pixels, two per class."""

    def picture(seed, channels):
        ramp = np.add.outer(np.arange(4) * 40, np.arange(6) * 8)[..., None] + np.arange(channels) * 9 + seed * 5
        return (ramp % 256).astype("u1")

    Image.fromarray(np.tile(picture(0, 3), (8, 8, 1))).save(path_of("images/progressive.jpg"), progressive=True)

    def folder(name, ending, channels, save, **more):
        rows = [picture(seed, channels) for seed in range(4)]
        for seed, pixels in enumerate(rows):
            save(pixels, path_of(f"images/{name}/{'ab'[seed // 2]}/{seed}.{ending}"))
        expect(f"images/{name}", np.stack(rows), labels=list("aabb"), others=["file", "label"], **more)

    def write(mode=None, **options):
        def save(pixels, path):
            image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
            (image.convert(mode) if mode else image).save(path, **options)

        return save

    def palette(pixels, path):
        """Saves an image with a palette that contains all its colours."""
        image = Image.fromarray(pixels)
        image.quantize(24, dither=Image.Dither.NONE).save(path)
        assert (np.asarray(Image.open(path).convert("RGB")) == pixels).all()

    first, second = (Image.fromarray(picture(seed, 1)[..., 0]) for seed in range(2))
    for name in ("frames/0.png", "frames/1.tiff", "frames/2.gif"):
        first.save(path_of(f"images/{name}"), save_all=True, append_images=[second])
    first.save(path_of("images/frames/3.png"))
    grey = {"channels": "grey"}
    expect("images/frames", np.stack([picture(0, 1)] * 4), reading=grey, others=["file"], within=1)

    def flat_picture(pixels, path):
        Image.fromarray(pixels[..., 0]).save(path, quality=100, subsampling=0)

    folder("grey", "png", 1, write())
    folder("rgb", "PNG", 3, write())
    folder("opaque", "png", 3, write("RGBA"))
    ramp = np.add.outer(np.arange(4) * 977, np.arange(6) * 331)[..., None]
    deep = np.stack([ramp * (seed + 1) + seed * seed * 61 for seed in range(20)]).astype("u2") % 4096
    for ending in ("png", "tiff"):
        for seed, pixels in enumerate(deep):
            Image.fromarray(pixels[..., 0]).save(path_of(f"images/deep-{ending}/{seed}.{ending}"))
        expect(f"images/deep-{ending}", deep, others=["file"])
    expect("images/deep-png/3.png", deep[3:4], others=["file"])
    eight = np.rint(deep / 257).astype("u1")
    expect("images/deep-png", eight, reading={"depth": 8}, others=["file"])
    folder("palette", "png", 3, palette)
    folder("webp", "webp", 3, write(lossless=True))
    folder("jpeg", "jpg", 3, write(quality=100, subsampling=0), within=3)
    folder("jpeg-grey", "jpeg", 1, flat_picture, within=3)
    single = [picture(seed, 1) for seed in range(3)]
    for seed, pixels in enumerate(single):
        write()(pixels, path_of(f"images/unsorted/{seed}.png"))
    write_bytes("images/unsorted/notes.txt", b"no picture\n")
    expect("images/unsorted", np.stack(single), others=["file"])
    bright = np.repeat(np.stack(single), 3, axis=3)
    expect("images/unsorted", bright, reading={"channels": "rgb"})


main()
