"""Puts pinned Python packages into a virtual environment of their own under `.tools/`.

    python3 scripts/venv.py interop   what `just interop` checks with
    python3 scripts/venv.py peers     PyTorch, for `just bench-peers train`
    python3 scripts/venv.py fixtures  what `just fixtures` writes files with

The environment NAME has exactly the pins of `NAME-requirements.txt`. Once done for these pins and
this interpreter, it does nothing.
"""

import os
import sys

import whole_folder
from whole_folder import Failure

STAMP = "stamp.txt"
OLDEST = (3, 10)


class Environment:
    """A virtual environment: the packages it is there for, as a person calls them, and the recipe that asks for it."""

    def __init__(self, name, packages, recipe, otherwise):
        self.name = name
        self.packages = packages
        self.recipe = recipe
        self.otherwise = otherwise
        self.folder = os.path.join(whole_folder.ROOT, ".tools", f"{name}-venv")
        self.requirements = os.path.join(whole_folder.ROOT, "scripts", f"{name}-requirements.txt")

    def stamp(self):
        with open(self.requirements, encoding="utf-8") as file:
            return f"{sys.executable}\n{sys.version}\n{file.read()}"

    def is_complete(self, wanted):
        try:
            with open(os.path.join(self.folder, STAMP), encoding="utf-8") as file:
                return file.read() == wanted and os.path.isfile(python_of(self.folder))
        except OSError:
            return False


INTEROP = Environment("interop", "onnx, onnxruntime, tensorboard and scikit-learn", "interop", "leave `just interop` out")
PEERS = Environment(
    "peers",
    "PyTorch and the libraries that it is linked to, on Linux 4 GB,",
    "bench-peers",
    "go on without PyTorch's rows",
)
FIXTURES = Environment("fixtures", "pandas, pyarrow and Pillow", "fixtures", "keep the fixtures that are there")


def main(arguments):
    environments = {each.name: each for each in (INTEROP, PEERS, FIXTURES)}
    if len(arguments) != 1 or arguments[0] not in environments:
        raise Failure(f"name one environment: {' or '.join(environments)}")
    provide(environments[arguments[0]])


def provide(environment):
    wanted = environment.stamp()
    if environment.is_complete(wanted):
        return
    if sys.version_info < OLDEST:
        oldest, found = ".".join(map(str, OLDEST)), sys.version.split()[0]
        text = f"the packages of `just {environment.recipe}` need Python {oldest} or newer, found {found}"
        raise Failure(f"{text}: name one, as in `just python=python3.12 {environment.recipe}`")
    sys.stderr.write(f"fetching {environment.packages} for Python {sys.version.split()[0]}\n")
    sys.stderr.flush()

    def fill(folder, scratch):
        build(environment, folder, scratch)
        with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
            file.write(wanted)

    whole_folder.install(environment.folder, lambda: environment.is_complete(wanted), fill)


def python_of(venv):
    return (
        os.path.join(venv, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(venv, "bin", "python")
    )


def build(environment, folder, scratch):
    """Makes the environment without a pip of its own (Debian keeps that in another package) and fills it."""
    import pip_client

    status, output = whole_folder.command([sys.executable, "-m", "venv", "--without-pip", folder], scratch)
    if status != 0:
        raise Failure(f"python's venv module failed: {whole_folder.last_words(output)}")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    _, packages = whole_folder.command([python_of(folder), "-c", ask], scratch)
    arguments = ["install", "--no-user", "--no-deps", "--no-compile", "--only-binary=:all:"]
    arguments += ["--target", packages.strip(), "--requirement", environment.requirements]
    what = f"the pinned {environment.packages}"
    pip_client.run(arguments, what, f", or {environment.otherwise}", scratch)


if __name__ == "__main__":
    whole_folder.run(main)
