"""Writes what the program and the runtime consist of, in the format CycloneDX 1.5, and validates the files.

    python3 scripts/sbom.py

`target/sbom/narrows.cdx.json` is of the program, and `target/sbom/narrows-runtime.cdx.json` of `tests/downstream`, a
program that depends on the runtime alone. Both are for this platform, and list exactly the crates that `cargo tree`
lists: cargo-cyclonedx also finds some that no enabled feature builds. ONNX Runtime, which is a library in a file of its
own, is added with the hash of its wheel.
"""

import json
import os
import subprocess

import atomic_folder
import cargo_tools
import setup
import venv
from atomic_folder import ROOT, Failure, relative
from wheels import ONNX_RUNTIME

FOLDER = os.path.join(ROOT, "target", "sbom")
VERSION = "1.5"
# The name of the files that cargo-cyclonedx writes next to the manifest of each package.
WRITTEN = "narrows-sbom"
# The packages that are described and their folders, by the name of the file. The second one is a workspace of its own.
PACKAGES = {
    "narrows": ("narrows-cli", "cli"),
    "narrows-runtime": ("downstream", os.path.join("tests", "downstream")),
}

VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(file.read())
    if error is not None:
        sys.exit(f"error: {path} does not follow the schema: {error}")
"""


def main(arguments):
    if arguments:
        raise Failure(f"unknown argument `{arguments[0]}`: this script takes none")
    program = cargo_tools.provide(cargo_tools.TOOLS["cargo-cyclonedx"])
    venv.provide(venv.SBOM)
    os.makedirs(FOLDER, exist_ok=True)
    paths = [describe(program, name, package, folder) for name, (package, folder) in PACKAGES.items()]
    command = [venv.python_of(venv.SBOM.folder), "-c", VALIDATE] + paths
    if subprocess.run(command, check=False).returncode != 0:
        raise Failure("a file does not follow the schema of CycloneDX: see the output above")
    for path in paths:
        with open(path, encoding="utf-8") as file:
            count = len(json.load(file)["components"])
        print(f"{relative(path)}: {count} components, valid CycloneDX {VERSION}")


def describe(program, name, package, folder):
    """Writes the file of one package. Returns its path."""
    manifest = os.path.join(folder, "Cargo.toml")
    command = [program, "cyclonedx", "--manifest-path", manifest, "--all", "--quiet"]
    command += ["--format", "json", "--spec-version", VERSION, "--override-filename", WRITTEN]
    # The time of the last commit instead of now, so that the same sources give the same file.
    time = atomic_folder.command(["git", "-C", ROOT, "show", "--no-patch", "--format=%ct", "HEAD"], ROOT)[1].strip()
    try:
        done = subprocess.run(command, cwd=ROOT, env=dict(os.environ, SOURCE_DATE_EPOCH=time), check=False)
        if done.returncode != 0:
            raise Failure(f"cargo-cyclonedx failed for {package}: see the output above")
        with open(os.path.join(ROOT, folder, f"{WRITTEN}.json"), encoding="utf-8") as file:
            bom = json.load(file)
    finally:
        remove_written()
    keep(bom, crates_of(package, manifest))
    add_onnx_runtime(bom)
    path = os.path.join(FOLDER, f"{name}.cdx.json")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(without_paths(json.dumps(bom, indent=2)) + "\n")
    return path


def crates_of(package, manifest):
    """Returns the names and versions of the crates that a package is built from, without those of tests."""
    command = ["cargo", "tree", "--locked", "--manifest-path", manifest, "--package", package]
    command += ["--edges", "no-dev", "--prefix", "none"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed: see the output above")
    lines = [line.split()[:2] for line in done.stdout.decode("utf-8").splitlines()]
    return {(name, version[1:]) for name, version in lines}


def keep(bom, crates):
    """Removes the components that are not among the crates. Fails if a crate is not among the components."""
    components = {(each["name"], each["version"]): each for each in bom["components"]}
    root = bom["metadata"]["component"]
    missing = crates - set(components) - {(root["name"], root["version"])}
    if missing:
        raise Failure(f"cargo-cyclonedx does not list {' '.join(sorted(missing)[0])}")
    removed = {each["bom-ref"] for crate, each in components.items() if crate not in crates}
    bom["components"] = [each for each in bom["components"] if each["bom-ref"] not in removed]
    bom["dependencies"] = [each for each in bom["dependencies"] if each["ref"] not in removed]
    for each in bom["dependencies"]:
        if "dependsOn" in each:
            each["dependsOn"] = [ref for ref in each["dependsOn"] if ref not in removed]


def remove_written():
    """Removes what cargo-cyclonedx writes for every package of a workspace."""
    for parent, folders, files in os.walk(ROOT):
        folders[:] = [each for each in folders if each not in ("target", ".git", ".tools", "node_modules")]
        if f"{WRITTEN}.json" in files:
            os.remove(os.path.join(parent, f"{WRITTEN}.json"))


def without_paths(text):
    """Replaces the folder of the checkout, which identifies our own crates."""
    return text.replace(f"path+file://{ROOT}", "path+file:///narrows").replace(f"file://{ROOT}", "file:///narrows")


def add_onnx_runtime(bom):
    """Adds ONNX Runtime, which is not a crate, to the components and to the dependencies of the program."""
    wheel = ONNX_RUNTIME.wheels.get(setup.platform_name())
    identifier = f"pkg:pypi/{ONNX_RUNTIME.package}@{ONNX_RUNTIME.version}"
    component = {
        "type": "library",
        "bom-ref": identifier,
        "name": ONNX_RUNTIME.title,
        "version": ONNX_RUNTIME.version,
        "description": "The library that the runtime loads when the first bundle is opened",
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": identifier,
    }
    if wheel is not None:
        component["hashes"] = [{"alg": "SHA-256", "content": wheel.sha256}]
    bom["components"].append(component)
    bom["dependencies"].append({"ref": identifier})
    root = bom["metadata"]["component"]["bom-ref"]
    for dependency in bom["dependencies"]:
        if dependency["ref"] == root:
            dependency.setdefault("dependsOn", []).append(identifier)


if __name__ == "__main__":
    atomic_folder.run(main)
