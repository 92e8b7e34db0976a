"""Runs pip, and turns what it prints on a failure into one sentence with what to do."""

import re
import sys

import whole_folder
from whole_folder import Failure


def run(arguments, what, otherwise, scratch):
    """Runs pip with `arguments`. `what` it is to bring and what to do `otherwise` go into the failure.

    Mirrors, proxies and certificates set for pip, in its variables or its files, hold here too.
    """
    common = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    program = [sys.executable, "-m", "pip"]
    arguments = program + arguments[:1] + common + arguments[1:]
    # What is fetched goes into a folder of ours, so the wish for a virtual environment is met.
    status, output = whole_folder.command(arguments, scratch, PIP_REQUIRE_VIRTUALENV="0")
    if status != 0:
        raise Failure(sentence(output, what, otherwise))


def sentence(output, what, otherwise):
    said = output.lower()
    if "no module named pip" in said:
        cause = f"comes by pip, which {sys.executable} does not have"
        remedy = "install pip (on Debian: python3-pip)"
    elif "do not match the hashes" in said:
        cause = "came with a hash other than the pinned one and was thrown away"
        remedy = "check the package index or mirror that pip uses"
    elif "no space left" in said or "errno 28" in said:
        return f"the disk is full while fetching {what}: free some space and run this again"
    elif "broken by '" in said or "could not fetch url" in said or "readtimeouterror" in said:
        cause = f"is out of pip's reach ({connection_cause(output)})"
        remedy = "check the network, proxy and certificates"
    elif "no matching distribution found" in said:
        cause = "is not in the package index that pip uses, or the index does not answer"
        remedy = "check the network and pip's settings (`pip config list`)"
    else:
        cause = f"cannot be fetched by pip ({whole_folder.last_words(output)})"
        remedy = "mend that"
    return f"{what} {cause}: {remedy}{otherwise}"


def connection_cause(output):
    """The reason in pip's first warning about a connection, out of its exception's text."""
    found = re.search(r"broken by '(.*)': /", output)
    if found is None:
        return whole_folder.last_words(output)
    cause = re.sub(r"<[^>]*>:? ?", "", found.group(1))
    quoted = re.findall(r"'([^']{4,})'|\"([^\"]{4,})\"", cause)
    return (quoted[-1][0] or quoted[-1][1]) if quoted else cause
