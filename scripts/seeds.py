"""Writes the seeds of the fuzz targets, fuzz/seeds/TARGET/: valid files from data/tests/fixtures/ and models/zoo/, and
invalid files. Other files in these folders, such as inputs that once made a reader fail, stay.

    python3 scripts/seeds.py

The first byte of a seed selects how the rest is read: see fuzz/src/harness.rs.
"""

import gzip
import json
import os

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FIXTURES = os.path.join(HERE, "data", "tests", "fixtures")
ZOO = os.path.join(HERE, "models", "zoo")
# A first byte is the sum of three values: how missing values are handled; where rows are stored and how many are read
# at a time; and a multiple of FORM, for options of the format. The values are defined in harness.rs.
REFUSE, MEAN, MEDIAN, DROP, KEEP = range(5)
ON_DISK, BY_SEVENS, ONE_BY_ONE, FORM = 5, 10, 20, 30


def main():
    for target, seeds in {
        "idx": idx(),
        "npy": npy(),
        "npz": npz(),
        "csv": csv(),
        "json_lines": json_lines(),
        "mixed": mixed(),
        "tensors": tensors(),
        "manifest": manifests(),
        "safetensors": safetensors(),
        "graph": graphs(),
        "parquet": columns("parquet"),
        "arrow": columns("arrow"),
        "images": images(),
        "packed_bundle": packed_bundles(),
        "terminal": terminal(),
    }.items():
        folder = os.path.join(HERE, "fuzz", "seeds", target)
        os.makedirs(folder, exist_ok=True)
        for name, content in seeds.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def with_choices(folder, choices):
    """Returns the files of a folder of fixtures, prefixed with these first bytes in turn."""
    names = sorted(name for name in os.listdir(os.path.join(FIXTURES, folder)) if "." in name)
    seeds = {}
    for index, name in enumerate(names):
        choice = choices[index % len(choices)]
        seeds[f"{name}-{choice}"] = bytes([choice]) + read(FIXTURES, folder, name)
    return seeds


def idx():
    seeds = with_choices("idx", [REFUSE, KEEP + ON_DISK, DROP + BY_SEVENS, MEAN + ONE_BY_ONE])
    header = bytes([0, 0, 8, 3]) + bytes([0x80, 0, 0, 0]) + bytes([0, 0, 0, 1]) * 2
    seeds["claims"] = bytes([REFUSE]) + header
    seeds["claims.gz"] = bytes([REFUSE]) + gzip.compress(header, mtime=0)
    seeds["two-labels"] = bytes([3 * FORM]) + bytes([0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4])
    seeds["two-labels.gz"] = bytes([3 * FORM]) + gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 9, 4]), mtime=0)
    return seeds


def npy():
    seeds = with_choices("npy", [REFUSE, KEEP + ON_DISK, MEDIAN + BY_SEVENS, DROP + ONE_BY_ONE])
    for name, element, shape, values in (
        ("two-labels", "<i8", "(2,)", bytes(16)),
        ("claims", "<f4", "(2147483648, 2)", b""),
        ("overflows", "<f8", "(18446744073709551615, 18446744073709551615)", b""),
        ("object", "|O", "(2, 2)", bytes(32)),
    ):
        header = f"{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        choice = 3 * FORM if name == "two-labels" else REFUSE
        seeds[name] = bytes([choice]) + start + header + values
    seeds["header-length"] = bytes([REFUSE]) + b"\x93NUMPY\x02\x00\xf0\xff\xff\xff{'descr'"
    return seeds


def npz():
    plain = 2 * FORM
    return with_choices("npz", [plain, KEEP + ON_DISK, FORM + BY_SEVENS, plain + DROP + ONE_BY_ONE])


