"""Installs the tools of developers that are published on crates.io, into `.tools/NAME/`.

    python3 scripts/cargo_tools.py mdbook             the book
    python3 scripts/cargo_tools.py cargo-deny         rules for dependencies and licences
    python3 scripts/cargo_tools.py cargo-cyclonedx    lists of what a program contains (SBOM)

The version and the SHA-256 of each package are pinned here. Its own dependencies are those of the lock file in the
package, which contains their hashes. If the version is installed, the script does nothing.
"""

import glob
import hashlib
import os
import subprocess
import sys

import atomic_folder
from atomic_folder import ROOT, Failure, relative


class CargoTool:
    """A tool: its version, the SHA-256 of the package, the arguments of `cargo install`, and its recipe."""

    def __init__(self, name, version, sha256, arguments, recipe):
        self.name = name
        self.version = version
        self.sha256 = sha256
        self.arguments = arguments
        self.recipe = recipe
        self.folder = os.path.join(ROOT, ".tools", name)
        self.program = os.path.join(self.folder, "bin", name + (".exe" if os.name == "nt" else ""))

    def __str__(self):
        return f"{self.name} {self.version}"


# The development profile builds these tools in a fraction of the time, and they run for seconds.
QUICKLY = ["--debug", "--config", "profile.dev.debug=false"]

TOOLS = {
    tool.name: tool
    for tool in (
        CargoTool(
            "mdbook",
            "0.5.4",
            "5f68ffebcd0b9a4eb72aaacc4342bc94e1d63c01893b7c921437f6ef02443699",
            ["--no-default-features", "--features", "search"],
            "book",
        ),
        CargoTool(
            "cargo-deny",
            "0.20.2",
            "e528dfcbe739af7ce37a77d3d6df1b29dd6887b1c701d888820c0f16b864f737",
            QUICKLY,
            "deny",
        ),
        CargoTool(
            "cargo-cyclonedx",
            "0.5.9",
            "5d162f67705f0f5038759d73bf546a083bf30e8677c2e944b416bca48d9d69a8",
            QUICKLY,
            "sbom",
        ),
    )
}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in TOOLS:
        raise Failure(f"pass the name of one tool: {', '.join(TOOLS)}")
    provide(TOOLS[arguments[0]])


def provide(tool):
    """Installs the tool, if this version is not installed. Returns the path of its program."""
    if not is_installed(tool):
        sys.stderr.write(f"installing {tool} into {relative(tool.folder)}, which takes some minutes\n")
        sys.stderr.flush()
        check_package(tool)
        command = ["cargo", "install", "--quiet", "--locked", "--force", "--root", tool.folder]
        command += ["--version", f"={tool.version}", tool.name] + tool.arguments
        # The tools share a folder, because they share many dependencies.
        target = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "tools")
        done = subprocess.run(command, cwd=ROOT, env=dict(os.environ, CARGO_TARGET_DIR=target), check=False)
        if done.returncode != 0:
            raise Failure(f"{tool} cannot be installed: see the output above, or skip `just {tool.recipe}`")
    return tool.program


def is_installed(tool):
    """Whether Cargo's list of the folder names this version, and the program is there."""
    try:
        with open(os.path.join(tool.folder, ".crates.toml"), encoding="utf-8") as file:
            return f'"{tool.name} {tool.version} (' in file.read() and os.path.isfile(tool.program)
    except OSError:
        return False


def check_package(tool):
    """Lets Cargo fetch the package into its cache, from which it is installed, and checks its hash there."""
    command = ["cargo", "info", "--quiet", "--registry", "crates-io", f"{tool.name}@{tool.version}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    home = os.environ.get("CARGO_HOME", os.path.join(os.path.expanduser("~"), ".cargo"))
    pattern = os.path.join(glob.escape(home), "registry", "cache", "*", f"{tool.name}-{tool.version}.crate")
    packages = glob.glob(pattern)
    if done.returncode != 0 or not packages:
        cause = atomic_folder.first_error(done.stdout.decode("utf-8", "replace"))
        raise Failure(f"{tool} cannot be fetched ({cause}): check the network, or skip `just {tool.recipe}`")
    for package in packages:
        with open(package, "rb") as file:
            actual = hashlib.sha256(file.read()).hexdigest()
        if actual != tool.sha256:
            raise Failure(f"{package} has SHA-256 {actual}, expected {tool.sha256}: remove it and check the registry")


if __name__ == "__main__":
    atomic_folder.run(main)
