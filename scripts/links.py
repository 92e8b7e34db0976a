"""Checks the Markdown files of the project: relative links, anchors, paths in backticks, and the width of lines.

    python3 scripts/links.py

A link must lead to a file of the project, and an anchor to a heading of that file. Where a page is about the source code
(ARCHITECTURE.md, CONTRIBUTING.md, docs/design/), every path in backticks that begins with a folder of the project must
exist. Pages of the book must be listed in docs/SUMMARY.md. Lines of prose have at most 120 columns; tables, code and
generated pages may be wider. Addresses on the web are not checked.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_PATH = re.compile(r"`([A-Za-z_.-]+/[A-Za-z0-9_./-]+)`")
ABOUT_SOURCE = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/design/")
COLUMNS = 120
# Folders that exist only after a build, a download or a run.
MADE = ("target/", "models/", "runs/", "data/sets/", ".tools/", "photos/", "checkpoints/")


def main():
    files = listed()
    pages = [name for name in files if name.endswith(".md") and not name.startswith("models/")]
    problems = [problem for page in pages for problem in problems_of(page, files)]
    problems += unlisted(files)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def listed():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode("utf-8")
    return {name for name in output.splitlines() if os.path.exists(os.path.join(ROOT, name))}


def problems_of(page, files):
    text = read(page)
    folder = os.path.dirname(page)
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        name = os.path.normpath(os.path.join(folder, path)) if path else page
        if folder.startswith("docs") and not name.startswith("docs"):
            yield f"{page}: the link `{target}` leads out of the book; name the file in backticks instead"
        elif name not in files and not os.path.isdir(os.path.join(ROOT, name)):
            yield f"{page}: the link `{target}` leads to no file of the project"
        elif anchor and anchor not in anchors(read(name)):
            yield f"{page}: the link `{target}` names no heading of {name}"
    if not page.startswith("docs/reference/"):
        for number in wide_lines(text):
            yield f"{page}: line {number} has more than {COLUMNS} columns"
    if page.startswith(ABOUT_SOURCE):
        for path in CODE_PATH.findall(text):
            if is_missing(path):
                yield f"{page}: `{path}` is no file or folder of the project"


def wide_lines(text):
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            in_code = not in_code
        if not in_code and not line.startswith("|") and len(line) > COLUMNS:
            yield number


def is_missing(path):
    """Whether a path that begins with a folder of the project leads nowhere; others are relative to what a page is about."""
    if path.startswith(MADE):
        return False
    top = path.split("/")[0]
    if not os.path.isdir(os.path.join(ROOT, top)):
        return False
    return not os.path.exists(os.path.join(ROOT, path))


def unlisted(files):
    summary = read("docs/SUMMARY.md")
    for name in sorted(files):
        is_page = name.startswith("docs/") and name.endswith(".md") and name != "docs/SUMMARY.md"
        if is_page and f"({name[len('docs/'):]})" not in summary:
            yield f"{name} is not listed in docs/SUMMARY.md"


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def anchors(text):
    """The anchors of headings, as code hosts and mdBook make them."""
    for heading in re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M):
        kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        yield kept.replace(" ", "-")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    sys.exit(main())
