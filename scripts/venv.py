"""Puts the Python packages that `just interop` needs into `.tools/interop-venv/`.

A virtual environment with exactly the pins of `interop-requirements.txt`. Once done for
these pins and this interpreter, it does nothing.
"""

import os
import sys

import whole_folder
from whole_folder import Failure

VENV = os.path.join(whole_folder.ROOT, ".tools", "interop-venv")
REQUIREMENTS = os.path.join(whole_folder.ROOT, "scripts", "interop-requirements.txt")
STAMP = "stamp.txt"
OLDEST = (3, 10)


def main(_arguments):
    wanted = stamp()
    if is_complete(wanted):
        return
    if sys.version_info < OLDEST:
        oldest, found = ".".join(map(str, OLDEST)), sys.version.split()[0]
        text = f"the packages of `just interop` need Python {oldest} or newer, found {found}"
        raise Failure(f"{text}: name one, as in `just python=python3.12 interop`")
    sys.stderr.write(f"fetching onnx, onnxruntime and tensorboard for Python {sys.version.split()[0]}\n")
    sys.stderr.flush()

    def fill(folder, scratch):
        build(folder, scratch)
        with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
            file.write(wanted)

    whole_folder.install(VENV, lambda: is_complete(wanted), fill)


def stamp():
    with open(REQUIREMENTS, encoding="utf-8") as file:
        return f"{sys.executable}\n{sys.version}\n{file.read()}"


def is_complete(wanted):
    try:
        with open(os.path.join(VENV, STAMP), encoding="utf-8") as file:
            return file.read() == wanted and os.path.isfile(python_of(VENV))
    except OSError:
        return False


def python_of(venv):
    return (
        os.path.join(venv, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(venv, "bin", "python")
    )


def build(folder, scratch):
    """Makes the environment without a pip of its own (Debian keeps that in another package) and fills it."""
    import pip_client

    status, output = whole_folder.command([sys.executable, "-m", "venv", "--without-pip", folder], scratch)
    if status != 0:
        raise Failure(f"python's venv module failed: {whole_folder.last_words(output)}")
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    _, packages = whole_folder.command([python_of(folder), "-c", ask], scratch)
    arguments = ["install", "--no-user", "--no-deps", "--no-compile", "--only-binary=:all:"]
    arguments += ["--target", packages.strip(), "--requirement", REQUIREMENTS]
    what = "the pinned onnx, onnxruntime and tensorboard"
    pip_client.run(arguments, what, ", or leave `just interop` out", scratch)


if __name__ == "__main__":
    whole_folder.run(main)
