"""Writes two tables of a simulated pump: pump-normal.csv, normal operation, and pump-new.csv, a later week with faults.

    python3 docs/examples/pump.py [FOLDER]

Every row is one minute: speed (1/min), flow (l/min), pressure (bar), power (kW), temperature (°C) and vibration (mm/s).
The columns depend on each other as in a real pump: flow follows the speed, pressure its square, and so on. In the
faults of pump-new.csv, each value alone is usual, but not together with the others:

- leak: the flow at the outlet is 12 % below what the speed gives
- blocked: the pressure is 12 % above it
- bearing: the vibration is that of a higher speed
"""

import csv
import pathlib
import random
import sys

COLUMNS = ["speed", "flow", "pressure", "power", "temperature", "vibration"]
FAULTS = {"leak": ("flow", 0.88), "blocked": ("pressure", 1.12), "bearing": ("vibration", 1.5)}


def row(random, fault=None):
    speed = random.uniform(900, 1500)
    outside = random.gauss(20, 3)
    flow = 0.12 * speed + random.gauss(0, 1.5)
    pressure = 2.2e-6 * speed**2 + random.gauss(0, 0.04)
    power = 4e-9 * speed**3 * 0.7 + 0.01 * flow * pressure + random.gauss(0, 0.1)
    temperature = outside + 2.4 * power + random.gauss(0, 0.5)
    vibration = 0.8 + 0.0012 * speed + random.gauss(0, 0.08)
    values = dict(zip(COLUMNS, [speed, flow, pressure, power, temperature, vibration]))
    if fault:
        column, factor = FAULTS[fault]
        values[column] *= factor
    return {column: round(value, 3) for column, value in values.items()}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(7)
    with open(folder / "pump-normal.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row(generator) for _ in range(2000))
    with open(folder / "pump-new.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, "fault"], lineterminator="\n")
        writer.writeheader()
        faults = [*["leak"] * 20, *["blocked"] * 20, *["bearing"] * 20, *[None] * 940]
        generator.shuffle(faults)
        for fault in faults:
            writer.writerow({**row(generator, fault), "fault": 1 if fault else 0})


if __name__ == "__main__":
    main()
