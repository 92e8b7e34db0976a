"""Writes the licences of everything that the program consists of to `target/licences/`.

    python3 scripts/licences.py

- `THIRD-PARTY-NOTICES.txt`: the embedded data and the crates, with the texts of licences in their packages.
- `onnxruntime/`: the licence of ONNX Runtime and the notices of its own dependencies.
- `rust-standard-library.html`: the notices of the standard library, from the toolchain.

cargo-deny first checks that every licence is one that `deny.toml` allows. The script fails too if a package contains no
text and is not in the list below. It needs no network once the crates are fetched.
"""

import json
import os
import re
import shutil

import atomic_folder
import cargo_tools
import deny
import setup
from atomic_folder import ROOT, Failure, relative
from wheels import ONNX_RUNTIME

FOLDER = os.path.join(ROOT, "target", "licences")
NOTICES = "THIRD-PARTY-NOTICES.txt"
DIGITS = os.path.join(ROOT, "data", "assets", "README.md")
# The platforms that set-up supports, as in deny.toml.
TARGETS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
)
# Packages that name their licence and contain no text. The notices refer to the text of that licence.
WITHOUT_TEXT = {
    "candle-nn": "Apache-2.0",
    "flatbuffers": "Apache-2.0",
    "maud": "Apache-2.0",
    "maud_macros": "Apache-2.0",
    "pulp-wasm-simd-flag": "MIT",
}
# Files with licences and with notices that Apache-2.0 requires to be kept.
TEXT = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
# In the folders below a package, only this name: zstd, for example, also contains the licence that was not chosen.
TEXT_OF_LIBRARY = re.compile(r"^licen[cs]e(\.txt|\.md)?$", re.IGNORECASE)
RULE = "=" * 100


def main(arguments):
    if arguments:
        raise Failure(f"unknown argument `{arguments[0]}`: this script takes none")
    program = cargo_tools.provide(cargo_tools.TOOLS["cargo-deny"])
    if deny.check(program, deny.MAIN, ("licenses",), deny.UNUSED_ENTRIES) != 0:
        raise Failure("a crate has a licence that deny.toml does not allow: see the output above")
    packages = packages_of_program()
    texts = texts_of(packages)
    library = onnx_runtime_folder()
    standard = standard_library()
    os.makedirs(os.path.join(FOLDER, "onnxruntime"), exist_ok=True)
    with open(os.path.join(FOLDER, NOTICES), "w", encoding="utf-8", newline="\n") as file:
        file.write(notices(packages, texts))
    for name in ONNX_RUNTIME.licences.values():
        shutil.copyfile(os.path.join(library, name), os.path.join(FOLDER, "onnxruntime", name))
    shutil.copyfile(standard, os.path.join(FOLDER, os.path.basename(standard).replace("COPYRIGHT", "rust-standard")))
    what = "ONNX Runtime, the standard library and data"
    print(f"{relative(FOLDER)}: {len(packages)} crates, {len(texts)} texts, {what}")


def packages_of_program():
    """Returns the crates of others that the program is linked with on one of the platforms, as Cargo describes them."""
    described = json.loads(cargo(["metadata", "--locked", "--format-version", "1"]))["packages"]
    by_name = {f"{each['name']} {each['version']}": each for each in described}
    names = set()
    for target in TARGETS:
        tree = ["tree", "--locked", "--package", "narrows-cli", "--edges", "normal", "--prefix", "none"]
        for line in cargo(tree + ["--target", target]).splitlines():
            name, version = line.split()[:2]
            names.add(f"{name} {version[1:]}")
    return [by_name[name] for name in sorted(names) if by_name[name]["source"] is not None]


