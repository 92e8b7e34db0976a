"""Writes the hashes of Python packages, `scripts/hashes/NAME.txt`, after a change of a list of packages.

    python3 scripts/pins.py              for all environments of `venv.py`
    python3 scripts/pins.py interop      for one of them

uv reads the hashes of all files of each version from the package index. Neither it nor pip chooses another version,
because the lists contain every package.
"""

import os
import tempfile

import atomic_folder
import venv
from atomic_folder import Failure, relative

# The oldest interpreters of the environments. Some packages need the second one.
PYTHONS = ("3.10", "3.11")
HEAD = "# Written by `just pins` from {}: the hashes that pip checks.\n"


def main(arguments):
    unknown = [name for name in arguments if name not in venv.ENVIRONMENTS]
    if unknown:
        raise Failure(f"unknown environment `{unknown[0]}`: the environments are {', '.join(venv.ENVIRONMENTS)}")
    venv.provide(venv.PINS)
    program = uv_of(venv.PINS.folder)
    for name in arguments or venv.ENVIRONMENTS:
        pin(program, venv.ENVIRONMENTS[name])


def uv_of(folder):
    """Returns the path of uv, which pip installs below the folder of packages."""
    name = "uv.exe" if os.name == "nt" else "uv"
    for parent, _, files in os.walk(folder):
        if name in files and os.path.basename(parent) in ("bin", "Scripts"):
            return os.path.join(parent, name)
    raise Failure(f"uv is not in {relative(folder)}: remove this folder and run this again")


def pin(program, environment):
    """Writes the hashes of the packages of an environment."""
    with tempfile.TemporaryDirectory() as scratch:
        target = os.path.join(scratch, "hashes.txt")
        for python in PYTHONS:
            command = [program, "pip", "compile", environment.requirements, "--output-file", target, "--quiet"]
            command += ["--no-deps", "--generate-hashes", "--universal", "--python-version", python]
            command += ["--no-header", "--no-annotate", "--emit-build-options"]
            status, output = atomic_folder.command(command, scratch)
            if status == 0:
                break
        if status != 0:
            cause = atomic_folder.last_error(output)
            raise Failure(f"uv cannot read the hashes of {relative(environment.requirements)}: {cause}")
        hashes = HEAD.format(relative(environment.requirements).replace(os.sep, "/")) + venv.read(target)
    os.makedirs(os.path.dirname(environment.hashes), exist_ok=True)
    with open(environment.hashes, "w", encoding="utf-8", newline="\n") as file:
        file.write(hashes)
    packages = len(venv.packages_of(environment.hashes))
    print(f"{environment.name}: {hashes.count('sha256:')} hashes of {packages} packages")


if __name__ == "__main__":
    atomic_folder.run(main)
