"""A file that a program wrote, what its reference reader reads from it, and the comparison with what Narrows reads."""

import math
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

# How far a rounded value may be from the reference, in steps of 32-bit floats: a reader may round twice.
STEPS = 1
# The largest rounding error that is no loss, relative to the range of a column (data/src/precision.rs).
TOLERANCE = 1e-4

# A note about columns that it does not name: those without a name, or more than five.
OTHERS = re.compile("no name|[0-9]+ more|in the lists of|in the samples")

EQUAL, SAID, REFUSED, SILENT = "equal", "said", "refused", "SILENT"


@dataclass
class Reference:
    """What another program reads: columns by name (`None` for a column that has no numbers), and labels.

    A column is a list of numbers, with `None` for a missing value. Integers are exact. Without a header, the names are
    the indices of the columns, as text. `texts` has the values of all columns as text.
    """

    columns: dict
    labels: list = None
    header: bool = True
    texts: dict = field(default_factory=dict)


@dataclass
class Pictures:
    """What Pillow reads: one array `[height, width, channels]` per image, in the order of the names."""

    arrays: list
    labels: list = None
    # The largest difference of a value. Decoders of lossy formats differ by some levels.
    within: float = 0


@dataclass
class Case:
    """A file or folder."""

    kind: str
    reading: dict
    # The references. What Narrows reads must be one of them.
    references: list
    # Whether it must be read: a refusal is a failure.
    plain: bool = False
    # Codes of notes that must be there if it is read.
    notes: list = field(default_factory=list)
    # The types of columns that a mixed table must have, by name.
    types: dict = field(default_factory=dict)


def verdict(case, read):
    """Returns the verdict, and the differences that no note tells or the message of the refusal."""
    if read is None:
        return SILENT, ["the program ended without a message"]
    if "refused" in read:
        message = read["refused"]
        if not message or "\n" in message:
            return SILENT, [f"a refusal that is not one line: {message!r}"]
        return (SILENT if case.plain else REFUSED), [message]
    best, least = SILENT, None
    for reference in case.references:
        compare = pictures if isinstance(reference, Pictures) else table
        found = compare(reference, read, case.reading)
        found += type_differences(case, read)
        found += [(code, f"no note with the code `{code}`", "", [code]) for code in case.notes]
        unsaid = [text for _, text, name, codes in found if not is_said(read["notes"], name, codes)]
        if not unsaid and (least is None or least):
            best = SAID if found else EQUAL
        if least is None or len(unsaid) < len(least):
            least = unsaid
    return best, least or []


def is_said(notes, name, codes):
    """Whether a note has one of the codes and tells of the column. A long list of columns ends with a number."""
    # Control characters are escaped.
    name = "".join(letter if letter >= " " else repr(letter)[1:-1] for letter in name)
    texts = [re.sub(" *` *", "`", note["text"]) for note in notes if note["code"] in codes]
    ways = [f"`{name}`", f"column {name} ", f"{name} (counted from 0)"]
    return any(not name or any(way in text for way in ways) or OTHERS.search(text) for text in texts)


def table(reference, read, reading):
    """Returns the differences of a table: kind, text, column, and the codes of notes that tell it."""
    excluded = [name for name in [*reading.get("ignore", []), reading.get("label_column")] if name is not None]
    names = [name for name in reference.columns if not is_excluded(name, reference, excluded)]
    ours = read["columns"]
    if reading.get("columns"):
        names = reading["columns"]
    if read.get("table"):
        return mixed_table(reference, read, names)
    found = []
    if (ours is not None) != reference.header:
        found.append(("header", "another header", "", ["notation"]))
    if ours is None:
        ours = names[: math.prod(read["shape"])]
    # Spaces around a name are no part of it.
    values = dict(zip(map(clean, ours), zip(*read["rows"])))
    expected = {clean(name): reference.columns[name] for name in names}
    for name in expected:
        if name not in values:
            found.append(("columns", f"column {name!r} is left out", name, ["columns", "index"]))
    for name, column in values.items():
        if name not in expected:
            found.append(("names", f"column {name!r} is not in {list(expected)}", "", ["names", "notation"]))
        else:
            found += column_differences(name, list(column), expected[name])
    found += label_differences(read["labels"], reference.labels)
    return found


