"""Runs tests in programs that a nightly compiler instruments.

    python3 scripts/instrumented.py miri              undefined behaviour; crates without ONNX Runtime
    python3 scripts/instrumented.py address thread    errors of memory, and data races; also with ONNX Runtime

The sanitizers need Linux on x86-64. Miri needs the component `miri` of a nightly toolchain, and ThreadSanitizer the
component `rust-src`.
"""

import os
import platform
import subprocess
import sys
import time

import atomic_folder
from atomic_folder import Failure

ROOT = atomic_folder.ROOT
TARGET = "x86_64-unknown-linux-gnu"
PACKAGES = ["--package", "narrows-crew", "--package", "narrows-runtime"]
# The standard library of the toolchain is not instrumented, so the compiler asks for this permission. For
# AddressSanitizer that is enough. ThreadSanitizer would miss the order that a contended `Mutex` or a `Condvar` creates,
# and report races of data that a mutex guards. So it needs the sources of the standard library, to instrument them.
FLAGS = "-Zsanitizer={} -Cunsafe-allow-abi-mismatch=sanitizer"
# ONNX Runtime is not instrumented. It keeps allocations until the process ends, and the runtime leaks its objects
# while a process exits.
# A test of crew leaks the payload of a panic.
LEAKS = "leak:libonnxruntime.so\nleak:in_the_destructor_of_a_helpers_panic\n"
# Reports about memory that ONNX Runtime accessed are false, because the order that its locks create is unknown to the
# sanitizer.
RACES = "called_from_lib:libonnxruntime.so\n"
# These tests count allocations and threads, or limit memory; the sanitizers have their own.
SKIPPED = ["a_dropped_handle_leaks_nothing", "encoding_decoding_and_detecting_into_arrays_do_not_allocate"]
PURE = [
    ["--package", "narrows-crew", "--lib"],
    ["--package", "narrows-bundle", "--lib"],
    ["--package", "narrows-table", "--lib"],
]


def main(arguments):
    known = {"miri": miri, "address": sanitize, "thread": sanitize}
    unknown = [name for name in arguments if name not in known]
    if unknown or not arguments:
        raise Failure(f"pass one or more of {', '.join(known)}")
    require(["cargo", "+nightly", "--version"], "this needs a nightly compiler: `rustup toolchain install nightly`")
    failed = [name for name in arguments if not known[name](name)]
    if failed:
        raise Failure(f"failed: {', '.join(failed)}; see the output above")


def require(command, advice):
    try:
        found = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise Failure(advice)
    if found.returncode != 0:
        raise Failure(advice)


def miri(name):
    require(
        ["cargo", "+nightly", "miri", "--version"],
        "Miri is not installed, so nothing was checked: `rustup +nightly component add miri rust-src`",
    )
    # Threads of the crew never end, and tests of bundles read files.
    # Miri needs seconds for the backtrace of a panic, and some tests panic hundreds of times.
    extra = {"MIRIFLAGS": "-Zmiri-ignore-leaks -Zmiri-disable-isolation", "RUST_BACKTRACE": "0"}
    commands = [["cargo", "+nightly", "miri", "test", "--target-dir", folder(name)] + tests for tests in PURE]
    return all([passes(name, command, extra) for command in commands])


def sanitize(name):
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Failure("the sanitizers run on Linux on x86-64 only")
    command = ["cargo", "+nightly", "test", "--release", "--target", TARGET, "--target-dir", folder(name)]
    if name == "thread":
        query = ["rustc", "+nightly", "--print", "sysroot"]
        sysroot = subprocess.run(query, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        if not os.path.isdir(os.path.join(sysroot, "lib", "rustlib", "src", "rust", "library")):
            print("thread: not run, because it needs `rustup +nightly component add rust-src`", flush=True)
            return False
        command += ["-Zbuild-std"]
    command += PACKAGES + ["--lib", "--tests", "--no-fail-fast", "--"]
    command += [argument for test in SKIPPED for argument in ("--skip", test)]
    os.makedirs(folder(name), exist_ok=True)
    rules = {"address": LEAKS, "thread": RACES}[name]
    suppressions = os.path.join(folder(name), "suppressions.txt")
    with open(suppressions, "w", encoding="utf-8") as file:
        file.write(rules)
    extra = {
        "RUSTFLAGS": FLAGS.format(name),
        # Tests request impossible amounts of memory; both sanitizers would end the process.
        "ASAN_OPTIONS": "allocator_may_return_null=1",
        "LSAN_OPTIONS": f"suppressions={suppressions}:print_suppressions=0",
        "TSAN_OPTIONS": f"suppressions={suppressions}:ignore_noninstrumented_modules=1:allocator_may_return_null=1",
    }
    return passes(name, command, extra)


def folder(name):
    return os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), name)


def passes(name, command, extra):
    start = time.monotonic()
    status = subprocess.run(command, cwd=ROOT, env=dict(os.environ, **extra), check=False).returncode
    print(f"{name}: {'passed' if status == 0 else 'FAILED'} in {time.monotonic() - start:.0f} s", flush=True)
    return status == 0


if __name__ == "__main__":
    atomic_folder.run(main)
