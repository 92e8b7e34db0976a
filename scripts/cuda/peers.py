"""PyTorch and onnxruntime-gpu on the same tasks, if this Python has them."""

import importlib
import random
import struct
import time


def module(name):
    """Returns a module, or `None` if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def versions():
    """Returns the versions of the peers by name."""
    found = {}
    for name in ["torch", "onnxruntime"]:
        loaded = module(name)
        found[name] = loaded.__version__ if loaded else "not installed"
    torch = module("torch")
    if torch and torch.cuda.is_available():
        found["CUDA and cuDNN of PyTorch"] = f"{torch.version.cuda}, {torch.backends.cudnn.version()}"
    return found


def write_images(path, rows):
    """Writes pseudo-random bytes, `[rows, 28, 28]`, as a file of NumPy."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows}, 28, 28), }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    source = random.Random(0)
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for _ in range(rows):
            file.write(source.getrandbits(8 * 784).to_bytes(784, "little"))


def torch_seconds(architecture, rows, batch, epochs, mode):
    """Trains a VAE with Adam on pseudo-random bytes that are on the GPU, and returns the seconds of the fastest epoch
    but the first. `mode` is eager or compile. Returns `None` without PyTorch and a GPU."""
    torch = module("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    nn, functional = torch.nn, torch.nn.functional
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)

    class Vae(nn.Module):
        def __init__(self):
            super().__init__()
            if architecture == "mlp":
                self.body = nn.Sequential(nn.Linear(784, 400), nn.ReLU())
                self.top = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))
                width = 400
            else:
                self.body = nn.Sequential(
                    nn.Unflatten(1, (1, 28, 28)),
                    nn.Conv2d(1, 32, 3, stride=2, padding=1),
                    nn.ReLU(),
                    nn.Conv2d(32, 64, 3, stride=2, padding=1),
                    nn.ReLU(),
                    nn.Flatten(),
                )
                self.top = nn.Sequential(
                    nn.Linear(20, 3136),
                    nn.ReLU(),
                    nn.Unflatten(1, (64, 7, 7)),
                    nn.Upsample(scale_factor=2),
                    nn.Conv2d(64, 32, 3, padding=1),
                    nn.ReLU(),
                    nn.Upsample(scale_factor=2),
                    nn.Conv2d(32, 1, 3, padding=1),
                    nn.Flatten(),
                )
                width = 3136
            self.mean, self.log_variance = nn.Linear(width, 20), nn.Linear(width, 20)

        def forward(self, x):
            hidden = self.body(x)
            mean, log_variance = self.mean(hidden), self.log_variance(hidden).clamp(-16, 16)
            code = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
            reconstruction = functional.binary_cross_entropy_with_logits(self.top(code), x, reduction="sum")
            divergence = 0.5 * (mean * mean + log_variance.exp() - 1 - log_variance).sum()
            return (reconstruction + divergence) / len(x)

    model = Vae().cuda()
    loss_of = torch.compile(model) if mode == "compile" else model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    data = torch.randint(0, 256, (rows, 784), dtype=torch.uint8, device="cuda")
    seconds = []
    for _ in range(epochs):
        torch.cuda.synchronize()
        start = time.perf_counter()
        total = torch.zeros((), device="cuda")
        for chosen in torch.randperm(rows, device="cuda").split(batch):
            loss = loss_of(data[chosen].float() / 255)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total.item()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def onnxruntime_rate(path, rows):
    """Returns the rows per second of the median of five runs of a graph on the GPU, in batches of 65,536 rows, or
    `None` without onnxruntime-gpu and NumPy."""
    onnxruntime, numpy = module("onnxruntime"), module("numpy")
    if onnxruntime is None or numpy is None:
        return None
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None
    session = onnxruntime.InferenceSession(path, providers=[("CUDAExecutionProvider", {"use_tf32": 0})])
    port = session.get_inputs()[0]
    data = numpy.random.default_rng(0).integers(0, 256, (rows, *port.shape[1:])).astype(numpy.float32)
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        for first in range(0, rows, 65536):
            session.run(None, {port.name: data[first : first + 65536]})
        seconds.append(time.perf_counter() - start)
    return rows / sorted(seconds[1:])[2]