def texts_of(packages):
    """Returns the texts of licences, each with the names of the packages that contain it."""
    texts, problems = {}, []
    for package in packages:
        name = package["name"]
        found = {normalised(path) for path in files_of(os.path.dirname(package["manifest_path"]))} - {""}
        if not package["license"] and not found:
            problems.append(f"{name} names no licence")
        if found and name in WITHOUT_TEXT:
            problems.append(f"{name} contains the text of its licence: remove it from WITHOUT_TEXT")
        if not found and name not in WITHOUT_TEXT:
            problems.append(f"the package {name} contains no text of {package['license']}")
        if not found and WITHOUT_TEXT.get(name, "") not in (package["license"] or ""):
            problems.append(f"{name} is under {package['license']}, expected {WITHOUT_TEXT[name]}")
        for text in found:
            texts.setdefault(text, []).append(label(package))
    gone = set(WITHOUT_TEXT) - {package["name"] for package in packages}
    problems += [f"{name} is not in the program: remove it from WITHOUT_TEXT" for name in sorted(gone)]
    if problems:
        raise Failure("; ".join(problems))
    return texts


def label(package):
    return f"{package['name']} {package['version']}"


def files_of(folder):
    """Returns the paths of the files with licences in a package."""
    for parent, _, files in sorted(os.walk(folder)):
        pattern = TEXT if parent == folder else TEXT_OF_LIBRARY
        for name in sorted(files):
            # Not the source of a module with such a name. A folder `LICENSES` contains nothing but texts.
            matches = pattern.match(name) and not name.endswith((".rs", ".toml", ".json", ".py"))
            if matches or os.path.basename(parent) == "LICENSES":
                yield os.path.join(parent, name)


def normalised(path):
    """Returns the text of a file with the same ends of lines on every system, so that equal texts count once."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return "\n".join(line.rstrip() for line in file.read().strip().splitlines())


def notices(packages, texts):
    with open(DIGITS, encoding="utf-8") as file:
        digits = file.read().split("\n", 2)[2].strip()
    listed = "\n".join(f"- {label(package)}: {terms(package)}" for package in packages)
    parts = [
        "Narrows contains software and data of others. Its own licence is MIT or Apache-2.0, at your choice.",
        f"Embedded data\n\n{digits}",
        f"Crates and their licences\n\n{listed}",
    ]
    for text, names in sorted(texts.items(), key=lambda each: each[1]):
        parts.append("\n".join(f"- {name}" for name in names) + f"\n\n{text}")
    return f"\n\n{RULE}\n\n".join(parts) + "\n"


def terms(package):
    if package["name"] in WITHOUT_TEXT:
        return f"{package['license']}, here {WITHOUT_TEXT[package['name']]}; the package contains no text"
    return package["license"] or "see its text"


def onnx_runtime_folder():
    """Returns the folder with the licences of ONNX Runtime: of the fetched one, or of that in ORT_DYLIB_PATH."""
    library = os.environ.get(ONNX_RUNTIME.variable)
    candidates = [setup.folder_of(ONNX_RUNTIME)]
    if library:
        candidates = [os.path.dirname(os.path.dirname(library)), os.path.dirname(library)]
    for folder in candidates:
        if all(os.path.isfile(os.path.join(folder, name)) for name in ONNX_RUNTIME.licences.values()):
            return folder
    names = " and ".join(ONNX_RUNTIME.licences.values())
    raise Failure(f"{candidates[0]} does not contain {names} of ONNX Runtime: run `just setup`")


def standard_library():
    """Returns the path of the notices of the standard library."""
    path = os.path.join(output_of(["rustc", "--print", "sysroot"]).strip(), "share", "doc", "rust")
    path = os.path.join(path, "COPYRIGHT-library.html")
    if not os.path.isfile(path):
        raise Failure(f"the toolchain has no {path}: install its documentation (`rustup component add rust-docs`)")
    return path


def cargo(arguments):
    return output_of(["cargo"] + arguments)


def output_of(command):
    import subprocess

    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed: see the output above")
    return done.stdout.decode("utf-8")


if __name__ == "__main__":
    atomic_folder.run(main)
