"""Runs fuzz targets one after the other: `just fuzz 600 idx csv`, or all of them.

    python3 scripts/fuzz.py SECONDS [TARGET ...]

It needs cargo-fuzz and a nightly compiler. Inputs that reach something new are kept in target/fuzz/corpus/TARGET, those
that fail in target/fuzz/failures/TARGET; the next run goes on from there. Seeds are in fuzz/seeds/TARGET.
"""

import os
import subprocess
import sys
import tempfile

import whole_folder
from whole_folder import Failure

ROOT = whole_folder.ROOT
# A file in memory is written and read faster, where the system has one.
MEMORY = "/dev/shm"


def main(arguments):
    folder = os.path.join(ROOT, "fuzz", "fuzz_targets")
    known = sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".rs"))
    if not arguments or not arguments[0].isdigit():
        raise Failure("name the seconds that each target is to run, as in `just fuzz 600`")
    targets = arguments[1:] or known
    unknown = [target for target in targets if target not in known]
    if unknown:
        raise Failure(f"there is no target {', '.join(unknown)}: name some of {', '.join(known)}")
    failed = [target for target in targets if not passes(target, arguments[0])]
    if failed:
        raise Failure(f"failed: {', '.join(failed)}; add the input to fuzz/seeds/ with the change that mends it")


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
    whole_folder.run(main)