def mixed_table(reference, read, names):
    """Returns the differences of a mixed table, whose rows are cells."""
    found = []
    columns = {name: index for index, name in enumerate(read["columns"])}
    cells = [list(column) for column in zip(*read["rows"])]
    expected = {clean(name): name for name in names}
    read_names = []
    for column in read["table"]["columns"]:
        kind, own = column["kind"], column["name"]
        if kind["type"] == "label":
            continue
        # Without a header, columns are called by their index.
        name = clean(own) if reference.header else own.removeprefix("column")
        read_names.append(name)
        if name not in expected:
            found.append(("names", f"column {name!r} is not in {list(expected)}", "", ["names", "notation"]))
            continue
        numbers, texts = reference.columns[expected[name]], reference.texts[expected[name]]
        if "levels" in kind:
            found += category_differences(name, kind["levels"], cells[columns[own]], texts)
        elif kind["type"] == "date":
            parts = {part: cells[columns[f"{own}.{part}"]] for part in PARTS if f"{own}.{part}" in columns}
            found += date_differences(name, parts, texts)
        else:
            found += column_differences(name, cells[columns[own]], numbers)
    for name in expected:
        if name not in read_names:
            found.append(("columns", f"column {name!r} is left out", name, ["columns", "index"]))
    return found + label_differences(read["labels"], reference.labels)


PARTS = ["day", "time", "month", "weekday"]


def category_differences(name, levels, ours, expected):
    """Returns the differences of a category: its values, and the order of its levels."""
    if len(ours) != len(expected):
        return [("rows", f"{len(ours)} rows instead of {len(expected)}", "", ["notation"])]
    for row, (cell, text) in enumerate(zip(ours, expected)):
        level = None if is_missing(cell) else levels[int(cell) - 1] if cell > 0 else "no level"
        text = None if is_missing(text) else level_text(text)
        if (level if level is None else level_text(level)) != text:
            return [("values", f"column {name!r}, row {row}: {level!r} instead of {text!r}", name, ["unseen"])]
    return []


def level_text(text):
    """Returns a level without surrounding spaces. Booleans of any spelling are the same, and a whole float is an
    integer."""
    if isinstance(text, (bool, np.bool_)) or str(text).lower() in ("true", "false"):
        return str(text).lower()
    if isinstance(text, (float, np.floating)) and text == int(text):
        return str(int(text))
    return str(text).strip()


def date_differences(name, ours, expected):
    """Returns the differences of a date: its day since 1970, its time in seconds, its month and its weekday from 1."""
    for row, text in enumerate(expected):
        cells = {part: column[row] for part, column in ours.items()}
        if is_missing(text) or str(text) == "NaT":
            parts = {part: None for part in cells}
        else:
            when = pd.Timestamp(text)
            when = when.tz_convert("UTC").tz_localize(None) if when.tzinfo else when
            day = when.normalize()
            parts = {
                "day": (day - pd.Timestamp(0)).days,
                "time": (when - day).total_seconds(),
                "month": when.month,
                "weekday": when.weekday() + 1,
            }
        if any(not is_same(cell, parts[part]) for part, cell in cells.items()):
            return [("values", f"column {name!r}, row {row}: {cells} instead of {parts}", name, ["notation"])]
        if not is_missing(text) and "time" not in cells and parts["time"]:
            return [("values", f"column {name!r}, row {row} has a time", name, ["notation"])]
    return []


def type_differences(case, read):
    """Returns the columns that have another type than they must have, or another order of levels."""
    kinds = {clean(column["name"]): column["kind"] for column in (read.get("table") or {"columns": []})["columns"]}
    found = []
    for name, expected in case.types.items():
        kind = kinds.get(name, {"type": "nothing"})
        own = "|".join([kind["type"], *kind.get("levels", [])])
        if own != expected:
            found.append(("types", f"column {name!r} is {own} instead of {expected}", "", ["no note tells it"]))
    return found


