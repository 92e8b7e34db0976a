"""Simulates power cuts: `power_cut.py PROGRAM FOLDER`.

Traces the system calls of commands that write files, and builds the states in which a power cut could leave the disk:
at every moment, what was not synced is there in part, or as zeros, or not at all, and names change before the content of
the files reaches the disk. In each state, every file under its final name must be the old one or the new one, complete,
and the program must accept what is there, or continue to the same result. Needs Linux and strace.
"""

import hashlib
import os
import random
import re
import shutil
import subprocess
import sys

from power_cut_disk import Disk

CALLS = (
    "open,openat,creat,close,write,pwrite64,writev,pwritev,lseek,ftruncate,truncate,fallocate,fsync,fdatasync,syncfs,sync,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,copy_file_range,sendfile"
)
# Random states at each moment, in addition to the extreme ones.
RANDOM_STATES = 3
# States of a command in which the program runs; the content of the files is compared in all of them.
MOST_RUNS = 25
SEED = 20261130


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    if not can_trace():
        print("not checked, because there is no strace, or it may not watch processes here")
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    total = 0
    for case in cases(program):
        states, runs = check(case, program, folder)
        print(f"{case.line}: {states} states, the program ran in {runs} of them", flush=True)
        total += states
    # Without the calls of fsync the same trace must have bad states. Otherwise this check would find nothing.
    for case in cases(program):
        if finds_missing_sync(case, program, folder):
            break
    else:
        sys.exit("error: without any fsync, no state is bad, so this check finds nothing")
    print(f"{total} states are good; without fsync, bad ones are found")


def can_trace():
    try:
        return subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Case:
    """A command, the commands that prepare it, and its outputs."""

    def __init__(self, line, before, outputs, logs=(), resume=None, expected=None):
        self.line, self.before, self.outputs, self.logs = line, before, outputs, logs
        # A command that continues after the power cut, and the folder that must be as without one.
        self.resume, self.expected = resume, expected


TRAIN = "train ae --epochs 3 --hidden 16 --checkpoint-every 20 --run run"
OTHER = "train-export ae --epochs 1 --hidden 8 --run other --out model"


def cases(program):
    export = "export run --out model"
    return [
        Case(TRAIN, [], ["run"], logs=["metrics.jsonl", "events.out"], resume="run"),
        Case(export, [TRAIN], ["model"], resume=export, expected="model"),
        Case(export, [TRAIN, OTHER], ["model"], resume=export, expected="model"),
        Case("pack model p.narrows", [OTHER], ["p.narrows"], resume="pack model p.narrows", expected="p.narrows"),
        Case("encode model --data digits --out z.csv", [OTHER, "encode model --data digits --part test --out z.csv"],
             ["z.csv"], resume="encode model --data digits --out z.csv", expected="z.csv"),
        Case("detect fit model --calibration-part test", [OTHER], ["model"]),
    ]


def narrows(program, line, cwd, **more):
    return subprocess.run([program, *line.split()], cwd=cwd, capture_output=True, text=True, timeout=300, **more)


def prepared(case, program, folder, name):
    work = os.path.join(folder, name)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    for line in case.before:
        done = narrows(program, line, work)
        if done.returncode != 0:
            sys.exit(f"error: {line}: {done.stderr}")
    return work


