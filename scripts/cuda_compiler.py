"""Fetches NVIDIA's compiler into `.tools/cuda/`, which builds the feature `cuda` on a machine without CUDA.

`setup.py cuda-compiler` calls it. The compiler and its headers are unpacked from NVIDIA's wheels with pinned hashes,
210 MB. The folder has the layout of a CUDA toolkit, so its path is the value of CUDA_HOME for a build.

The libraries of CUDA are not in it. The program loads them when it first calls one
(`trainer/src/device/lazy.rs`), so the folder `lib64/` has archives without content, which the linker finds under the
names that Candle asks for.
"""

import os
import sys

import atomic_folder
from atomic_folder import ROOT, Failure, relative

FOLDER = os.path.join(ROOT, ".tools", "cuda")
STAMP = "stamp.txt"
# 13.0 is the version of CUDA that `wheels.py` pins ONNX Runtime for. PTX of this compiler runs with every driver for
# CUDA 13; that of a newer one would need a newer driver.
VERSION = "13.0"
MEGABYTES = {"linux-x86_64": 105, "linux-arm64": 98}
PREFIX = "nvidia/cu13/"
PLATFORMS = {
    "linux-x86_64": ("manylinux_2_17_x86_64", "manylinux_2_12_x86_64"),
    "linux-arm64": ("manylinux_2_17_aarch64",),
}
# Packages with their versions, and the hash for each platform.
WHEELS = (
    (
        "nvidia-cuda-nvcc",
        "13.0.88",
        {
            "linux-x86_64": "56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03",
            "linux-arm64": "c7ff28f86a24effdc6c034fa15230c549a273e4771b10a7fec14996f8cf3307f",
        },
    ),
    (
        "nvidia-nvvm",
        "13.0.88",
        {
            "linux-x86_64": "c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0",
            "linux-arm64": "c4376a291d72d22a315d9d2f69bdae8f8cd83a627f75bad395cee49a0fe65dc1",
        },
    ),
    (
        "nvidia-cuda-crt",
        "13.0.88",
        {
            "linux-x86_64": "2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4",
            "linux-arm64": "ee2ea2a97073e02ee62bb27841f437332be2c248e3eac013df07997ada39c003",
        },
    ),
    (
        "nvidia-cuda-runtime",
        "13.0.96",
        {
            "linux-x86_64": "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            "linux-arm64": "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55",
        },
    ),
    (
        "nvidia-cuda-cccl",
        "13.0.85",
        {
            "linux-x86_64": "e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649",
            "linux-arm64": "6f0203e29fed809ee2b7fe9b1344df66ecab990c37d6a2e0e189b26d6c97ed7c",
        },
    ),
)
# What is unpacked: programs, headers and the library of device functions.
WANTED = ("bin/", "include/", "nvvm/")
# Names of the libraries that Candle links.
LIBRARIES = ("cuda", "cudart", "cublas", "cublasLt", "curand", "nvrtc", "cudnn")
EMPTY_ARCHIVE = b"!<arch>\n"
WHAT = f"NVIDIA's compiler for CUDA {VERSION}"


def provide(platform):
    """Fetches the compiler if it is missing. Returns a line with its folder."""
    if platform not in PLATFORMS:
        remedy = "install the CUDA toolkit and build with its nvcc on the PATH"
        raise Failure(f"{WHAT} has no wheels for {platform}: {remedy}")
    if not is_complete(platform):
        sys.stderr.write(f"fetching {WHAT} for {platform} ({MEGABYTES[platform]} MB)\n")
        sys.stderr.flush()

        def fill(folder, scratch):
            for package, path in download(platform, scratch):
                unpack(package, path, folder)
            write_archives(folder)
            write_stamp(platform, folder)

        atomic_folder.install(FOLDER, lambda: is_complete(platform), fill)
    return f"{WHAT}: {relative(FOLDER)} (NVIDIA's licence is in {relative(os.path.join(FOLDER, 'licences'))})"


def head(platform):
    """Returns the first line of the stamp, which identifies the wheels. The others are sizes and names of files."""
    return " ".join(f"{package} {version} sha256:{hashes[platform]}" for package, version, hashes in WHEELS)


def is_complete(platform):
    """Returns whether the folder's stamp names these wheels, and every file has the size in the stamp."""
    try:
        with open(os.path.join(FOLDER, STAMP), encoding="utf-8") as file:
            first, *files = file.read().splitlines()
        if first != head(platform) or not files:
            return False
        pairs = (line.split(" ", 1) for line in files)
        return all(os.stat(os.path.join(FOLDER, name)).st_size == int(size) for size, name in pairs)
    except (OSError, ValueError):
        return False


def download(platform, scratch):
    """Fetches the wheels with pip, which checks their hashes. Returns pairs of a package and the path of its wheel."""
    import pip_client

    requirements = os.path.join(scratch, "requirements.txt")
    with open(requirements, "w", encoding="utf-8") as file:
        for package, version, hashes in WHEELS:
            file.write(f"{package}=={version} --hash=sha256:{hashes[platform]}\n")
    arguments = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", scratch]
    for name in PLATFORMS[platform]:
        arguments += ["--platform", name]
    arguments += ["--python-version", "3.12", "--requirement", requirements]
    otherwise = ", or install the CUDA toolkit and build with its nvcc on the PATH"
    pip_client.run(arguments, WHAT, otherwise, scratch)
    names = sorted(name for name in os.listdir(scratch) if name.endswith(".whl"))
    for package, version, _ in WHEELS:
        start = f"{package.replace('-', '_')}-{version}-"
        found = [name for name in names if name.startswith(start)]
        if len(found) != 1:
            text = f"pip fetched {len(found)} wheels of {package} instead of one"
            raise Failure(f"{text}: check pip's settings (`pip config list`)")
        yield package, os.path.join(scratch, found[0])


def unpack(package, path, folder):
    """Copies the programs and headers of a wheel, and its licence, to `folder`."""
    import shutil
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                name = target_of(package, member)
                if name is None:
                    continue
                target = os.path.join(folder, *name.split("/"))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.open(member) as source, open(target, "wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                # zipfile does not restore the execute permission.
                if name.startswith(("bin/", "nvvm/bin/")):
                    os.chmod(target, 0o755)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Failure(f"the wheel of {package} cannot be unpacked: {error}")


def target_of(package, member):
    """Returns the name of a member in the folder, or None if it is not wanted."""
    if member.endswith("/"):
        return None
    if member.endswith(".dist-info/licenses/License.txt"):
        return f"licences/{package}.txt"
    name = member[len(PREFIX):] if member.startswith(PREFIX) else ""
    return name if name.startswith(WANTED) and ".." not in name.split("/") else None


def write_archives(folder):
    os.mkdir(os.path.join(folder, "lib64"))
    for library in LIBRARIES:
        with open(os.path.join(folder, "lib64", f"lib{library}.a"), "wb") as file:
            file.write(EMPTY_ARCHIVE)


def write_stamp(platform, folder):
    lines = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            lines.append(f"{os.stat(path).st_size} {os.path.relpath(path, folder)}")
    with open(os.path.join(folder, STAMP), "w", encoding="utf-8") as file:
        file.write("\n".join([head(platform)] + sorted(lines)) + "\n")
