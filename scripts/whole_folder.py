"""Writes a folder whole or not at all, and lets a script fail with one plain sentence.

Standard library only, Python 3.8 or newer. Heavy modules are imported where they
are used: a script that finds nothing to do must end at once.
"""

import errno
import os
import signal
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A temporary folder older than this belongs to no run that is still alive.
ABANDONED_AFTER_SECONDS = 6 * 3600


class Failure(Exception):
    """What went wrong and what to do about it, in one sentence for a person."""


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


def run(main):
    """Runs `main(arguments)` and exits: 0 done, 1 failed, 130 interrupted."""
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
    """One sentence for a failed file operation, with what to do."""
    place = relative(error.filename) if error.filename else "a file"
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return f"the disk is full while writing {place}: free some space and run this again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"cannot write {place} ({reason}): make the folder writable, or work in a copy that is"
    return f"cannot read or write {place}: {reason}"


def relative(path):
    """`path` as a person in the repository would write it."""
    path = os.path.abspath(path)
    return os.path.relpath(path, ROOT) if path.startswith(ROOT + os.sep) else path


def install(target, complete, fill):
    """Makes the folder `target` with `fill(folder, scratch)`, renamed into place when it is whole.

    `complete()` says whether what stands at `target` is right already. Of two runs at
    once the later one keeps what the earlier one put there. `scratch` is for downloads;
    it goes with the temporary folder, whatever happens.
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
            pass  # another run moved it aside
    raise Failure(
        f"cannot replace {relative(target)}, other programs keep writing it: end them and run this again"
    )


def sync(folder):
    """Brings every file and folder under `folder` to the disk."""
    for place, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                with open(path, "rb+") as file:
                    os.fsync(file.fileno())
        sync_entry(place)


def sync_entry(folder):
    if os.name == "nt":  # Windows opens no folder as a file
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(folder):
    """Removes `folder`; a second Ctrl-C does not stop it half-way."""
    import shutil

    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        signal.signal(signal.SIGINT, previous)


def clear_abandoned(parent, prefix):
    """Removes what a killed run or a power cut left behind."""
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
    """Runs a program in `scratch`; gives back its exit status and all that it printed.

    Its own temporary files go there too, so that none outlives an interrupt. The rest of
    the environment is the caller's (mirrors, proxies, certificates), with `extra` on top.
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


def last_words(output):
    """The line in which a failed program names its trouble last: pip's habit."""
    return error_lines(output)[-1]


def first_words(output):
    """The line in which a failed program names its trouble first: the habit of npm and apt."""
    return error_lines(output)[0]


def error_lines(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or line.startswith("E: ")]
    return errors or lines[-1:] or ["it printed nothing"]