def csv():
    seeds = with_choices("csv", [choice + 5 * index for index in range(6) for choice in (REFUSE, KEEP, DROP, MEAN, MEDIAN)])
    for name, form, text in (
        ("headless", 1, "1,2\n3,4\n"),
        ("labels", 2, "kind,b,c\ncat,1,2\ndog,3,4\n"),
        ("semicolons", 3, "a;b\n1;2\n;NA\n"),
        ("tabs", 4, "label\tb\ncat\t1\n"),
        ("one-column", 5, "a,b\nx,1\ny,-2.5e-3\n"),
        ("left-out", 6, "a,kind,c\nx,7,1\ny,8,?\n"),
        ("apostrophes", 7, "'a','b'\n'1','2,0'\n"),
        ("own-labels", 8, "7\n10\n"),
        ("named-labels", 8, "kind\ncat\ndog\n"),
        ("ragged", 0, "a,b\n1,2\n3\n"),
        ("unclosed", 0, 'a,b\n1,2\n"3,4\n5,6\n'),
        ("infinite", 0, "a,b\n1,inf\n"),
        ("marks", 0, "\ufeffa,b\r\n\r\n1,2\r\n"),
        ("nul", 0, "a,b\n1,\x00\n"),
        ("long-number", 0, "a\n0." + "123456789" * 50 + "e-40\n"),
    ):
        missing = DROP if "NA" in text or "?" in text else REFUSE
        seeds[name] = bytes([form * FORM + missing]) + text.encode()
    return seeds


def json_lines():
    seeds = with_choices("json", [REFUSE, KEEP + ON_DISK + BY_SEVENS, DROP + 3 * FORM])
    for name, form, missing, text in (
        ("labels", 2, REFUSE, "[7,1.5]\n[-8,2]\n"),
        ("lists", 4, REFUSE, '{"v":[1,2],"y":0}\n{"y":1,"v":[3,4]}\n'),
        ("no-lists", 5, REFUSE, '{"v":[1,2],"y":0}\n{"y":1,"v":[3,4]}\n'),
        ("holes", 0, KEEP, '{"a":1,"b":null}\n\n{"b":2,"c":[1,null]}\n'),
        ("dropped", 0, DROP, '{"a":1,"b":null}\n{"b":2,"a":true}\n'),
        ("kinds", 6, REFUSE, '{"id":"x","a":1,"kind":"cat"}\n{"id":"y","kind":"dog","a":2}\n'),
        ("dates", 7, MEAN, '{"when":"2024-02-29","a":1}\n{"when":null,"a":2}\n'),
        ("nested", 0, REFUSE, '{"a":1,"b":{"c":[1,{"d":2}]},"e":["x"]}\n'),
        ("ragged", 0, REFUSE, "[1,2]\n[3]\n"),
        ("cut", 0, REFUSE, '{"a":1}\n{"a":'),
    ):
        seeds[name] = bytes([form * FORM + missing]) + text.encode()
    return seeds


def mixed():
    seeds = {}
    for name, form, missing, text in (
        ("gaps", 0, REFUSE, "a,b,c\nx,1,True\n,NA,\ny,2.5,false\n"),
        ("gaps-lines", 1, REFUSE, '{"a":"x","b":1}\n{"a":null,"b":null}\n{"b":2,"a":"y"}\n'),
        ("category", 2, DROP + ON_DISK, "a,b\n01,1\n1,\n01,3\n"),
        ("told", 2, REFUSE, 'a,b\n"x, y",2024-02-28\n"say ""hi""",2024-03-01 12:30\n'),
        ("ordered", 3, REFUSE + BY_SEVENS, "a,b\ny,0\nx,12\ny,3\n"),
        ("fraction", 3, REFUSE, "a,b\ny,0.5\n"),
        ("no-level", 3, REFUSE, "a,b\nw,1\n"),
        ("dates", 4, REFUSE, "a,b\n2024-02-28,1e30\n,0\n1969-12-31T23:59:59+01:00,\n"),
        ("headless", 5, REFUSE + ONE_BY_ONE, "x,1\ny,2\nx,\n"),
        ("labels", 6, REFUSE, "a,b,c\n3,u,x\n1,v,y\n"),
        ("lines", 7, MEAN, '{"a":true,"b":"2024-02-28"}\n{"a":"é","b":"2024-02-29"}\n'),
        ("commas", 8, REFUSE, 'a,b\n"1,5",x\n"-2,25",y\n'),
        ("late", 2, REFUSE, "a,b\n" + "1,2\n" * 1100 + "1,x\n"),
        ("names", 0, REFUSE, "a,b\n" + "".join(f"n{row},{row}\n" for row in range(120))),
    ):
        seeds[name] = bytes([form * FORM + missing]) + text.encode()
    seeds["packed"] = bytes([REFUSE]) + gzip.compress(b"a,b\nx,1\ny,2\n", mtime=0)
    return seeds


