"""Tables of text as pandas, Polars and R write them, with options as people choose them.

R is not needed: `r_text` writes what `write.csv`, `write.csv2` and `write.table` of R 4 write.
"""

import csv
import io
import os
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl

from case import Case, Reference
from frames import Frame, choose

# Words for missing values that Narrows knows and pandas does not.
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?")
MISSING = ["?", "NAN", "Nan"]


def read_text(path, reading, written=None, **more):
    """Returns what pandas reads from a table with the options of Narrows.

    `written` is the number of rows of the table, if a reader may pass over rows.
    """
    label = reading.get("label_column")
    arguments = {
        "sep": "\t" if reading.get("delimiter") == "tab" else reading.get("delimiter", ","),
        "decimal": reading.get("decimal", "."),
        "thousands": reading.get("thousands"),
        "quotechar": reading.get("quote", '"'),
        "float_precision": "round_trip",
        "na_values": MISSING,
        "skipinitialspace": reading.get("delimiter") != " ",
        "index_col": False,
        **more,
    }
    if reading.get("header") == "no":
        arguments["header"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pd.read_csv(path, **arguments)
        text = pd.read_csv(path, **arguments, dtype=str)
    names = [str(name) for name in frame.columns]
    columns = {name: numbers(frame.iloc[:, index], arguments["decimal"]) for index, name in enumerate(names)}
    texts = {name: text.iloc[:, index].tolist() for index, name in enumerate(names)}
    labels = None
    if label is not None:
        stripped = [name.strip() for name in names]
        index = stripped.index(label) if label in stripped else int(label)
        labels = [value if isinstance(value, str) else None for value in text.iloc[:, index]]
    if written is not None and written != len(frame):
        columns = {name: [None] * written for name in columns}
        texts = columns
    return Reference(columns, labels, arguments.get("header", 0) is not None, texts)


def numbers(column, decimal):
    """Returns the numbers of a column, or `None` if it is text. Integers are exact."""
    values = column.tolist()
    if column.dtype.kind in "iuf":
        return values
    known = [value for value in values if value is not None and value == value]
    if known and all(isinstance(value, str) for value in known):
        # pandas may return text for a column of numbers if one has more than 64 bits.
        texts = [value.replace(decimal, ".") if isinstance(value, str) else "nan" for value in values]
        if all(NUMBER.fullmatch(value) or value == "nan" for value in texts):
            return [float(value) for value in texts]
    if known and all(isinstance(value, (bool, int, float)) for value in known):
        return [float(value) if value is not None and value == value else None for value in values]
    return None


def references(path, reading, true, written, **more):
    """Returns the reference with the true dialect, and if the options do not tell it, that with the options. Returns
    nothing if pandas cannot read the table itself."""
    found = []
    for options in [{**reading, **true}, *([reading] if any(true[name] != reading.get(name) for name in true) else [])]:
        try:
            found.append(read_text(path, options, written, **more))
        except (ValueError, pd.errors.ParserError):
            return found
    return found


def roles(random, frame):
    """Returns options for the columns of text: a label, or ignored, or nothing."""
    others, options = list(frame.others), {}
    if others and random.random() < 0.4:
        options["label_column"] = others.pop()
    if others and random.random() < 0.8:
        options["ignore"] = [name.strip() for name in others]
    return {name: value.strip() if isinstance(value, str) else value for name, value in options.items()}


def told(random, true):
    """Returns the true dialect, or a part of it: people forget options."""
    return {name: value for name, value in true.items() if random.random() < 0.85}


def of_pandas(random, folder, index):
    """Writes a table with `to_csv`."""
    frame = Frame(random)
    table = pd.DataFrame({name: pd.Series(values, dtype=None) for name, values in frame.columns.items()})
    kind = choose(random, PANDAS)
    options, true, more = {"index": False}, {}, {}
    names = [str(name) for name in table.columns]
    if kind == "index":
        options["index"] = True
    elif kind == "named index":
        options.update(index=True, index_label="id")
    elif kind == "row names":
        table.index = [f"row {row}" for row in range(len(table))]
        options["index"] = True
    elif kind == "two indices":
        table.index = pd.MultiIndex.from_product([[3], range(len(table))])
        options["index"] = True
    elif kind == "two header lines":
        table = pd.DataFrame(np.arange(6).reshape(3, 2), columns=pd.MultiIndex.from_product([["a"], [0, 1]]))
        options["index"] = bool(random.integers(0, 2))
    elif kind == "header of numbers":
        table = pd.DataFrame(random.normal(size=(4, int(random.integers(2, 5)))))
    elif kind == "header of years":
        table = pd.DataFrame(random.normal(size=(4, 3)), columns=[2019, 2020, 2021])
    elif kind == "header of numbers and index":
        table = pd.DataFrame(random.normal(size=(4, int(random.integers(2, 5)))))
        options["index"] = True
    elif kind == "no header":
        options["header"] = False
        true["header"] = "no"
    elif kind == "duplicate names":
        table = pd.concat([table, table.iloc[:, :1]], axis=1)
    elif kind == "semicolon":
        options.update(sep=";", decimal=",")
        true.update(delimiter=";", decimal=",")
    elif kind == "tab":
        options["sep"] = "\t"
        true["delimiter"] = "tab"
    elif kind == "pipe":
        options["sep"] = "|"
        true["delimiter"] = "|"
    elif kind == "space":
        options["sep"] = " "
        true["delimiter"] = " "
    elif kind == "all quoted":
        options["quoting"] = csv.QUOTE_ALL
    elif kind == "text quoted":
        options["quoting"] = csv.QUOTE_NONNUMERIC
    elif kind == "single quotes":
        options["quotechar"] = "'"
        true["quote"] = "'"
    elif kind == "na_rep":
        options["na_rep"] = choose(
            random, ["NA", "NULL", "nan", "-", "missing", ".", "-999", "#N/A", "<NA>", "NAN", "null"]
        )
    elif kind == "float_format":
        options["float_format"] = choose(random, ["%.3f", "%.10e", "%g", "%+.4E", "%08.2f"])
    elif kind == "encoding":
        options["encoding"] = more["encoding"] = choose(random, ["utf-8-sig", "utf-16", "latin-1", "utf-32", "cp1252"])
    elif kind == "line ends":
        options["lineterminator"] = choose(random, ["\r\n", "\r", "\n\n", "\r\n\r\n"])
    elif kind == "categories":
        table = table.astype("category")
    elif kind == "nullable types":
        table = table.convert_dtypes()
    extension = choose(random, [".csv.gz", ".csv.bz2", ".csv.xz"]) if kind == "compressed" else ".csv"
    path = os.path.join(folder, f"{index}{extension}")
    try:
        table.to_csv(path, **options)
    except (UnicodeEncodeError, csv.Error):
        return None
    plain = kind in ("plain", "index", "named index", "row names", "all quoted", "duplicate names") and not frame.others
    if kind in ("header of numbers", "header of years", "header of numbers and index", "two header lines"):
        reading = {"missing": "keep"}
    else:
        reading = {"missing": "keep", **told(random, true), **roles_of(random, frame, names, kind)}
    found = references(path, {"data": path, **reading}, true, len(table) + (kind == "two header lines"), **more)
    return Case(f"pandas: {kind}", {"data": path, **reading}, found, plain=plain) if found else None


PANDAS = [
    "plain", "index", "named index", "row names", "two indices", "two header lines", "header of numbers",
    "header of years", "header of numbers and index", "no header", "duplicate names", "semicolon", "tab", "pipe",
    "space",
    "all quoted", "text quoted", "single quotes", "na_rep", "float_format", "encoding", "line ends", "categories",
    "nullable types", "compressed",
]  # fmt: skip


def roles_of(random, frame, names, kind):
    """Returns the roles of the columns of text, by index if there is no header."""
    options = roles(random, frame)
    if kind != "no header":
        return options
    index = {name.strip(): str(position) for position, name in enumerate(names)}
    if "label_column" in options:
        options["label_column"] = index[options["label_column"]]
    if "ignore" in options:
        options["ignore"] = [index[name] for name in options["ignore"]]
    return options


def of_polars(random, folder, index):
    """Writes a table with `write_csv`."""
    frame = Frame(random)
    table = pl.DataFrame(frame.columns, strict=False)
    kind = choose(
        random, ["plain", "separator", "null value", "quote style", "mark", "line ends", "float format", "one column"]
    )
    options, true = {}, {}
    if kind == "separator":
        options["separator"] = choose(random, [";", "\t", "|"])
        true["delimiter"] = {"\t": "tab"}.get(options["separator"], options["separator"])
    elif kind == "null value":
        options["null_value"] = choose(random, ["NA", "null", "NULL", "None", "\\N", "NaN", "-"])
    elif kind == "quote style":
        options["quote_style"] = choose(random, ["always", "non_numeric", "never", "necessary"])
    elif kind == "mark":
        options["include_bom"] = True
    elif kind == "line ends":
        options["line_terminator"] = "\r\n"
    elif kind == "float format":
        options.update(float_scientific=bool(random.integers(0, 2)), float_precision=3)
    elif kind == "one column":
        frame.columns = {"x": [1.5, None, 2.5, None]}
        frame.others = []
        table = pl.DataFrame(frame.columns)
    path = os.path.join(folder, f"{index}.csv")
    try:
        table.write_csv(path, **options)
    except pl.exceptions.ComputeError:
        return None
    reading = {"missing": "keep", **told(random, true), **roles(random, frame)}
    found = references(path, {"data": path, **reading}, true, table.height)
    return Case(f"Polars: {kind}", {"data": path, **reading}, found) if found else None


def of_r(random, folder, index):
    """Writes a table as R does."""
    frame = Frame(random, names=["x", "y.1", "Group", "n", "z"])
    kind = choose(random, ["write.csv", "write.csv, no row names", "write.csv2", "write.table", "write.table, tabs"])
    decimal, separator = ("," if kind == "write.csv2" else "."), {"write.csv2": ";", "write.table": " "}.get(kind, ",")
    separator = "\t" if kind == "write.table, tabs" else separator
    has_names = kind != "write.csv, no row names"
    path = os.path.join(folder, f"{index}.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(r_text(frame, separator, decimal, has_names, short_header=kind == "write.table"))
    true = {}
    if separator != ",":
        true["delimiter"] = {"\t": "tab"}.get(separator, separator)
    if decimal != ".":
        true["decimal"] = decimal
    reading = {"missing": "keep", **told(random, true), **roles(random, frame)}
    more = {"index_col": 0} if kind == "write.table" else {}
    found = references(path, {"data": path, **reading}, true, frame.rows, **more)
    return Case(f"R: {kind}", {"data": path, **reading}, found) if found else None


def r_text(frame, separator, decimal, has_names, short_header):
    """Returns what `write.table` writes: quoted text, `NA`, `TRUE`, and 15 significant digits."""
    lines = io.StringIO()
    first = [] if short_header or not has_names else ['""']
    lines.write(separator.join(first + [r_cell(name, decimal) for name in frame.columns]) + "\n")
    for row, cells in enumerate(frame.cells()):
        names = [f'"{row + 1}"'] if has_names else []
        lines.write(separator.join(names + [r_cell(cell, decimal) for cell in cells]) + "\n")
    return lines.getvalue()


def r_cell(value, decimal):
    if value is None:
        return "NA"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        fixed, scientific = f"{value:.15g}", f"{value:.14e}"
        digits, exponent = scientific.split("e")
        digits = digits.rstrip("0").rstrip(".")
        scientific = f"{digits}e{int(exponent):+03d}"
        # R prefers the fixed notation unless it is longer.
        fixed = f"{value:.15g}" if "e" not in fixed else np.format_float_positional(value, trim="-")
        return (fixed if len(fixed) <= len(scientific) else scientific).replace(".", decimal)
    return '"' + str(value).replace('"', '""') + '"'
