"""Writes the small files of data/tests/fixtures/ by NumPy, pandas, pyarrow and Pillow, and expected.json, which says
what is in them and how they are read.

    just fixtures

The same packages write the same bytes again. What a file holds is a rule of row and column, so that a value in the
wrong place shows. An entry of expected.json:

    file     below the folder
    reading  the options, as a configuration file has them
    shape    of one sample
    bytes    whether values stay bytes
    rows     the samples, flattened; null is a missing value
    labels   the name of the class of each row, if there are labels
    columns  the names of the features, if there are some
    others   the names of the columns that are carried along, sorted
    test     rows and labels of the test part, if there is one
    within   how far a value may be off, 0 where it is not said
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
    for write in (idx, npy, npz, text, parquet, arrow, images):
        write()
    entries = ",\n".join(json.dumps(each, separators=(",", ":")) for each in expected)
    with open(place("expected.json"), "w", encoding="utf-8", newline="\n") as file:
        file.write(f"[\n{entries}\n]\n")


def place(name):
    path = os.path.join(HERE, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def put(name, content):
    with open(place(name), "wb") as file:
        file.write(content)


def zipped(content):
    return gzip.compress(content, mtime=0)


def expect(file, rows, shape=None, **more):
    """Notes down what the file holds; every other argument is left out where it says nothing."""
    rows = np.asarray(rows)
    entry = {"file": file, "shape": list(rows.shape[1:] if shape is None else shape), "rows": flat(rows)}
    entry.update({name: value for name, value in more.items() if value is not None})
    entry.setdefault("bytes", rows.dtype.kind == "b" or rows.dtype == np.uint8)
    expected.append(entry)


def flat(rows):
    numbers = np.asarray(rows).reshape(len(rows), -1).astype(np.float32).astype(np.float64)
    return [[None if np.isnan(number) else number for number in row] for row in numbers.tolist()]


def array(kind, shape=(5, 2, 3)):
    """Numbers that tell their place and use the width of the type, its lowest and highest among them."""
    count = int(np.prod(shape))
    kind = np.dtype(kind)
    if kind.kind == "b":
        return (np.arange(count) * 7 % 3 == 0).reshape(shape)
    if kind.kind == "f":
        numbers = (np.arange(count) * 0.37 - 4).astype(kind)
        numbers[:2] = [np.finfo(kind).smallest_subnormal, -np.finfo(np.float32 if kind.itemsize > 4 else kind).max]
        return numbers.reshape(shape)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    numbers = [low + (high - low) * place // (count - 1) for place in range(count)]
    return np.array(numbers, dtype=kind).reshape(shape)


def idx_bytes(numbers):
    kind = IDX_TYPES[numbers.dtype.str[1:]]
    sizes = b"".join(size.to_bytes(4, "big") for size in numbers.shape)
    return bytes([0, 0, kind, numbers.ndim]) + sizes + numbers.astype(numbers.dtype.newbyteorder(">")).tobytes()


def idx():
    put("idx/labels.idx1", idx_bytes(np.array(DIGITS, dtype="u1")))
    put("idx/labels-i4.idx1.gz", zipped(idx_bytes(np.array(DIGITS, dtype="i4"))))
    labels = list(map(str, DIGITS))
    for kind in IDX_TYPES:
        numbers = array(kind)
        put(f"idx/{kind}.idx", idx_bytes(numbers))
        put(f"idx/{kind}.idx.gz", zipped(idx_bytes(numbers)))
        expect(f"idx/{kind}.idx", numbers)
        expect(f"idx/{kind}.idx.gz", numbers)
    expect("idx/i2.idx", array("i2"), reading={"labels": "idx/labels.idx1"}, labels=labels)
    expect("idx/u1.idx.gz", array("u1"), reading={"labels": "idx/labels-i4.idx1.gz"}, labels=labels)
    train, test = array("u1", (5, 3, 2)), array("u1", (2, 3, 2))
    put("idx/set/train-images-idx3-ubyte.gz", zipped(idx_bytes(train)))
    put("idx/set/train-labels-idx1-ubyte.gz", zipped(idx_bytes(np.array(DIGITS, dtype="u1"))))
    put("idx/set/t10k-images.idx3-ubyte", idx_bytes(test))
    put("idx/set/t10k-labels.idx1-ubyte", idx_bytes(np.array([2, 7], dtype="u1")))
    expect("idx/set", train, labels=labels, test={"rows": flat(test), "labels": ["2", "7"]})


def npy_bytes(numbers, version=(1, 0)):
    file = io.BytesIO()
    np.lib.format.write_array(file, numbers, version=version)
    return file.getvalue()


def npy():
    put("npy/labels.npy", npy_bytes(np.array(DIGITS)))
    put("npy/labels-b1.npy", npy_bytes(np.array(DIGITS) > 7))
    for kind in NUMPY_TYPES:
        numbers = array(kind)
        orders = ["<", ">"] if numbers.itemsize > 1 else ["|"]
        for order in orders:
            ordered = numbers.astype(numbers.dtype.newbyteorder(order))
            for layout in "CF":
                name = f"npy/{kind}-{ {'<': 'little', '>': 'big', '|': 'byte'}[order] }-{layout.lower()}.npy"
                put(name, npy_bytes(np.asarray(ordered, order=layout)))
                expect(name, numbers)
    for version in (2, 3):
        for layout in "CF":
            name = f"npy/version-{version}-{layout.lower()}.npy"
            put(name, npy_bytes(np.asarray(array("f4"), order=layout), (version, 0)))
            expect(name, array("f4"))
    flat_rows = array("f8", (4, 3))
    put("npy/flat-f.npy", npy_bytes(np.asfortranarray(flat_rows)))
    expect("npy/flat-f.npy", flat_rows)
    labels = list(map(str, DIGITS))
    expect("npy/f4-big-c.npy", array("f4"), reading={"labels": "npy/labels.npy"}, labels=labels)
    expect("npy/u1-byte-f.npy", array("u1"), reading={"labels": "npy/labels.npy"}, labels=labels)
    holes = array("f4", (4, 3))
    holes[1, 2] = np.nan
    for layout in "CF":
        name = f"npy/holes-{layout.lower()}.npy"
        put(name, npy_bytes(np.asarray(holes, order=layout)))
        expect(name, holes, reading={"missing": "keep"})
        expect(name, holes[[0, 2, 3]], reading={"missing": "drop"})


def npz():
    x, y = array("f4"), np.array(DIGITS)
    labels = list(map(str, DIGITS))
    fortran = np.asfortranarray(array("i2"))
    for save, name in ((np.savez, "stored"), (np.savez_compressed, "deflated")):
        save(place(f"npz/{name}.npz"), x)
        expect(f"npz/{name}.npz", x)
        save(place(f"npz/{name}-xy.npz"), x=x, y=y)
        expect(f"npz/{name}-xy.npz", x, labels=labels)
        save(place(f"npz/{name}-keyed.npz"), first=array("u1"), second=fortran, kinds=y.reshape(-1, 1))
        expect(f"npz/{name}-keyed.npz", array("u1"), reading={"key": "first"})
        reading = {"key": "second", "label_column": "kinds"}
        expect(f"npz/{name}-keyed.npz", fortran, reading=reading, labels=labels)
        pictures, more = array("u1", (5, 4, 4)), array("u1", (2, 4, 4))
        parts = {"x_train": pictures, "y_train": y.astype("u1"), "x_test": more, "y_test": np.array([2, 7], "u1")}
        save(place(f"npz/{name}-keras.npz"), **parts)
        expect(f"npz/{name}-keras.npz", pictures, labels=labels, test={"rows": flat(more), "labels": ["2", "7"]})


def table():
    """Five rows with two columns of numbers, and much that is none of them."""
    return pd.DataFrame(
        {
            "id": [f"r{row}" for row in range(5)],
            "height": [1.5, -2.25, 1e-3, 1234567.0, 0.1],
            "width": [3.0, 0.5, -0.0, 1e30, 2.5],
            "kind": KINDS,
        }
    )


def text():
    whole = table()
    numbers = whole[["height", "width"]]
    names = ["height", "width"]
    plain = numbers.to_csv(index=False)
    expect("csv/plain.csv", numbers, columns=names)
    put("csv/plain.csv", plain.encode())
    put("csv/windows.csv", plain.replace("\n", "\r\n").encode("utf-8-sig"))
    expect("csv/windows.csv", numbers, columns=names)
    put("csv/plain.csv.gz", zipped(plain.encode()))
    expect("csv/plain.csv.gz", numbers, columns=names)
    numbers.to_csv(place("csv/headless.csv"), index=False, header=False)
    expect("csv/headless.csv", numbers)
    numbers.to_csv(place("csv/table.tsv"), index=False, sep="\t")
    expect("csv/table.tsv", numbers, columns=names)
    numbers.to_csv(place("csv/semicolons.csv"), index=False, sep=";")
    expect("csv/semicolons.csv", numbers, reading={"delimiter": ";"}, columns=names)
    numbers.to_csv(place("csv/quoted.csv"), index=False, quoting=1)
    expect("csv/quoted.csv", numbers, columns=names)
    numbers.to_csv(place("csv/apostrophes.csv"), index=False, quoting=1, quotechar="'")
    expect("csv/apostrophes.csv", numbers, reading={"quote": "'"}, columns=names)
    numbers.to_csv(place("csv/index.csv"))
    reading = {"header": "yes", "ignore": ["0"]}
    expect("csv/index.csv", numbers, reading=reading, columns=names)
    reading = {"header": "yes", "columns": ["width", "height"]}
    expect("csv/index.csv", whole[["width", "height"]], reading=reading, columns=names[::-1])
    whole.to_csv(place("csv/whole.csv"), index=False)
    reading = {"label_column": "kind", "ignore": ["id"]}
    expect("csv/whole.csv", numbers, reading=reading, columns=names, labels=KINDS, others=["id", "kind"])
    reading = {"label_column": "3", "columns": ["2"]}
    others = ["height", "id", "kind"]
    expect("csv/whole.csv", whole[["width"]], reading=reading, columns=["width"], labels=KINDS, others=others)
    odd = whole.assign(id=['say "hi"', "a,b", "two\nlines", "ünï", ""])
    odd.to_csv(place("csv/odd.csv"), index=False)
    reading = {"columns": names, "label_column": "kind"}
    expect("csv/odd.csv", numbers, reading=reading, columns=names, labels=KINDS, others=["id", "kind"])
    holes = numbers.copy()
    holes.iloc[1, 1] = np.nan
    for name, hole in (("empty", ""), ("na", "NA"), ("null", "null")):
        holes.to_csv(place(f"csv/holes-{name}.csv"), index=False, na_rep=hole)
        expect(f"csv/holes-{name}.csv", holes, reading={"missing": "keep"}, columns=names)
        expect(f"csv/holes-{name}.csv", holes.dropna(), reading={"missing": "drop"}, columns=names)
    pd.Series(KINDS, name="kind").to_csv(place("csv/labels.csv"), index=False, header=False)
    expect("csv/plain.csv", numbers, reading={"labels": "csv/labels.csv"}, columns=names, labels=KINDS)


def columnar():
    """Tables by name, with what is expected of them: as text, but with types."""
    whole = table()
    numbers = whole[["height", "width"]]
    names = ["height", "width"]
    days = pa.array(pd.date_range("2024-02-28", periods=5), pa.timestamp("us"))
    mixed = pa.table(
        {
            "id": pa.array(whole["id"]),
            "day": days,
            "height": pa.array(whole["height"], pa.float64()),
            "count": pa.array(range(-2, 3), pa.int64()),
            "flag": pa.array([True, False, True, True, False]),
            "kind": pa.array(KINDS).dictionary_encode(),
        }
    )
    rows = np.stack([whole["height"], np.arange(-2.0, 3), [1.0, 0, 1, 1, 0]], axis=1)
    in_mixed = ["height", "count", "flag"]
    yield "plain", pa.table(dict(numbers.items())), [dict(rows=numbers, columns=names)]
    yield "mixed", mixed, [
        dict(rows=rows, columns=in_mixed, others=["day", "id", "kind"]),
        dict(rows=rows, columns=in_mixed, labels=KINDS, reading={"label_column": "kind"}),
        dict(rows=rows[:, [2, 0]], columns=["flag", "height"], reading={"columns": ["flag", "height"]}),
        dict(rows=rows[:, :1], columns=["height"], reading={"ignore": ["count", "flag"]}),
        dict(rows=rows[:, ::2], columns=in_mixed[::2], reading={"label_column": "count"}, labels=["-2", "-1", "0", "1", "2"]),
    ]
    pixels = array("u1", (5, 3))
    yield "bytes", pa.table({f"p{column}": pixels[:, column] for column in range(3)}), [
        dict(rows=pixels, columns=["p0", "p1", "p2"])
    ]
    lists = pa.array(array("f4", (5, 4)).tolist(), pa.list_(pa.float32()))
    yield "list", pa.table({"id": whole["id"], "x": lists, "y": DIGITS}), [
        dict(rows=array("f4", (5, 4)), others=["id", "y"]),
        dict(rows=array("f4", (5, 4)), labels=list(map(str, DIGITS)), reading={"label_column": "y"}),
    ]
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(array("u1", (5, 4)).ravel()), 4)
    yield "fixed-list", pa.table({"x": fixed, "kind": KINDS}), [
        dict(rows=array("u1", (5, 4)), labels=KINDS, reading={"label_column": "kind"})
    ]
    half = numbers.astype("float64")
    half.iloc[1, 1] = np.nan
    nulls = pa.table({name: pa.array(half[name], from_pandas=True) for name in names})
    yield "nulls", nulls, [
        dict(rows=half, columns=names, reading={"missing": "keep"}),
        dict(rows=half.dropna(), columns=names, reading={"missing": "drop"}),
    ]
    prices = [None if row == 2 else row * Decimal("1.25") for row in range(5)]
    prices = pa.table({"price": pa.array(prices, pa.decimal128(12, 2))})
    priced = np.array([[np.nan if row == 2 else row * 1.25] for row in range(5)])
    yield "decimal", prices, [dict(rows=priced, columns=["price"], reading={"missing": "keep"})]


def parquet():
    tables = dict((name, (table, entries)) for name, table, entries in columnar())
    for name, (each, entries) in tables.items():
        pa.parquet.write_table(each, place(f"parquet/{name}.parquet"), row_group_size=2)
        for entry in entries:
            expect(f"parquet/{name}.parquet", **entry)
    plain, entries = tables["plain"]
    for compression in ("none", "snappy", "gzip", "zstd", "lz4"):
        name = f"parquet/{compression}.parquet"
        repeated = pa.concat_tables([plain] * 20).combine_chunks()
        pa.parquet.write_table(repeated, place(name), compression=compression, use_dictionary=False, row_group_size=30)
        expect(name, np.tile(entries[0]["rows"].to_numpy(), (20, 1)), columns=["height", "width"])
    table().to_parquet(place("parquet/pandas.pq"))
    expect("parquet/pandas.pq", **entries[0], labels=KINDS, reading={"label_column": "kind"})
    pa.parquet.write_table(plain, place("parquet/new-pages.parquet"), data_page_version="2.0", compression="zstd")
    expect("parquet/new-pages.parquet", **entries[0])


def arrow():
    for name, each, entries in columnar():
        with pa.ipc.new_file(place(f"arrow/{name}.arrow"), each.schema) as writer:
            writer.write_table(each, max_chunksize=2)
        with pa.ipc.new_stream(place(f"arrow/{name}-stream.arrow"), each.schema) as writer:
            writer.write_table(each, max_chunksize=2)
        for entry in entries:
            expect(f"arrow/{name}.arrow", **entry)
            expect(f"arrow/{name}-stream.arrow", **entry)
    for compression in ("lz4", "zstd", "uncompressed"):
        repeated = pd.concat([table()[["height", "width"]]] * 20, ignore_index=True)
        pa.feather.write_feather(repeated, place(f"arrow/{compression}.feather"), compression=compression)
        expect(f"arrow/{compression}.feather", repeated, columns=["height", "width"])


def images():
    """Pictures of 6 x 4 pixels, two a class."""

    def picture(seed, channels):
        ramp = np.add.outer(np.arange(4) * 40, np.arange(6) * 8)[..., None] + np.arange(channels) * 9 + seed * 5
        return (ramp % 256).astype("u1")

    def folder(name, ending, channels, save, **more):
        rows = [picture(seed, channels) for seed in range(4)]
        for seed, pixels in enumerate(rows):
            save(pixels, place(f"images/{name}/{'ab'[seed // 2]}/{seed}.{ending}"))
        expect(f"images/{name}", np.stack(rows), labels=list("aabb"), others=["file", "label"], **more)

    def write(mode=None, **options):
        def save(pixels, path):
            image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
            (image.convert(mode) if mode else image).save(path, **options)

        return save

    def palette(pixels, path):
        """One pixel in a palette of all colours that occur."""
        image = Image.fromarray(pixels)
        image.quantize(24, dither=Image.Dither.NONE).save(path)
        assert (np.asarray(Image.open(path).convert("RGB")) == pixels).all()

    def deep(pixels, path):
        Image.fromarray(pixels[..., 0].astype("u2") * 257).save(path)

    def flat_picture(pixels, path):
        Image.fromarray(pixels[..., 0]).save(path, quality=100, subsampling=0)

    folder("grey", "png", 1, write())
    folder("rgb", "PNG", 3, write())
    folder("opaque", "png", 3, write("RGBA"))
    folder("deep", "png", 1, deep)
    folder("palette", "png", 3, palette)
    folder("webp", "webp", 3, write(lossless=True))
    folder("jpeg", "jpg", 3, write(quality=100, subsampling=0), within=3)
    folder("jpeg-grey", "jpeg", 1, flat_picture, within=3)
    single = [picture(seed, 1) for seed in range(3)]
    for seed, pixels in enumerate(single):
        write()(pixels, place(f"images/unsorted/{seed}.png"))
    put("images/unsorted/notes.txt", b"no picture\n")
    expect("images/unsorted", np.stack(single), others=["file"])
    bright = np.repeat(np.stack(single), 3, axis=3)
    expect("images/unsorted", bright, reading={"channels": "rgb"})


main()
