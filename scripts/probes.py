"""The rows of a bundle's probe as the inputs of its encoder."""

import numpy as np


def encoder_inputs(manifest, probe):
    """Returns arrays of the probe by the names of the encoder's inputs.

    In the probe, a row of a mixed table is a row of cells. In the graph, its numbers and its categories are two inputs.
    """
    label = {"label": probe["label"]} if "label" in probe else {}
    table = manifest["sample"].get("table")
    if table is None:
        return {"x": probe["x"], **label}
    is_category = np.array([is_level for column in table["columns"] for is_level in cells(column["kind"])])
    numbers = probe["x"][:, ~is_category]
    # A missing category is 0, as an unseen level is.
    categories = np.nan_to_num(probe["x"][:, is_category]).astype(np.int64)
    ports = {"x": numbers, "categories": categories}
    return {name: values for name, values in ports.items() if values.shape[1]} | label


def cells(kind):
    """Returns for each cell of a column whether it is a category."""
    match kind["type"]:
        case "number" | "heavy-tailed" | "count":
            return [False]
        case "category" | "ordered":
            return [True]
        case "date":  # the day, the time of day, the month and the weekday
            return [False] * (1 + kind["has_time"]) + [True, True]
        case "label":
            return []
        case other:
            raise ValueError(f"`{other}` is no type of columns")
