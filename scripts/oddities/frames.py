"""Random small tables, as columns of Python values: numbers, booleans, text and `None`."""

import datetime

NAMES = [
    "x", "y", "z", "width", "a b", "height, cm", 'say "hi"', "größe", "x.1", "X", "#id", "(a)", "'q'", "2.5mm",
    "n/a rate",
    "column7", "-", "a\tb", "1st", "true share", " padded", "naïve", "e", "a;b", "a|b", "Infinity war", "a\nb",
]  # fmt: skip
TEXTS = ["cat", "dog", "eel", "a, b", 'say "hi"', "two\nlines", "größe", "x;y", "12 px", "cat", "dog"]


def small(random):
    return int(random.integers(-9, 10))


def large(random):
    return int(random.integers(2**24, 2**40))


def huge(random):
    return int(random.integers(2**53, 2**63 - 1))


def timestamp(random):
    return 1_700_000_000 + int(random.integers(0, 900))


def number(random):
    return float(random.normal())


def wide(random):
    return float(random.normal() * 10.0 ** random.integers(-30, 30))


def tiny(random):
    return float(random.uniform(1, 2) * 1e-50)


def offset(random):
    return 20_000 + float(random.uniform(0, 0.01))


def whole(random):
    return float(random.integers(0, 5))


def power(random):
    return int(10 ** random.integers(3, 9))


def truth(random):
    return bool(random.integers(0, 2))


def constant(_):
    return 7.25


def nothing(_):
    return None


def text(random):
    return TEXTS[random.integers(0, len(TEXTS))]


def word(random):
    return ["cat", "dog", "eel"][random.integers(0, 3)]


def date(random):
    return datetime.date(2024, 1, 1) + datetime.timedelta(days=int(random.integers(0, 365)))


NUMBERS = [small, large, huge, timestamp, number, wide, tiny, offset, whole, power, constant]
OTHERS = [text, word, date]


class Frame:
    """Columns of the same length. `features` are those of numbers and booleans."""

    def __init__(self, random, rows=None, names=None, text_columns=True, simple=False):
        self.rows = int(rows or random.integers(2, 9))
        width = int(random.integers(1, 5))
        names = list(names or random.permutation(NAMES))
        self.columns, self.features = {}, []
        for name in names[:width]:
            kind = [small, number][random.integers(0, 2)] if simple else choose(random, NUMBERS + [truth])
            self.columns[name] = self.fill(random, kind)
            self.features.append(name)
        if text_columns and random.random() < 0.4:
            self.columns[names[width]] = self.fill(random, choose(random, OTHERS))
        self.others = [name for name in self.columns if name not in self.features]

    def fill(self, random, kind):
        """Returns values of a kind. Some columns have missing values, but not all values of a column are missing."""
        values = [kind(random) for _ in range(self.rows)]
        if kind in (small, number, whole, truth) and random.random() < 0.3:
            values[random.integers(0, self.rows - 1)] = None
        return values

    def cells(self):
        """Returns the rows."""
        return list(zip(*self.columns.values()))


def choose(random, values):
    return values[random.integers(0, len(values))]
