"""A disk that forgets what was not synced: used by power_cut.py."""

import os
import random
import re
import shutil


class File:
    """The content of a file, as the writes that made it."""

    def __init__(self, data=b""):
        # (moment, offset, bytes), or (moment, length, None) for a new length.
        self.writes = [(0, 0, data)] if data else []
        self.synced = 0

    def size(self):
        length = 0
        for _, at, data in self.writes:
            length = at if data is None else max(length, at + len(data))
        return length

    def content(self, keeps):
        """Returns the content with the synced writes, and what `keeps` makes of each other one."""
        result = bytearray()
        for moment, at, data in self.writes:
            if moment > self.synced:
                data_kept = keeps(data)
                if data_kept is False:
                    continue
                data = data_kept
            if data is None:
                result[at:] = b"\0" * max(0, at - len(result))
                del result[at:]
                continue
            if len(result) < at:
                result.extend(b"\0" * (at - len(result)))
            result[at : at + len(data)] = data
        return bytes(result)


class Directory:
    """A folder, as the changes of its names."""

    def __init__(self):
        self.entries = {}
        self.synced = 0

    def files(self, prefix=""):
        found = {}
        for name, entry in self.entries.items():
            if isinstance(entry, Directory):
                found.update(entry.files(prefix + name + "/"))
            else:
                found[prefix + name] = entry
        return found

    def write_to(self, path):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        for name, entry in self.entries.items():
            if isinstance(entry, Directory):
                entry.write_to(os.path.join(path, name))
            else:
                with open(os.path.join(path, name), "wb") as file:
                    file.write(entry)


class Disk:
    """The folder of a command, with everything that was there before it on the disk."""

    def __init__(self, work):
        self.work = work
        self.start = read(work)

    def files(self):
        """Returns the files before the command."""
        return copy(self.start, lambda file: file.content(lambda data: data)).files()

    def states(self, trace, count):
        """Yields the folders that a power cut could leave, at every moment of the calls."""
        replay = Replay(self.work, read_again(self.start))
        for name, arguments, result in trace:
            if result < 0 or not replay.call(name, arguments, result):
                continue
            yield from replay.states(count)


    def versions(self, trace):
        """Returns the contents that a renaming put under each path, without a power cut."""
        replay = Replay(self.work, read_again(self.start))
        found = {}
        for name, arguments, result in trace:
            if result < 0 or not replay.call(name, arguments, result) or not name.startswith("rename"):
                continue
            everything = replay.cut(replay.moment, lambda: replay.moment, lambda data: data)
            for path, data in everything.files().items():
                if path in replay.arrived:
                    found.setdefault(path, set()).add(data)
        return found


