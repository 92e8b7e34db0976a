"""Runs fuzz targets, one after the other.

    python3 scripts/fuzz.py SECONDS [TARGET ...]

SECONDS is the time for each target; without TARGET, all targets run. The script needs cargo-fuzz and a nightly
compiler. Inputs that reach new code are saved in target/fuzz/corpus/TARGET, and inputs that fail in
target/fuzz/failures/TARGET. The next run continues with this corpus. Seeds are in fuzz/seeds/TARGET.
"""

import os
import subprocess
import sys
import tempfile

import atomic_folder
from atomic_folder import Failure

ROOT = atomic_folder.ROOT
# A file system in memory, for speed, where the system has one.
MEMORY = "/dev/shm"


def main(arguments):
    folder = os.path.join(ROOT, "fuzz", "fuzz_targets")
    known = sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".rs"))
    if not arguments or not arguments[0].isdigit():
        raise Failure("pass the number of seconds for each target, as in `just fuzz 600`")
    targets = arguments[1:] or known
    unknown = [target for target in targets if target not in known]
    if unknown:
        raise Failure(f"unknown target {', '.join(unknown)}: the targets are {', '.join(known)}")
    failed = [target for target in targets if not passes(target, arguments[0])]
    if failed:
        raise Failure(f"failed targets: {', '.join(failed)}; fix the reader and add the failing input to fuzz/seeds/")


def passes(target, seconds):
    work = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "fuzz")
    corpus, failures = os.path.join(work, "corpus", target), os.path.join(work, "failures", target)
    for folder in (corpus, failures):
        os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else None) as scratch:
        command = ["cargo", "+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", "--target-dir", work, target]
        command += [corpus, os.path.join(ROOT, "fuzz", "seeds", target), "--"]
        command += [f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]
        command += [f"-artifact_prefix={failures}{os.sep}"]
        environment = dict(os.environ, TMPDIR=scratch)
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    atomic_folder.run(main)
