"""Tests training and inference on an NVIDIA GPU, measures both, prints one table, and writes it as JSON.

    python3 scripts/cuda/test.py PROGRAM ENCODE_RATE OUT [--seconds N]

PROGRAM is `narrows` with the feature `cuda`, ENCODE_RATE the example `encode_rate` of the runtime, and OUT the JSON
file. The script needs a GPU with its driver, the GPU build of ONNX Runtime and the libraries of CUDA, but no network
and no compiler. It compares with PyTorch and with onnxruntime-gpu if this Python has them. It exits with status 1 if
a check failed, and starts no measurement after N seconds (default 540).
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import atomic_folder  # noqa: E402
import peers  # noqa: E402
from atomic_folder import ROOT, Failure  # noqa: E402

quoted = shlex.quote

KINDS = ["pca", "ae", "dae", "wae", "vae", "cvae"]
# `narrows train` options of the two networks that are measured, on 784 bytes per row.
NETWORKS = {
    "MLP VAE 784-400-20": "vae --hidden 400 --latent-dim 20 --architecture mlp",
    "conv VAE 28x28, 32 and 64 filters": "vae --architecture conv --filters 32,64 --latent-dim 20",
}
BATCHES = [128, 1024, 8192]
ROWS = 65536
EPOCHS = 4
# Seconds that a command may take.
LIMIT = 180


class Tests:
    """The programs, the working folder, and the results so far."""

    def __init__(self, program, encode_rate, folder, seconds):
        self.program, self.encode_rate, self.folder = program, encode_rate, folder
        self.end = time.monotonic() + seconds
        self.checks, self.measurements = [], []

    def run(self, arguments, program=None, expected=0, **environment):
        """Runs the program, and returns its standard output, or its standard error if it should fail."""
        command = [program or self.program] + shlex.split(arguments)
        environment = dict(os.environ, **environment)
        options = {"cwd": self.folder, "env": environment, "text": True, "capture_output": True, "timeout": LIMIT}
        done = subprocess.run(command, check=False, **options)
        if done.returncode != expected:
            last = done.stderr.strip().splitlines()[-3:]
            raise Failure(f"`{' '.join(command)}` exited with status {done.returncode}: {' '.join(last)}")
        return done.stderr if expected else done.stdout

    def check(self, name, function):
        """Runs a check, which returns details, and prints its result."""
        start = time.monotonic()
        if start > self.end:
            passed, detail = False, "no time was left"
        else:
            try:
                passed, detail = True, function()
            # Whatever goes wrong, PyTorch's errors included, the other results count.
            except Exception as error:
                passed, detail = False, described(error)
        seconds = time.monotonic() - start
        self.checks.append({"name": name, "passed": passed, "detail": detail, "seconds": round(seconds, 1)})
        print(f"{'ok  ' if passed else 'FAIL'}  {name} ({seconds:.1f} s): {detail}", flush=True)

    def measure(self, name, function):
        """Runs a measurement, which returns figures by name, and prints them."""
        if time.monotonic() > self.end:
            figures = {"not measured": "no time was left"}
        else:
            try:
                figures = function()
            except Exception as error:
                figures = {"failed": described(error)}
        self.measurements.append({"name": name, **figures})
        print(f"      {name}: " + ", ".join(f"{key} {shown(value)}" for key, value in figures.items()), flush=True)


def described(error):
    """Returns the first line of an error, with its type if that is not ours."""
    lines = str(error).splitlines() or [""]
    return lines[0] if isinstance(error, Failure) else f"{type(error).__name__}: {lines[0]}"


def shown(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main(arguments):
    seconds = 540
    if "--seconds" in arguments:
        at = arguments.index("--seconds")
        seconds = int(arguments[at + 1])
        del arguments[at : at + 2]
    if len(arguments) != 3:
        raise Failure("pass PROGRAM ENCODE_RATE OUT [--seconds N]")
    program, encode_rate, out = map(os.path.abspath, arguments)
    folder = tempfile.mkdtemp(prefix="narrows-cuda-")
    try:
        tests = Tests(program, encode_rate, folder, seconds)
        machine = described_machine(tests)
        for name, value in machine.items():
            print(f"{name}: {value}")
        try:
            run_checks(tests)
            run_measurements(tests)
        finally:
            result = {"machine": machine, "checks": tests.checks, "measurements": tests.measurements}
            with open(out, "w", encoding="utf-8") as file:
                json.dump(result, file, indent=2)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    failed = [check["name"] for check in tests.checks if not check["passed"]]
    failed += [each["name"] for each in tests.measurements if "failed" in each]
    print(f"{len(tests.checks)} checks, {len(tests.measurements)} measurements; written to {out}")
    if failed:
        raise Failure(f"failed: {', '.join(failed)}")


def described_machine(tests):
    fields = "name,driver_version,memory.total,compute_cap"
    gpu = subprocess.run(
        ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"], text=True, capture_output=True, check=False
    )
    if gpu.returncode != 0:
        raise Failure("nvidia-smi does not run: this script needs a GPU and its driver")
    doctor = json.loads(tests.run("doctor --json"))
    return {
        "gpu (name, driver, memory, compute capability)": gpu.stdout.strip().splitlines()[0],
        "program": tests.run("--version").strip(),
        "doctor": json.dumps(doctor)[:2000],
        **peers.versions(),
    }


def run_checks(tests):
    for kind in KINDS:
        for architecture in ["mlp", "conv"] if kind != "pca" else ["mlp"]:
            name = f"{kind}-{architecture}"
            tests.check(
                f"train and export {name} on the GPU",
                lambda k=kind, a=architecture, n=name: trained(tests, k, a, n),
            )
            tests.check(f"proof of {name} on the CPU and the GPU", lambda n=name: proved(tests, n))
    for kind in sorted(os.listdir(os.path.join(ROOT, "models", "zoo"))):
        path = os.path.join(ROOT, "models", "zoo", kind)
        tests.check(f"proof of the committed {kind} on the GPU", lambda p=path: proof(tests, p, "cuda"))
    for kind in ["ae", "vae"]:
        for architecture in ["mlp", "conv"]:
            for kernels in ["fused", "composed"]:
                tests.check(
                    f"losses of about 100 steps of {kind}-{architecture} on both devices, {kernels} kernels",
                    lambda k=kind, a=architecture, c=kernels: same_losses(tests, k, a, c),
                )
    tests.check("resume on the other device", lambda: resumed_elsewhere(tests))
    tests.check("the GPU repeats a run", lambda: repeated(tests))
    tests.check("memory of the GPU over 1,000 runs", lambda: flat_memory(tests))
    tests.check("the strict device refuses to fall back", lambda: refused(tests))


def device_flag(kind):
    """PCA is solved on the CPU."""
    return "" if kind == "pca" else "--device cuda"


def trained(tests, kind, architecture, name):
    epochs = "" if kind == "pca" else f"--epochs 3 --architecture {architecture}"
    tests.run(f"train-export {kind} --data digits {epochs} {device_flag(kind)} --run run-{name} --out {name}")
    return "exported"


def proved(tests, name):
    return " and ".join(f"{proof(tests, name, device)} on {device}" for device in ["cpu", "cuda"])


def proof(tests, bundle, device):
    report = json.loads(tests.run(f"verify {quoted(bundle)} --device {device} --json"))
    if not report["ok"]:
        raise Failure("; ".join(check["detail"] for check in report["checks"] if not check["ok"]))
    figures = [check["figure"] for check in report["checks"] if isinstance(check.get("figure"), float)]
    return f"largest figure {max(figures, default=0.0):.2e}"


def losses(tests, run):
    """Returns the training losses of the epochs of a run."""
    with open(os.path.join(tests.folder, run, "metrics.jsonl"), encoding="utf-8") as lines:
        return [json.loads(line)["train"]["loss"] for line in lines]


def same_losses(tests, kind, architecture, kernels):
    """The digits have 12 batches of 128 rows, so 9 epochs are 108 steps. The CPU has its fused kernels, because composed
    convolutions take minutes there."""
    runs = {device: f"{kind}-{architecture}-{kernels}-{device}" for device in ["cpu", "cuda"]}
    for device, run in runs.items():
        chosen = kernels if device == "cuda" else "fused"
        flags = f"--architecture {architecture} --kernels {chosen} --epochs 9 --device {device} --run {run}"
        tests.run(f"train {kind} --data digits {flags}")
    pairs = list(zip(losses(tests, runs["cpu"]), losses(tests, runs["cuda"])))
    largest = max(abs(one - other) / max(abs(one), 1.0) for one, other in pairs)
    if len(pairs) != 9 or largest > 1e-3:
        raise Failure(f"the largest relative difference is {largest:.2e}, allowed are 1e-3: {pairs}")
    return f"largest relative difference {largest:.1e}"


def resumed_elsewhere(tests):
    tests.run("train vae --data digits --epochs 4 --run whole")
    tests.run("train vae --data digits --epochs 2 --run moved --device cuda")
    tests.run("train --resume moved --epochs 4 --device cpu")
    one, other = losses(tests, "whole")[-1], losses(tests, "moved")[-1]
    if abs(one - other) > 1e-3 * abs(one):
        raise Failure(f"loss {other} after two epochs on the GPU and two on the CPU, {one} on the CPU alone")
    return f"loss {other:.5f}, on the CPU alone {one:.5f}"


def repeated(tests):
    for run in ["first", "second"]:
        tests.run(f"train vae --data digits --epochs 5 --device cuda --run {run}")
    one, other = losses(tests, "first"), losses(tests, "second")
    largest = max(abs(a - b) for a, b in zip(one, other))
    return "same losses to the bit" if one == other else f"losses differ by up to {largest:.1e}"


def flat_memory(tests):
    """Samples the used memory of the GPU while one process encodes 1,000 times."""
    bundle = os.path.join(ROOT, "models", "zoo", "vae")
    process = subprocess.Popen(
        [tests.encode_rate, bundle, "cuda", "20000", "1000"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    used, end = [], time.monotonic() + LIMIT
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        used.append(int(subprocess.run(query, text=True, capture_output=True, check=True).stdout.split()[0]))
        time.sleep(0.2)
    if process.returncode != 0:
        raise Failure(process.stderr.read().strip())
    settled = used[len(used) // 4 :]
    if not settled:
        raise Failure("the process ended before its memory was sampled")
    if settled[-1] > settled[0] + 16:
        raise Failure(f"used memory grew from {settled[0]} to {settled[-1]} MiB")
    return f"{min(settled)} to {max(settled)} MiB, {len(settled)} samples"


def refused(tests):
    bundle = os.path.join(ROOT, "models", "zoo", "vae")
    hidden = {"CUDA_VISIBLE_DEVICES": ""}
    text = tests.run(f"encode {quoted(bundle)} --data digits --out codes.npy --device cuda", expected=1, **hidden)
    training = tests.run("train vae --data digits --device cuda --run none", expected=1, **hidden)
    return " / ".join(part.strip().splitlines()[-1] for part in (text, training))


def run_measurements(tests):
    data = os.path.join(tests.folder, "rows.npy")
    peers.write_images(data, ROWS)
    for network, options in NETWORKS.items():
        for batch in BATCHES:
            name = f"train {network}, batch {batch}"
            tests.measure(name, lambda o=options, b=batch: training_times(tests, data, o, b))
    tests.measure("encode 1,000,000 rows of 784", lambda: encoding_rates(tests, data))


def training_times(tests, data, options, batch):
    figures = {}
    for kernels, name in [("fused", "seconds per epoch"), ("composed", "with composed kernels")]:
        run = f"time-{len(tests.measurements)}-{kernels}"
        flags = f"--data {quoted(data)} --batch-size {batch} --kernels {kernels} --epochs {EPOCHS} --device cuda --run {run}"
        tests.run(f"train {options} --likelihood bernoulli {flags}")
        with open(os.path.join(tests.folder, run, "metrics.jsonl"), encoding="utf-8") as lines:
            figures[name] = min([json.loads(line)["seconds"] for line in lines][1:])
    for mode in ["eager", "compile"]:
        peer = peers.torch_seconds("conv" if "conv" in options else "mlp", ROWS, batch, EPOCHS, mode)
        if peer is not None:
            figures[f"PyTorch {mode}"] = peer
            figures[f"ratio to {mode}"] = figures["seconds per epoch"] / peer
    return figures


def encoding_rates(tests, data):
    bundle, options = os.path.join(tests.folder, "encode-784"), NETWORKS["MLP VAE 784-400-20"]
    run = f"--device cuda --run r --out {quoted(bundle)}"
    tests.run(f"train-export {options} --data {quoted(data)} --epochs 1 {run}")
    figures = {}
    for device in ["cpu", "cuda"]:
        report = json.loads(tests.run(f"{quoted(bundle)} {device} 1000000 5", program=tests.encode_rate))
        figures[f"rows per second on {device}"] = float(report["rows_per_second"])
    peer = peers.onnxruntime_rate(os.path.join(bundle, "encoder.onnx"), 1000000)
    if peer is not None:
        figures["onnxruntime-gpu in Python"] = peer
        figures["ratio"] = figures["rows per second on cuda"] / peer
    return figures


if __name__ == "__main__":
    atomic_folder.run(main)