def tensors():
    seeds = with_choices("safetensors", [2 * FORM, FORM + KEEP + ON_DISK, 2 * FORM + BY_SEVENS])
    seeds["labelled"] = bytes([REFUSE]) + read(FIXTURES, "safetensors", "labelled.safetensors")
    header = b'{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'
    seeds["claims"] = bytes([REFUSE]) + len(header).to_bytes(8, "little") + header
    seeds["header-length"] = bytes([REFUSE]) + bytes([0xFF]) * 8
    return seeds


def manifests():
    seeds = {f"{kind}.json": read(ZOO, kind, "manifest.json") for kind in ("pca", "ae", "vae", "cvae")}
    good = json.loads(seeds["pca.json"])
    for name, change in (
        ("newer", {"format": 2}),
        ("huge", {"latent_dim": 1 << 62}),
        ("outside", {"files": {"../encoder.onnx": {"bytes": 1, "sha256": "0"}}}),
        ("shapeless", {"sample": {"shape": [1 << 40, 1 << 40], "dtype": "u8", "range": [0.0, 255.0]}}),
        ("classifier", {"kind": "classifier"}),
    ):
        seeds[f"{name}.json"] = json.dumps({**good, **change}, separators=(",", ":")).encode()
    seeds["brackets.json"] = b"[" * 3000
    return seeds


