"""Cuts random square patches from pictures with Pillow. `patches.py` runs it.

    cut_patches.py PICTURES FOLDER SIZE SEED PART:FILE:COUNT...

A patch is a random square of a picture, reduced to SIZE x SIZE pixels. The side of the square is a random number
between twice the size and three quarters of the shorter side of the picture, so that patches show shapes and not only
texture.
Writes FOLDER/PART/NUMBER-FILE.png, so that neighbours in the order of names come from different pictures.
"""

import os
import random
import sys


def main(pictures, folder, size, seed, *selection):
    from PIL import Image

    size = int(size)
    for index, each in enumerate(selection):
        part, file, count = each.split(":")
        # Only `Random.random` gives the same numbers in every version of Python.
        numbers = random.Random(int(seed) + index)
        target = os.path.join(folder, part)
        os.makedirs(target, exist_ok=True)
        with Image.open(os.path.join(pictures, file)) as opened:
            picture = opened.convert("RGB")
        smallest, largest = 2 * size, max(2 * size, 3 * min(picture.size) // 4)
        for number in range(int(count)):
            side = pick(numbers, smallest, largest)
            left, top = (pick(numbers, 0, length - side) for length in picture.size)
            square = (left, top, left + side, top + side)
            patch = picture.resize((size, size), Image.Resampling.BOX, box=square)
            patch.save(os.path.join(target, f"{number:04}-{os.path.splitext(file)[0]}.png"))


def pick(numbers, low, high):
    """A random whole number from `low` to `high`."""
    return low + int(numbers.random() * (high - low + 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
