"""Compiles the CUDA kernels of the trainer, `kernels.cu`, to `kernels.ptx`, which is committed.

    python3 scripts/cuda/kernels.py             writes the file
    python3 scripts/cuda/kernels.py --check     fails if the committed file differs from what the compiler writes

It needs the compiler of `setup.py cuda-compiler`, and no GPU. Both forms also assemble the result for every GPU in
ARCHITECTURES, as the driver does when a program starts its first kernel.
"""

import hashlib
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import atomic_folder
from atomic_folder import ROOT, Failure, relative

FOLDER = os.path.join(ROOT, "trainer", "src", "candle", "on_device")
SOURCE = os.path.join(FOLDER, "kernels.cu")
TARGET = os.path.join(FOLDER, "kernels.ptx")
COMPILER = os.path.join(ROOT, ".tools", "cuda")
# The oldest compute capability. PTX for it runs on every newer GPU.
OLDEST = 75
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise Failure("pass nothing to write kernels.ptx, or --check to compare it")
    with open(SOURCE, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        for architecture in ARCHITECTURES:
            compile_for(architecture, os.path.join(folder, f"{architecture}.ptx"))
        oldest = os.path.join(folder, f"{OLDEST}.ptx")
        for architecture in ARCHITECTURES:
            assemble(oldest, architecture, folder)
        with open(oldest, encoding="utf-8") as file:
            content = f"// Compiled from kernels.cu by `just cuda-kernels`. SHA-256 of the source: {digest}\n{file.read()}"
    if arguments:
        check(content)
    else:
        with open(TARGET, "w", encoding="utf-8", newline="\n") as file:
            file.write(content)
    names = ", ".join(f"sm_{architecture}" for architecture in ARCHITECTURES)
    print(f"{relative(TARGET)}: {content.count('.visible .entry')} kernels, compiled and assembled for {names}")


def check(content):
    try:
        with open(TARGET, encoding="utf-8") as file:
            is_current = file.read() == content
    except FileNotFoundError:
        is_current = False
    if not is_current:
        raise Failure(f"{relative(TARGET)} is not what the compiler writes: run `just cuda-kernels` and commit it")


def compile_for(architecture, target):
    # Without the options for fast mathematics, whose functions are less exact.
    arguments = ["--ptx", "-O3", "-std=c++17", f"-arch=compute_{architecture}", "--output-file", target]
    run("nvcc", arguments + [SOURCE], f"{relative(SOURCE)} cannot be compiled for sm_{architecture}")


def assemble(ptx, architecture, folder):
    arguments = [f"-arch=sm_{architecture}", ptx, "-o", os.path.join(folder, "kernels.cubin")]
    run("ptxas", arguments, f"the kernels cannot be assembled for sm_{architecture}")


def run(program, arguments, what):
    environment = dict(os.environ, CUDA_HOME=COMPILER)
    try:
        command = [os.path.join(COMPILER, "bin", program)] + arguments
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError:
        raise Failure("there is no compiler in .tools/cuda/: run `just setup cuda-compiler`")
    if done.returncode != 0:
        raise Failure(f"{what}: {done.stdout.decode('utf-8', 'replace').strip()}")


if __name__ == "__main__":
    atomic_folder.run(main)