class Replay:
    """Repeats the calls of a command."""

    def __init__(self, work, root):
        self.work, self.root = work, root
        self.names = []  # (moment, [(directory, name, entry or None)]): changes of names, in their order
        self.open = {}  # descriptor: [file or directory, position, appends]
        self.moment = 0
        self.arrived = []  # paths of the last renaming

    def states(self, count):
        everything, nothing, zeros = (lambda data: data), (lambda data: False), (lambda data: data and bytes(len(data)))
        last = self.moment
        yield self.cut(last, lambda: last, nothing)
        yield self.cut(last, lambda: last, zeros)
        yield self.cut(last, lambda: 0, everything)
        for _ in range(count):

            def some(data):
                kept = random.choice(("all", "none", "half", "zeros"))
                if data is None or kept == "all":
                    return data
                return {"none": False, "half": data[: len(data) // 2], "zeros": bytes(len(data))}[kept]

            yield self.cut(last, lambda: random.randint(0, last), some)

    def cut(self, last, until, keeps):
        """Returns the folder with the names that are synced, and of each folder those up to a moment that `until`
        gives."""
        moments = {}

        def kept(directory):
            return max(directory.synced, moments.setdefault(id(directory), until()))

        entries = {}  # directory: its names, beginning with those before the command
        for moment, changes in self.names:
            # A name that moves between folders moves in both or in neither.
            if moment and not any(moment <= kept(directory) for directory, _, _ in changes):
                continue
            for directory, name, entry in changes:
                of_directory = entries.setdefault(id(directory), dict(directory.entries))
                of_directory.pop(name, None) if entry is None else of_directory.__setitem__(name, entry)

        def build(directory):
            built = Directory()
            for name, entry in entries.get(id(directory), directory.entries).items():
                is_folder = isinstance(entry, Directory)
                built.entries[name] = build(entry) if is_folder else entry.content(keeps)
            return built

        return build(self.root)

    def call(self, name, arguments, result):
        """Repeats a call. Returns whether it changed what a power cut could leave."""
        self.moment += 1
        words = [word if word.startswith('"') else word.strip() for word in split(arguments)]
        if name in ("open", "openat", "creat"):
            return self.opened(name, words, result)
        if name == "close":
            self.open.pop(int(words[0]), None)
            return False
        if name in ("write", "pwrite64", "lseek", "ftruncate", "fsync", "fdatasync"):
            return self.of_file(name, words, result)
        if name in ("mkdir", "mkdirat"):
            return self.rename_to(self.place(name, words), Directory())
        if name in ("unlink", "rmdir", "unlinkat"):
            return self.rename_to(self.place(name, words), None)
        if name in ("rename", "renameat", "renameat2"):
            return self.renamed(name, words)
        if any(word.isdigit() and int(word) in self.open for word in words[:2]):
            raise NotImplementedError(f"{name} of a file of the command")
        return False

    def of_file(self, name, words, result):
        handle = self.open.get(int(words[0]))
        if handle is None:
            return False
        file = handle[0]
        if name in ("fsync", "fdatasync"):
            file.synced = self.moment
        elif name == "lseek":
            handle[1] = result
            return False
        elif name == "ftruncate":
            file.writes.append((self.moment, int(words[1]), None))
        else:
            data = unquoted(words[1])[:result]
            at = int(words[3]) if name == "pwrite64" else file.size() if handle[2] else handle[1]
            file.writes.append((self.moment, at, data))
            if name == "write":
                handle[1] = at + len(data)
        return True

    def opened(self, name, words, result):
        at, path, flags = self.path(name, words)
        entry = self.find(path, at)
        changed = False
        if entry is None and ("O_CREAT" in flags or name == "creat"):
            place = self.parent(path, at)
            if place is None:
                return False
            entry = File()
            changed = self.rename_to(place, entry)
        if entry is None:
            self.open.pop(result, None)
            return False
        if "O_TRUNC" in flags and isinstance(entry, File) and entry.size():
            entry.writes.append((self.moment, 0, None))
            changed = True
        self.open[result] = [entry, 0, "O_APPEND" in flags]
        return changed

    def renamed(self, name, words):
        if name == "rename":
            old, new = self.parent(unquoted_path(words[0]), None), self.parent(unquoted_path(words[1]), None)
        else:
            old = self.parent(unquoted_path(words[1]), self.directory(words[0]))
            new = self.parent(unquoted_path(words[3]), self.directory(words[2]))
        if old is None or new is None:
            return False
        (from_directory, from_name), (to_directory, to_name) = old, new
        entry = self.now(from_directory)[from_name]
        path = unquoted_path(words[1] if name == "rename" else words[3])
        path = os.path.relpath(os.path.join(self.work, path), self.work)
        self.arrived = [path + "/" + below for below in self.tree(entry)] if isinstance(entry, Directory) else [path]
        self.names.append((self.moment, [(from_directory, from_name, None), (to_directory, to_name, entry)]))
        return True

    def rename_to(self, place, entry):
        if place is None:
            return False
        directory, name = place
        self.names.append((self.moment, [(directory, name, entry)]))
        return True

    def now(self, directory):
        entries = dict(directory.entries)
        for _, changes in self.names:
            for changed, name, entry in changes:
                if changed is directory:
                    entries.pop(name, None) if entry is None else entries.__setitem__(name, entry)
        return entries

    def tree(self, directory):
        """Returns the paths of the files below a folder."""
        paths = []
        for name, entry in self.now(directory).items():
            below = [name + "/" + path for path in self.tree(entry)] if isinstance(entry, Directory) else [name]
            paths.extend(below)
        return paths

    def path(self, name, words):
        """Returns the folder of a call that opens a file, the path and the flags."""
        if name in ("open", "creat"):
            return None, unquoted_path(words[0]), words[1]
        return self.directory(words[0]), unquoted_path(words[1]), words[2]

    def place(self, name, words):
        if name in ("mkdir", "unlink", "rmdir"):
            return self.parent(unquoted_path(words[0]), None)
        return self.parent(unquoted_path(words[1]), self.directory(words[0]))

    def directory(self, word):
        if word == "AT_FDCWD":
            return None
        handle = self.open.get(int(word))
        return handle[0] if handle else False

    def parts(self, path, at):
        """Returns the folder where a path begins and its names; `None` outside the folder of the command."""
        if at is False:
            return None
        if os.path.isabs(path):
            inside = os.path.relpath(path, self.work)
            if inside.startswith(".."):
                return None
            path, at = inside, None
        names = [name for name in os.path.normpath(path).split("/") if name not in ("", ".")]
        return (at or self.root), names

    def find(self, path, at):
        place = self.parts(path, at)
        if place is None:
            return None
        entry, names = place
        for name in names:
            if not isinstance(entry, Directory):
                return None
            entry = self.now(entry).get(name)
        return entry

    def parent(self, path, at):
        place = self.parts(path, at)
        if place is None or not place[1]:
            return None
        directory = self.find("/".join(place[1][:-1]) or ".", place[0])
        return (directory, place[1][-1]) if isinstance(directory, Directory) else None


def split(arguments):
    """Splits the arguments of a call at the commas outside quotes."""
    return [word.strip() for word in re.findall(r'(?:"[^"]*"(?:\.\.\.)?|[^,"])+', arguments)]


def unquoted(word):
    text = word[word.index('"') + 1 : word.rindex('"')]
    return bytes.fromhex(text.replace("\\x", ""))


def unquoted_path(word):
    return os.fsdecode(unquoted(word))


def read(path):
    directory = Directory()
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            directory.entries[entry.name] = read(entry.path)
        else:
            with open(entry.path, "rb") as file:
                directory.entries[entry.name] = File(file.read())
    return directory


def copy(directory, of_file):
    copied = Directory()
    for name, entry in directory.entries.items():
        copied.entries[name] = copy(entry, of_file) if isinstance(entry, Directory) else of_file(entry)
    return copied


def read_again(directory):
    """Returns a copy whose files can be changed."""

    def file(original):
        return File(original.content(lambda data: data))

    return copy(directory, file)