def is_excluded(name, reference, excluded):
    index = list(reference.columns).index(name)
    return name in excluded or clean(name) in excluded or str(index) in excluded


def clean(name):
    """Returns a name as Narrows writes it: without spaces around it, and with its own word for no name."""
    name = str(name).strip()
    return "column" + name[9:] if name.startswith("Unnamed: ") and name[9:].isdigit() else name


def column_differences(name, ours, expected):
    if expected is None:
        return [("notation", f"column {name!r} is text, and was read as {ours[:4]}", name, ["notation"])]
    if len(ours) != len(expected):
        return [("rows", f"{len(ours)} rows instead of {len(expected)}", "", ["notation"])]
    for row, (one, other) in enumerate(zip(ours, expected)):
        if not is_same(one, other):
            text = f"column {name!r}, row {row}: {one!r} instead of {other!r}"
            return [("values", text, name, ["notation", "precision"])]
    if loses(expected):
        return [("precision", f"column {name!r} loses digits", name, ["precision"])]
    return []


def is_same(ours, expected):
    if is_missing(ours) or is_missing(expected):
        return is_missing(ours) and is_missing(expected)
    with np.errstate(over="ignore"):
        ours, rounded = np.float32(ours), np.float32(expected)
    return ours == rounded or abs(ours - rounded) <= STEPS * np.spacing(abs(rounded))


def is_missing(value):
    return value is None or (isinstance(value, float) and math.isnan(value))


def loses(values):
    """Whether distinct values of a column become equal in 32-bit floats, or nearly do."""
    values = [value for value in values if not is_missing(value)]
    if len(set(values)) < 2:
        return False
    if all(isinstance(value, int) for value in values) and any(int(np.float32(value)) != value for value in values):
        return True
    rounded = [float(np.float32(value)) for value in values]
    error = max(abs(float(value - type(value)(other))) for value, other in zip(values, rounded))
    spread = max(float(max(values)) - float(min(values)), max(rounded) - min(rounded))
    return error > 1.01 * TOLERANCE * spread or (len(set(rounded)) == 1 < len(set(values)))


def label_differences(ours, expected):
    if expected is None or ours is None:
        return [] if ours is expected else [("labels", f"labels {ours} instead of {expected}", "", ["labels"])]
    expected = [None if is_missing(label) else label_text(label) for label in expected]
    different = [(one, other) for one, other in zip(ours, expected) if one != other]
    if len(ours) != len(expected):
        return [("labels", f"{len(ours)} labels instead of {len(expected)}", "", ["labels", "notation"])]
    return [("labels", f"label {one!r} instead of {other!r}", "", ["labels"]) for one, other in different[:1]]


def label_text(label):
    """Returns a label as the guide says (docs/guide/data.md)."""
    if isinstance(label, (bool, np.bool_)) or label in ("True", "False", "TRUE", "FALSE"):
        return str(label).lower()
    if isinstance(label, (float, np.floating)):
        return str(int(label)) if label == int(label) else str(label)
    text = str(label).strip()
    if text[:1] in "0123456789+-." and not is_integer(text):
        try:
            number = float(text)
            return str(int(number)) if number == int(number) and abs(number) <= 2**53 else text
        except (ValueError, OverflowError):
            return text
    return text


def is_integer(text):
    try:
        return -(2**63) <= int(text) < 2**63 and "_" not in text
    except ValueError:
        return False


def pictures(reference, read, _):
    """Returns the differences of images."""
    found = []
    if len(read["rows"]) != len(reference.arrays):
        return [("rows", f"{len(read['rows'])} images instead of {len(reference.arrays)}", "", ["files"])]
    for index, (row, array) in enumerate(zip(read["rows"], reference.arrays)):
        if list(array.shape) != read["shape"]:
            found.append(("shape", f"shape {read['shape']} instead of {list(array.shape)}", "", []))
            break
        difference = np.abs(np.asarray(row, dtype=np.float64) - array.reshape(-1)).max()
        if difference > reference.within:
            text = f"image {index} differs by up to {difference:g}"
            found.append(("pixels", text, "", []))
            break
    return found + label_differences(read["labels"], reference.labels)
