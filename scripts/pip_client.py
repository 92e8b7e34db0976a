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
        text = "%s comes by pip, which %s does not have: install pip (on Debian: python3-pip)%s"
        return text % (what, sys.executable, otherwise)
    if "do not match the hashes" in said:
        text = "%s came with a hash other than the pinned one and was thrown away: check the package index or mirror that pip uses%s"
        return text % (what, otherwise)
    if "no space left" in said or "errno 28" in said:
        return "the disk is full while fetching %s: free some space and run this again" % what
    if "broken by '" in said or "could not fetch url" in said or "readtimeouterror" in said:
        text = "pip cannot reach its package index for %s (%s): check the network, proxy and certificates%s"
        return text % (what, connection_cause(output), otherwise)
    if "no matching distribution found" in said:
        text = "pip finds no wheel of %s: check the network, and the package index or mirror that pip uses (`pip config list`)%s"
        return text % (what, otherwise)
    return "pip cannot fetch %s (%s): mend that%s" % (what, whole_folder.last_words(output), otherwise)


def connection_cause(output):
    """The reason in pip's first warning about a connection, out of its exception's text."""
    found = re.search(r"broken by '(.*)': /", output)
    if found is None:
        return whole_folder.last_words(output)
    cause = re.sub(r"<[^>]*>:? ?", "", found.group(1))
    quoted = re.findall(r"'([^']{4,})'|\"([^\"]{4,})\"", cause)
    return (quoted[-1][0] or quoted[-1][1]) if quoted else cause
