"""Builds the committed sources twice, in two folders, and compares the programs byte by byte.

    python3 scripts/reproducible.py             the program `narrows`, and a small program that embeds the runtime
    python3 scripts/reproducible.py runtime     only the small program, the runtime's example `embed`
    python3 scripts/reproducible.py program     only the program `narrows`

Each build has a clone of its own and a target folder of its own, at paths of different lengths. The paths of the clone,
of the target folder and of Cargo's home are replaced in what the compilers write, so a panic names `narrows/` or
`cargo/` instead. The script fails if the two programs differ, or if one of them contains one of these paths.

A program with a path to the runtime outside its own workspace, such as `tests/downstream`, is not the same in every
folder, because Cargo then makes the absolute path a part of the names of functions.
"""

import hashlib
import os
import shutil
import subprocess
import time

import atomic_folder
from atomic_folder import ROOT, Failure, relative

FOLDERS = ("first", os.path.join("second", "with-a-longer-path"))
BLOCK = 1 << 20
# Differences that are printed.
SHOWN = 10


class Program:
    """A program: its name, its path below the folder `release`, and the arguments of `cargo build` in a clone."""

    def __init__(self, name, folder, arguments):
        self.name = name
        self.path = os.path.join(folder, name + (".exe" if os.name == "nt" else ""))
        self.arguments = arguments


PROGRAMS = {
    "runtime": Program("embed", "examples", ["--package", "narrows-runtime", "--example", "embed"]),
    "program": Program("narrows", "", ["--package", "narrows-cli", "--bin", "narrows"]),
}


def main(arguments):
    names = [name for name in arguments if name != "all"] or list(PROGRAMS)
    unknown = [name for name in names if name not in PROGRAMS]
    if unknown:
        raise Failure(f"unknown program `{unknown[0]}`: the programs are all, {', '.join(PROGRAMS)}")
    if git(["status", "--porcelain", "--untracked-files=no"], ROOT):
        print("there are uncommitted changes, which are not built")
    commit = git(["rev-parse", "HEAD"], ROOT)
    print(f"commit {commit}, {output_of(['rustc', '--version'], ROOT)}", flush=True)
    parent = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "reproducible")
    shutil.rmtree(parent, ignore_errors=True)
    failures = []
    for program in (PROGRAMS[name] for name in names):
        failures += compare(program, [build(program, os.path.join(parent, folder), commit) for folder in FOLDERS])
    if failures:
        raise Failure("; ".join(failures))


class Built:
    """A program that was built, and the paths that it must not contain."""

    def __init__(self, path, secrets):
        self.path = path
        self.secrets = secrets

    def leaks(self):
        with open(self.path, "rb") as file:
            content = file.read()
        return [secret for secret in self.secrets if os.fsencode(secret) in content]


def build(program, folder, commit):
    """Clones the commit into `folder`, unless that is done, and builds the program there."""
    clone, target = os.path.join(folder, "clone"), os.path.join(folder, "target")
    if not os.path.isdir(clone):
        os.makedirs(folder)
        git(["clone", "--quiet", "--no-checkout", ROOT, clone], folder)
        git(["checkout", "--quiet", commit], clone)
    cargo_home = os.environ.get("CARGO_HOME", os.path.join(os.path.expanduser("~"), ".cargo"))
    # The last prefix that matches applies, so the longer ones come last.
    prefixes = {cargo_home: "cargo", clone: "narrows", target: "target"}
    environment = dict(os.environ)
    environment.pop("CARGO_TARGET_DIR", None)
    environment["CARGO_INCREMENTAL"] = "0"
    environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(
        f"--remap-path-prefix={path}={name}" for path, name in prefixes.items()
    )
    # The same for libraries in C, whose assertions contain file names. MSVC has no such option.
    if os.name != "nt":
        flags = [f"-ffile-prefix-map={path}={name}" for path, name in prefixes.items() if " " not in path]
        for variable in ("CFLAGS", "CXXFLAGS"):
            environment[variable] = " ".join([environment.get(variable, "")] + flags).strip()
    environment["SOURCE_DATE_EPOCH"] = git(["show", "--no-patch", "--format=%ct", commit], clone)
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", target] + program.arguments
    start = time.monotonic()
    if subprocess.run(command, cwd=clone, env=environment, check=False).returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed in {relative(clone)}: see the output above")
    path = os.path.join(target, "release", program.path)
    print(f"{program.name}: built in {relative(folder)}, {time.monotonic() - start:.0f} seconds", flush=True)
    return Built(path, list(prefixes))


def compare(program, builds):
    """Compares two builds of a program. Prints the result and returns what is wrong."""
    failures = []
    for built in builds:
        leaks = built.leaks()
        if leaks:
            failures.append(f"{relative(built.path)} contains the path {leaks[0]}")
    hashes = [sha256(built.path) for built in builds]
    if hashes[0] == hashes[1]:
        size = os.path.getsize(builds[0].path)
        print(f"{program.name}: both builds have the same {size} bytes, SHA-256 {hashes[0]}")
    else:
        paths = [built.path for built in builds]
        failures.append(f"the two builds of {program.name} differ: {differences(*paths)}")
    return failures


def differences(first, second):
    """Returns the sizes of two files, and how many bytes differ and where, in words."""
    with open(first, "rb") as file:
        left = file.read()
    with open(second, "rb") as file:
        right = file.read()
    if len(left) != len(right):
        return f"{len(left)} and {len(right)} bytes"
    places = [at for at, (one, other) in enumerate(zip(left, right)) if one != other]
    shown = ", ".join(f"{at:#x}" for at in places[:SHOWN])
    return f"{len(places)} of {len(left)} bytes, at {shown}{', ...' if len(places) > SHOWN else ''}"


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def git(arguments, folder):
    return output_of(["git"] + arguments, folder)


def output_of(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        cause = atomic_folder.last_error(done.stderr.decode("utf-8", "replace"))
        raise Failure(f"`{' '.join(command)}` failed ({cause}): fix that and run this again")
    return done.stdout.decode("utf-8", "replace").strip()


if __name__ == "__main__":
    atomic_folder.run(main)
