"""Runs pip, and turns its error output into one sentence that says what to do."""

import re
import sys

import atomic_folder
from atomic_folder import Failure


def run(arguments, what, otherwise, scratch):
    """Runs pip with `arguments`. The error message contains `what` is fetched and the alternative, `otherwise`.

    Mirrors, proxies and certificates from pip's variables and configuration files apply.
    """
    common = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    program = [sys.executable, "-m", "pip"]
    arguments = program + arguments[:1] + common + arguments[1:]
    # pip installs into our own folder, so a user's setting that requires a virtual environment need not apply.
    status, output = atomic_folder.command(arguments, scratch, PIP_REQUIRE_VIRTUALENV="0")
    if status != 0:
        raise Failure(error_message(output, what, otherwise))


def error_message(output, what, otherwise):
    lower = output.lower()
    if "no module named pip" in lower:
        cause = f"cannot be fetched: {sys.executable} has no pip"
        remedy = "install pip (on Debian: python3-pip)"
    elif "do not match the hashes" in lower:
        cause = "has another hash than the pinned one and was discarded"
        remedy = "check the package index or mirror that pip uses"
    elif "no space left" in lower or "errno 28" in lower:
        return f"the disk is full while fetching {what}: free some space and run this again"
    elif "broken by '" in lower or "could not fetch url" in lower or "readtimeouterror" in lower:
        cause = f"cannot be fetched: pip cannot connect ({connection_cause(output)})"
        remedy = "check the network, proxy and certificates"
    elif "no matching distribution found" in lower:
        cause = "is not in the package index that pip uses, or the index does not respond"
        remedy = "check the network and pip's settings (`pip config list`)"
    else:
        cause = f"cannot be fetched by pip ({atomic_folder.last_error(output)})"
        remedy = "fix that"
    return f"{what} {cause}: {remedy}{otherwise}"


def connection_cause(output):
    """Returns the reason from pip's first warning about a connection, which quotes an exception."""
    match = re.search(r"broken by '(.*)': /", output)
    if match is None:
        return atomic_folder.last_error(output)
    cause = re.sub(r"<[^>]*>:? ?", "", match.group(1))
    quoted = re.findall(r"'([^']{4,})'|\"([^\"]{4,})\"", cause)
    return (quoted[-1][0] or quoted[-1][1]) if quoted else cause
