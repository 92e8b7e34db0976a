"""Checks the dependencies of every workspace with cargo-deny and the rules of `deny.toml`.

    python3 scripts/deny.py

Licences, banned and duplicate crates and sources are checked everywhere. Duplicates count in the main workspace alone:
the others contain engines that we do not choose the dependencies of. Known vulnerabilities and yanked versions are
checked if RustSec's database can be fetched; if not, a sentence says that they were not checked.
"""

import os
import re
import subprocess
import tempfile

import atomic_folder
import cargo_tools
from atomic_folder import ROOT, Failure

RULES = os.path.join(ROOT, "deny.toml")
# Folders with a lock file of their own, and what is not checked there.
MAIN = "."
OTHERS = ("engines", "fuzz", os.path.join("benches", "peers"), os.path.join("tests", "downstream"))
# The lists of `deny.toml` are for all workspaces together, and no workspace needs every entry.
UNUSED_ENTRIES = ("license-not-encountered", "license-exception-not-encountered", "unused-wrapper")
NOT_IN_OTHERS = UNUSED_ENTRIES + ("duplicate", "unmatched-skip", "unnecessary-skip")
DATABASE = "github.com/rustsec/advisory-db"


def main(arguments):
    if arguments:
        raise Failure(f"unknown argument `{arguments[0]}`: this script takes none")
    program = cargo_tools.provide(cargo_tools.TOOLS["cargo-deny"])
    failed = []
    for folder, allowed in [(MAIN, UNUSED_ENTRIES)] + [(other, NOT_IN_OTHERS) for other in OTHERS]:
        passed = check(program, folder, ("bans", "licenses", "sources"), allowed) == 0
        print(f"{name_of(folder)}: licences, bans and sources {'pass' if passed else 'fail'}", flush=True)
        failed += [] if passed else [name_of(folder)]
    cause = fetch_advisories(program)
    if cause:
        print(f"advisories not checked: {DATABASE} cannot be fetched ({cause})", flush=True)
    for folder in () if cause else (MAIN,) + OTHERS:
        passed = check(program, folder, ("advisories",), ()) == 0
        print(f"{name_of(folder)}: advisories {'pass' if passed else 'fail'}", flush=True)
        failed += [] if passed else [f"{name_of(folder)} (advisories)"]
    if failed:
        raise Failure(f"the rules of deny.toml do not hold in {', '.join(failed)}: see the output above")


def name_of(folder):
    return "the main workspace" if folder == MAIN else folder.replace(os.sep, "/") + "/"


def check(program, folder, checks, allowed):
    """Runs checks in the workspace of a folder. Prints what is wrong and returns the exit status."""
    command = arguments(program, folder) + ["check", "--hide-inclusion-graph"]
    for lint in allowed:
        command += ["--allow", lint]
    done = subprocess.run(
        command + list(checks), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0 or "warning[" in output:
        print(output, flush=True)
    return done.returncode


def arguments(program, folder):
    manifest = os.path.join(folder, "Cargo.toml")
    return [program, "--locked", "--all-features", "--manifest-path", manifest, "--config", RULES]


def fetch_advisories(program):
    """Fetches the database of advisories. Returns why it cannot be fetched, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        command = arguments(program, ROOT) + ["fetch", "db"]
        status, output = atomic_folder.command(command, scratch, NO_COLOR="1")
    if status == 0:
        return None
    # Without the time and the level in front of the message, and the arguments of Git behind it.
    return re.sub(r"^.*?\[ERROR\] |: \[.*$", "", atomic_folder.last_error(output))


if __name__ == "__main__":
    atomic_folder.run(main)
