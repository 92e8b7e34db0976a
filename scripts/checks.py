"""Functions that the checks of `just interop` share: they find the folders to check, and report the results."""

import glob
import sys


class CheckFailed(Exception):
    """The reason why a check failed."""


def matching(arguments):
    """Returns the paths that match the arguments, which are paths or patterns."""
    named = [
        sorted(glob.glob(argument)) if glob.has_magic(argument) else [argument] for argument in arguments
    ]
    return [path for paths in named for path in paths]


def run_checks(what, cases):
    """Runs checks, prints the result of each, and exits with status 1 at the end if one failed.

    `cases` are pairs of a name and a function without arguments. The function raises an exception if the check fails,
    and otherwise returns a list of strings with details. `what` is the plural noun of the checked things.
    """
    passed, failed = 0, 0
    for name, check in cases:
        try:
            details = check()
        except Exception as error:  # any exception of a reader or an engine is a failure
            failed += 1
            print(f"FAIL  {name}: {one_line(error)}")
            continue
        passed += 1
        print(f"ok    {name:32} {'  '.join(details)}")
    print(f"{what}: {passed} passed, {failed} failed")
    if failed:
        sys.exit(f"error: {failed} of {passed + failed} {what} failed: see the lines that start with FAIL")


def one_line(error):
    """Returns the message of an exception in one line."""
    kind = "" if isinstance(error, CheckFailed) else type(error).__name__ + ": "
    return kind + " ".join(str(error).split())