def traced(case, program, folder):
    """Runs the command, and returns the disk before it, its calls, and the content after it."""
    work = prepared(case, program, folder, "work")
    disk = Disk(work)
    log = os.path.join(folder, "calls")
    command = ["strace", "-f", "-qq", "-xx", "-s", "100000000", "-e", f"trace={CALLS}", "-o", log, program]
    done = subprocess.run([*command, *case.line.split()], cwd=work, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {case.line}: {done.stderr}")
    return disk, list(calls(log)), content(work)


def calls(path):
    """Yields the finished calls as (name, arguments, result). A call may be in two lines, if another thread ran."""
    unfinished = {}
    with open(path, encoding="latin-1") as lines:
        for line in lines:
            thread, text = line.rstrip("\n").split(maxsplit=1)
            if text.endswith("<unfinished ...>"):
                unfinished[thread] = text[: -len("<unfinished ...>")]
                continue
            resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
            if resumed:
                text = unfinished.pop(thread, "") + resumed.group(1)
            match = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", text)
            if match:
                yield match.group(1), match.group(2), int(match.group(3))


def content(folder):
    """Returns the files below a folder by their paths."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def of_output(files, output):
    return {path: data for path, data in files.items() if path == output or path.startswith(output + "/")}


def check(case, program, folder):
    disk, trace, after = traced(case, program, folder)
    before, versions = disk.files(), disk.versions(trace)
    runs, distinct = 0, {}
    random.seed(SEED)
    for root in disk.states(trace, RANDOM_STATES):
        files = root.files()
        key = hashlib.sha256(repr(sorted((path, hashlib.sha256(data).digest()) for path, data in files.items())).encode())
        distinct.setdefault(key.digest(), (root, files))
    for root, files in distinct.values():
        problem = half_written(case, before, after, versions, files)
        if problem:
            sys.exit(f"error: {case.line}: {problem}")
    chosen = list(distinct.values())
    for root, files in random.sample(chosen, min(MOST_RUNS, len(chosen))):
        work = os.path.join(folder, "state")
        root.write_to(work)
        run_in(case, program, work, files, after)
        runs += 1
    return len(distinct), runs


def half_written(case, before, after, versions, files):
    """Returns what is wrong with the files under final names: each is the old or the new one, and a bundle has the files
    of one of them."""
    for output in case.outputs:
        now, old, new = (of_output(files, output) for files in (files, before, after))
        now = {path: data for path, data in now.items() if ".partial-" not in path}
        if case.logs:
            for path, data in now.items():
                name = os.path.basename(path)
                if name.startswith(tuple(case.logs)) or name == ".lock":
                    continue
                if data not in versions.get(path, ()) and data != old.get(path):
                    return f"`{path}` is half written ({len(data)} bytes)"
        elif now not in (old, new) and now:
            wrong = sorted(path for path in now if now[path] not in (old.get(path), new.get(path)))
            return f"`{output}` is neither the old nor the new one: {wrong or sorted(now)}"
    return None


def run_in(case, program, work, files, after):
    """Runs the program in a state."""
    for output in case.outputs:
        if output == "run":
            resume(case, program, work, after)
        elif of_output(files, output) and not output.endswith(".csv"):
            done = narrows(program, f"verify {output}", work)
            if done.returncode != 0:
                sys.exit(f"error: {case.line}: verify {output}: {done.stdout}{done.stderr}")
    if case.resume and case.resume != "run":
        done = narrows(program, case.resume, work)
        now = of_output(content(work), case.expected)
        if done.returncode != 0 or now != of_output(after, case.expected):
            sys.exit(f"error: {case.resume} after a power cut: {done.stderr}")
        hidden = [path for path in content(work) if ".partial-" in path or ".retired-" in path]
        if hidden:
            sys.exit(f"error: {case.resume} leaves {hidden}")


def resume(case, program, work, after):
    is_run = os.path.exists(os.path.join(work, "run", "config.toml"))
    line = "train --resume run --checkpoint-every 20" if is_run else TRAIN
    done = narrows(program, line, work)
    if done.returncode != 0:
        sys.exit(f"error: {line} after a power cut: {done.stderr}")
    last = max(path for path in of_output(after, "run/checkpoints") if "step-" in path)
    if content(work).get(last) != after[last]:
        sys.exit(f"error: {line} after a power cut ends in another checkpoint than without one")


def finds_missing_sync(case, program, folder):
    disk, trace, after = traced(case, program, folder)
    before, versions = disk.files(), disk.versions(trace)
    trace = [call for call in trace if call[0] not in ("fsync", "fdatasync")]
    states = disk.states(trace, RANDOM_STATES)
    return any(half_written(case, before, after, versions, root.files()) for root in states)


if __name__ == "__main__":
    main()
