"""Runs the runtime's tests with other versions of ONNX Runtime (Linux on x86-64).

    python3 scripts/versions.py            all versions in RELEASES
    python3 scripts/versions.py 1.17.3     only this version

Each version is fetched once, with a pinned hash, into `target/versions/`. The wheels up to 1.17 contain no library that
a program can load, so these versions are from the npm package `onnxruntime-node`. For a version that is too old, the
test expects an error that names the version.
"""

import hashlib
import os
import re
import shutil
import sys

import setup
import atomic_folder
from wheels import ONNX_RUNTIME, Tool, Wheel
from atomic_folder import Failure

FOLDER = os.path.join(atomic_folder.ROOT, "target", "versions")
LIBRARY = "libonnxruntime.so"
PLATFORM = "linux-x86_64"
TESTS = ["cargo", "test", "--release", "--config", "tests/checked.toml", "--package", "narrows-runtime"]
TOO_OLD = ["--test", "library", "--", "--ignored", "--exact", "a_release_that_is_too_old_is_refused_with_its_version"]


class Release:
    """A version of ONNX Runtime.

    `sha256` is of its archive, and `platform` is pip's name of the platform, or None for a package of npm.
    """

    def __init__(self, version, sha256, platform=None, too_old=False):
        self.version = version
        self.sha256 = sha256
        self.platform = platform
        self.too_old = too_old
        self.folder = os.path.join(FOLDER, version)
        self.library = os.path.join(self.folder, LIBRARY)

    def __str__(self):
        return f"ONNX Runtime {self.version}"


PINNED = ONNX_RUNTIME.wheels[PLATFORM]
RELEASES = [
    Release("1.16.3", "5896383cd3449c5838a46fcf1490865ab90487773a3bb018ea6a5f12b17e2667", too_old=True),
    Release("1.17.3", "fd586d4ab53d89fdade19ffcc75b208fd66ab417b247cb6ae299be1bb40d76be"),
    Release(
        "1.20.1",
        "bb71a814f66517a65628c9e4a2bb530a6edd2cd5d87ffa0af0f6f773a027d99e",
        "manylinux_2_27_x86_64",
    ),
    Release(
        "1.24.4",
        "0d640eb9f3782689b55cfa715094474cd5662f2f137be6a6f847a594b6e9705c",
        "manylinux_2_27_x86_64",
    ),
    Release(ONNX_RUNTIME.version, PINNED.sha256, PINNED.platform),
    Release(
        "1.32.0",
        "99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8",
        "manylinux_2_28_x86_64",
    ),
]


def main(arguments):
    known = {release.version: release for release in RELEASES}
    unknown = [version for version in arguments if version not in known]
    if unknown:
        raise Failure(f"unknown version `{unknown[0]}`: the versions are {', '.join(known)}")
    if setup.platform_name() != PLATFORM:
        raise Failure(f"these tests run on {PLATFORM} only, this is {setup.platform_name()}")
    failed = []
    for release in [known[version] for version in arguments] or RELEASES:
        provide(release)
        passed, summary = test(release)
        print(f"{release}: {summary}", flush=True)
        failed += [] if passed else [release.version]
    if failed:
        raise Failure(f"the tests fail with ONNX Runtime {', '.join(failed)}: see the output above")


def provide(release):
    """Fetches a version if it is missing."""
    if os.path.isfile(release.library):
        return
    sys.stderr.write(f"fetching {release}\n")
    sys.stderr.flush()

    def fill(folder, scratch):
        fetch = from_wheel if release.platform else from_npm
        fetch(release, os.path.join(folder, LIBRARY), scratch)

    atomic_folder.install(release.folder, lambda: os.path.isfile(release.library), fill)


def from_wheel(release, target, scratch):
    import zipfile

    wheel = Wheel(release.platform, release.sha256, None, None, None)
    interpreter = ONNX_RUNTIME.interpreter
    tool = Tool("onnxruntime", "ONNX Runtime", "onnxruntime", release.version, "ORT_DYLIB_PATH", interpreter, {}, {})
    with zipfile.ZipFile(setup.download(tool, wheel, scratch)) as archive:
        with archive.open(f"onnxruntime/capi/{LIBRARY}.{release.version}") as source, open(target, "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)


def from_npm(release, target, scratch):
    import tarfile

    npm = shutil.which("npm")
    if npm is None:
        raise Failure(f"fetching {release} needs npm, which is not installed: install npm, or pass other versions")
    package = f"onnxruntime-node@{release.version}"
    status, output = atomic_folder.command([npm, "pack", "--ignore-scripts", package], scratch)
    archive = os.path.join(scratch, f"onnxruntime-node-{release.version}.tgz")
    if status != 0 or not os.path.isfile(archive):
        raise Failure(f"`npm pack {package}` failed ({atomic_folder.first_error(output)}): check the network")
    with open(archive, "rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    if sha256 != release.sha256:
        raise Failure(f"{package} has SHA-256 {sha256}, expected {release.sha256}: check the registry that npm uses")
    with tarfile.open(archive) as file:
        source = file.extractfile(f"package/bin/napi-v3/linux/x64/{LIBRARY}.{release.version}")
        with open(target, "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)


def test(release):
    """Runs the tests. Returns whether they pass, and a summary in one line. Prints the output if they fail."""
    # The telemetry of some versions would write a database into the home folder.
    extra = {"ORT_DISABLE_TELEMETRY": "1", "CARGO_TERM_COLOR": "never"}
    if release.too_old:
        extra["NARROWS_TOO_OLD"] = release.library
        status, output = cargo(TESTS + TOO_OLD, extra)
    else:
        extra["ORT_DYLIB_PATH"] = release.library
        status, output = cargo(TESTS + ["--no-fail-fast"], extra)
    passed = sum(int(count) for count in re.findall(r"^test result: \w+\. (\d+) passed", output, re.MULTILINE))
    if status != 0 or passed == 0:
        sys.stderr.write(output)
        return False, "tests fail"
    return True, "refused with its version" if release.too_old else f"{passed} tests pass"


def cargo(arguments, extra):
    import subprocess

    done = subprocess.run(
        arguments,
        cwd=atomic_folder.ROOT,
        env=dict(os.environ, **extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


if __name__ == "__main__":
    atomic_folder.run(main)
