"""What the checks of `just interop` share: which folders are meant, and how verdicts are told."""

import glob
import sys


class Miss(Exception):
    """What something does not hold to."""


def matching(arguments):
    """The paths that the arguments name, patterns resolved."""
    named = [
        sorted(glob.glob(argument)) if glob.has_magic(argument) else [argument] for argument in arguments
    ]
    return [path for paths in named for path in paths]


def judge(what, cases):
    """Tells the verdict on each name and check, and exits with 1 at the end if one missed.

    A check takes nothing, raises at its first miss, and returns what it found as texts.
    """
    passed, missed = 0, 0
    for name, check in cases:
        try:
            found = check()
        except Exception as error:  # whatever a reader or an engine throws is a miss
            missed += 1
            print(f"MISS  {name}: {one_line(error)}")
            continue
        passed += 1
        print(f"ok    {name:32} {'  '.join(found)}")
    print(f"{what}: {passed} passed, {missed} failed")
    if missed:
        sys.exit(f"error: {missed} of {passed + missed} {what} do not hold: see MISS above")


def one_line(error):
    kind = "" if isinstance(error, Miss) else type(error).__name__ + ": "
    return kind + " ".join(str(error).split())