def safetensors():
    """The first byte selects a packed bundle (0), only a header (1), or a probe (2)."""
    small = {"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}
    small = json.dumps({"__metadata__": {"format": "narrows"}, **small}, separators=(",", ":")).encode()
    twice = small[:-1] + b',"a":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}'
    return {
        "packed": bytes([0]) + packed("pca", ("manifest.json", "encoder.onnx", "decoder.onnx")),
        "weights": bytes([0]) + prefixed(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}') + bytes(4),
        "claims": bytes([0]) + (1 << 63).to_bytes(8, "little") + b"{}",
        "header": bytes([1]) + small + bytes(2),
        "twice": bytes([1]) + twice + bytes(2),
        "probe": bytes([2]) + probe([2, 3], [2, 2]),
        "probe-labels": bytes([2]) + probe([2, 3], [2, 2], labels=2),
        "probe-rows": bytes([2]) + probe([2, 3], [3, 2]),
        "probe-overflow": bytes([2]) + probe([1 << 62, 1 << 62], [2, 2]),
    }


def packed(bundle, names):
    """Returns files of a bundle as a packed bundle."""
    files = {name: read(ZOO, bundle, name) for name in names}
    tensors, data = {}, b""
    for name in sorted(files):
        tensors[name] = {"dtype": "U8", "shape": [len(files[name])], "data_offsets": [len(data), len(data) + len(files[name])]}
        data += files[name]
    header = json.dumps({"__metadata__": {"format": "narrows"}, **tensors}, separators=(",", ":")).encode()
    return prefixed(header) + data


def packed_bundles():
    """The packed classifier and the packed regressor in the folder were written by `narrows transfer`."""
    graphs = ("manifest.json", "encoder.onnx", "decoder.onnx", "probe.safetensors")
    return {bundle: packed(bundle, graphs) for bundle in ("pca", "penguins")}


def columns(format):
    seeds = with_choices(format, [REFUSE, KEEP + ON_DISK, DROP + BY_SEVENS, 4 * FORM + ONE_BY_ONE])
    for name, form, missing in (("mixed", 2, KEEP), ("list", 3, REFUSE), ("nulls", 5, MEAN), ("plain", 6, REFUSE)):
        seeds[f"{name}-form"] = bytes([form * FORM + missing]) + read(FIXTURES, format, f"{name}.{format}")
    return seeds


def images():
    seeds = {}
    folder = os.path.join(FIXTURES, "images")
    for index, path in enumerate(
        ["grey/a/0.png", "rgb/a/0.PNG", "palette/b/2.png", "deep-png/0.png", "jpeg/a/0.jpg", "jpeg-grey/a/0.jpeg"]
        + ["progressive.jpg", "frames/2.gif", "frames/1.tiff", "deep-tiff/4.tiff", "deep-tiff/11.tiff", "webp/a/0.webp"]
    ):
        seeds[path.replace("/", "-").lower()] = bytes([index % 4 * FORM]) + read(folder, path)
    line = bytes(range(16))
    pixels = line * 4
    numbers = [54 + len(pixels), 0, 54, 40, 5, 4, 1 | 24 << 16, 0, len(pixels), 2835, 2835, 0, 0]
    header = b"BM" + b"".join(number.to_bytes(4, "little") for number in numbers)
    seeds["five-by-four.bmp"] = bytes([REFUSE]) + header + pixels
    # It declares 60,000 by 60,000 pixels.
    side = (60000).to_bytes(4, "little")
    seeds["claims.bmp"] = bytes([REFUSE]) + header[:18] + side + side + header[26:] + pixels
    return seeds


def terminal():
    names = {"plain": "Käse\t7\n", "title": "\x1b]0;title\x07", "clear": "\x1b[2J\x1b[H", "eight-bit": "\x9b1m\x85", "delete": "a\x7f\r"}
    return {name: text.encode() for name, text in names.items()} | {"broken": b"\xff\xc2\x1b\xe2\x80"}


def prefixed(header):
    """Returns a header after its length, as a safetensors file starts."""
    return len(header).to_bytes(8, "little") + header


def probe(samples, codes, labels=None):
    """Returns a probe with these shapes of samples and codes, and this number of labels."""
    tensors, end = {}, 0
    shapes = {"decoder.z": codes, "x": samples, "x_hat": samples, "z": codes}
    for name, shape in shapes.items():
        size = 4 * shape[0] * shape[1] % (1 << 64)
        tensors[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    if labels:
        tensors["label"] = {"dtype": "I64", "shape": [labels], "data_offsets": [end, end + 8 * labels]}
        end += 8 * labels
    return prefixed(json.dumps(tensors, separators=(",", ":")).encode()) + bytes(range(256))[:end].ljust(end, b"\0")


def graphs():
    seeds = {f"{bundle}-{graph}": read(ZOO, bundle, f"{graph}.onnx") for bundle in ("penguins", "conv-vae") for graph in ("encoder", "decoder")}
    seeds |= {"encoder": read(ZOO, "pca", "encoder.onnx"), "decoder": read(ZOO, "pca", "decoder.onnx")}
    # A head of a classifier and its whole graph: softmax regression on codes of 8 values, and on samples of 8 x 8 pixels.
    seeds["head"] = model("z", [8])
    seeds["whole"] = model("x", [8, 8])
    return seeds


def model(name, shape):
    """Returns a graph with the outputs of a classifier of three classes."""

    def field(number, content):
        return bytes([number << 3 | 2]) + varint(len(content)) + content

    def varint(value):
        return bytes([value & 0x7F | 0x80]) + varint(value >> 7) if value > 0x7F else bytes([value])

    def port(name, sizes):
        dims = field(1, field(2, b"batch")) + b"".join(field(1, b"\x08" + varint(size)) for size in sizes)
        return field(1, name) + field(2, field(1, b"\x08\x01" + field(2, dims)))

    def node(operator, inputs, output):
        return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator)

    def constant(name, sizes):
        count = 1
        for size in sizes:
            count *= size
        dims = b"".join(b"\x08" + varint(size) for size in sizes)
        return dims + b"\x10\x01" + field(8, name) + field(9, bytes(4 * count))

    width = 1
    for size in shape:
        width *= size
    nodes = [node(b"Flatten", [name.encode()], b"flat"), node(b"Gemm", [b"flat", b"w", b"b"], b"logits")]
    nodes.append(node(b"Softmax", [b"logits"], b"probabilities"))
    graph = b"".join(field(1, each) for each in nodes) + field(2, b"graph")
    graph += field(5, constant(b"w", [width, 3])) + field(5, constant(b"b", [3]))
    graph += field(11, port(name.encode(), shape))
    graph += field(12, port(b"logits", [3])) + field(12, port(b"probabilities", [3]))
    return b"\x08\x08" + field(7, graph) + field(8, b"\x10\x11")


main()
