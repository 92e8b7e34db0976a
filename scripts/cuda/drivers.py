"""Runs a program with the feature `cuda` against fake drivers, and checks what it says about each.

    python3 scripts/cuda/drivers.py PROGRAM

The drivers are libraries in C that answer the first questions to a driver: its version, and the number of GPUs. The
script needs Linux and a C compiler. Where the machine has a driver or CUDA of its own, the cases without them are left
out. It exits with status 1 if a message is not as expected.
"""

import ctypes
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import atomic_folder  # noqa: E402
from atomic_folder import Failure  # noqa: E402

DRIVER = """
int cuDriverGetVersion(int *version) { *version = %(version)d; return 0; }
int cuInit(unsigned flags) { return %(start)d; }
int cuDeviceGetCount(int *count) { *count = %(count)d; return 0; }
int cuGetErrorName(int code, const char **name) { *name = "CUDA_ERROR_OF_A_FAKE"; return 0; }
"""
LIBRARIES = ["libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10", "libnvrtc.so.13", "libcudart.so.13"]


def loads(name):
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


HAS_DRIVER = loads("libcuda.so.1")
HAS_CUDA = any(map(loads, LIBRARIES)) or bool(glob.glob("/usr/local/cuda*"))


class Case:
    """A driver, a device to train on, and what the message must contain."""

    def __init__(self, name, expected, device="cuda", version=13000, start=0, count=1, libraries=True, driver=True):
        self.name, self.expected, self.device = name, expected, device
        self.answers = {"version": version, "start": start, "count": count}
        self.libraries, self.driver = libraries, driver


CASES = [
    Case("no driver", "there is no NVIDIA driver; install it", driver=False),
    Case("a driver for an older CUDA", "supports CUDA 12.4, and this program was built for CUDA 13.0", version=12040),
    Case("the stub of the toolkit", "is the stub of the CUDA toolkit", version=0, start=34),
    Case("no GPU", "the NVIDIA driver finds no GPU", start=100),
    Case("an empty list of GPUs", "the NVIDIA driver finds no GPU", count=0),
    Case("an index that is too large", "number of GPUs: 2)", device="cuda:2", count=2),
    Case("parts of different versions", "restart the machine after an update of the driver", start=803),
    Case("an unknown error", "does not start (error 999, CUDA_ERROR_OF_A_FAKE)", start=999),
    Case("missing libraries", "libraries of CUDA were not found: libcublasLt.so.13, libcublas.so.13", libraries=False),
    Case("a driver that lacks functions", "it cannot be opened (", device="cuda"),
]


def main(arguments):
    if len(arguments) != 1:
        raise Failure("pass PROGRAM")
    program = os.path.abspath(arguments[0])
    with tempfile.TemporaryDirectory(prefix="narrows-drivers-") as folder:
        cases = [case for case in CASES if (case.driver or not HAS_DRIVER) and (case.libraries or not HAS_CUDA)]
        failed = [case.name for case in cases if not passes(program, case, folder)]
        if not HAS_DRIVER and not automatic(program, folder):
            failed.append("auto without a driver")
        if len(cases) < len(CASES):
            print(f"{len(CASES) - len(cases)} cases were left out, because this machine has a driver or CUDA")
    if failed:
        raise Failure(f"failed: {', '.join(failed)}")


def passes(program, case, folder):
    """Trains on the GPU of a fake driver. Returns whether the program exits with status 1 and the expected message."""
    libraries = os.path.join(folder, case.name.replace(" ", "-"))
    os.mkdir(libraries)
    if case.driver:
        library(os.path.join(libraries, "libcuda.so.1"), DRIVER % case.answers)
    for name in LIBRARIES if case.libraries else []:
        library(os.path.join(libraries, name), "int unused;")
    done = run(program, f"train ae --data digits --device {case.device} --run {shlex.quote(folder)}/run", libraries)
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    is_refused = done.returncode == 1 and case.expected in last and not os.path.exists(os.path.join(folder, "run"))
    diagnosis = json.loads(run(program, "doctor --json", libraries).stdout)["training"][0]
    passed = is_refused and not diagnosis["usable"] and (case.device != "cuda" or case.expected in diagnosis["reason"])
    print(f"{'ok  ' if passed else 'FAIL'}  {case.name} (status {done.returncode}): {last}", flush=True)
    return passed


def automatic(program, folder):
    """Trains with `auto` and without a driver. Returns whether the CPU is used, and the reason printed."""
    done = run(program, f"train ae --data digits --epochs 1 --device auto --run {shlex.quote(folder)}/auto", folder)
    passed = done.returncode == 0 and "training on cpu (there is no NVIDIA driver" in done.stderr
    print(f"{'ok  ' if passed else 'FAIL'}  auto without a driver (status {done.returncode})", flush=True)
    return passed


def library(path, source):
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", path]
    done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise Failure(f"the C compiler fails: {done.stderr.strip()}")


def run(program, arguments, libraries):
    unset = ("CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["LD_LIBRARY_PATH"] = libraries
    return subprocess.run(
        [program] + shlex.split(arguments), env=environment, text=True, capture_output=True, timeout=300, check=False
    )


if __name__ == "__main__":
    atomic_folder.run(main)
