"""Writes folders atomically, runs commands, and reports failures of a script in one sentence.

Uses only the standard library of Python 3.8 or newer. Slow modules are imported where they are used, so that a script
that has nothing to do ends quickly.
"""

import errno
import os
import signal
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A temporary folder older than this belongs to a process that has ended.
ABANDONED_AFTER_SECONDS = 6 * 3600


class Failure(Exception):
    """An error message for the user: one sentence that says what went wrong and what to do."""


class Terminated(BaseException):
    """The process received SIGTERM."""


def run(main):
    """Runs `main(arguments)`. The exit status is 0 on success, 1 on failure, 130 after Ctrl-C and 143 after SIGTERM."""
    if sys.version_info < (3, 8):
        found = sys.version.split()[0]
        sys.exit(f"error: this script needs Python 3.8 or newer, found {found} at {sys.executable}")

    def terminate(_signal, _frame):
        raise Terminated()

    signal.signal(signal.SIGTERM, terminate)
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as error:
        sys.exit(f"error: {explain(error)}")
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except Terminated:
        sys.exit(143)


def explain(error):
    """Returns a message for a failed file operation, which says what to do."""
    path = relative(error.filename) if error.filename else "a file"
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return f"the disk is full while writing {path}: free some space and run this again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"cannot write {path} ({reason}): make the folder writable, or work in a writable copy"
    return f"cannot read or write {path}: {reason}"


def relative(path):
    """Returns `path` relative to the repository, if it is inside the repository."""
    path = os.path.abspath(path)
    return os.path.relpath(path, ROOT) if path.startswith(ROOT + os.sep) else path


def install(target, complete, fill):
    """Creates the folder `target` atomically: calls `fill(folder, scratch)` on a temporary folder and renames it.

    `complete()` returns whether `target` already has the right content. If two processes run at once, the later one
    keeps the folder of the earlier one. `scratch` is a folder for downloads. It is always removed, together with the
    temporary folder.
    """
    import tempfile

    parent = os.path.dirname(target)
    os.makedirs(parent, exist_ok=True)
    prefix = "." + os.path.basename(target) + "."
    clear_abandoned(parent, prefix)
    temporary = tempfile.mkdtemp(prefix=prefix, suffix=".partial", dir=parent)
    try:
        folder, scratch = os.path.join(temporary, "new"), os.path.join(temporary, "scratch")
        os.mkdir(folder)
        os.mkdir(scratch)
        fill(folder, scratch)
        sync(folder)
        rename_into_place(folder, target, temporary, complete)
    except OSError as error:
        error.filename = error.filename or target
        raise
    finally:
        remove(temporary)


def rename_into_place(folder, target, temporary, complete):
    """Renames `folder` to `target`, unless `complete()`. Moves an existing `target` into `temporary` first."""
    for attempt in range(10):
        if complete():
            return
        try:
            os.rename(folder, target)
            sync_entry(os.path.dirname(target))
            return
        except OSError:
            if not os.path.lexists(target):
                raise
        try:
            os.rename(target, os.path.join(temporary, f"old-{attempt}"))
        except FileNotFoundError:
            pass  # another process moved it
    raise Failure(
        f"cannot replace {relative(target)} because other programs keep writing it: end them and run this again"
    )


def sync(folder):
    """Flushes every file and folder under `folder` to the disk."""
    for parent, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                with open(path, "rb+") as file:
                    os.fsync(file.fileno())
        sync_entry(parent)


def sync_entry(folder):
    if os.name == "nt":  # Windows cannot open a folder as a file
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(folder):
    """Removes `folder`. Ctrl-C does not interrupt the removal."""
    import shutil

    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        signal.signal(signal.SIGINT, previous)


def clear_abandoned(parent, prefix):
    """Removes temporary folders that a killed process or a power failure left."""
    import time

    for name in os.listdir(parent):
        path = os.path.join(parent, name)
        if name.startswith(prefix) and name.endswith(".partial"):
            try:
                old = time.time() - os.stat(path).st_mtime > ABANDONED_AFTER_SECONDS
            except FileNotFoundError:
                continue
            if old:
                remove(path)


def command(arguments, scratch, **extra):
    """Runs a program in `scratch` and returns its exit status and output.

    Its temporary files are in `scratch` too, so that they are removed after an interrupt. It inherits the other
    environment variables (mirrors, proxies, certificates), and gets the variables in `extra`.
    """
    import subprocess

    done = subprocess.run(
        arguments,
        cwd=scratch,
        env=dict(os.environ, TMPDIR=scratch, TEMP=scratch, TMP=scratch, **extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def last_error(output):
    """Returns the last error line of a failed program, which is the most informative one for pip."""
    return error_lines(output)[-1]


def first_error(output):
    """Returns the first error line of a failed program, which is the most informative one for npm and apt."""
    return error_lines(output)[0]


def error_lines(output):
    """Returns the lines that look like errors, or else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or line.startswith("E: ")]
    return errors or lines[-1:] or ["it printed nothing"]
