"""Trains the job of a folder in PyTorch, written for speed; `job.rs` writes the folder.

    python torch_peer.py FOLDER

Prints a JSON object with `version`, and with the lists `seconds`, `training_losses` and
`test_losses`, which have one entry per epoch. Seconds cover the training steps only, as for
all peers.
"""

import json
import os
import platform
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn


class Mlp(nn.ModuleDict):
    """Hidden layers with ReLU, named by index, then one or two heads. If there are classes, the first
    layer adds an embedding of the class, which is equivalent to a one-hot input."""

    def __init__(self, widths, classes, heads, outputs):
        layers = {str(index): nn.Linear(*pair) for index, pair in enumerate(zip(widths, widths[1:]))}
        super().__init__({**layers, **{head: nn.Linear(widths[-1], outputs) for head in heads}})
        # Looked up once: in small networks the lookup by name takes longer than the computation.
        self.body, self.heads = [self[name] for name in layers], [self[head] for head in heads]
        if classes:
            self.body[0].label = nn.Embedding(classes, widths[1])

    def forward(self, x, labels):
        for layer in self.body:
            x = layer(x)
            if labels is not None:
                x, labels = x + layer.label(labels), None
            x = F.relu(x)
        return [head(x) for head in self.heads]


class Model(nn.Module):
    def __init__(self, job):
        super().__init__()
        self.is_variational = job["kind"] in ("vae", "cvae")
        self.is_bernoulli = job["likelihood"] == "bernoulli"
        self.masking = job["masking"]
        hidden, classes = job["hidden"], job["classes"]
        heads = ["mu", "log_var"] if self.is_variational else ["z"]
        self.encoder = Mlp([job["features"], *hidden], classes, heads, job["latent"])
        self.decoder = Mlp([job["latent"], *reversed(hidden)], classes, ["logits"], job["features"])

    def forward(self, x, labels):
        """Returns the loss, summed over pixels and averaged over rows."""
        encoder_input = x
        if self.training and self.masking:
            # Faster than `dropout`, which also rescales the remaining values.
            encoder_input = x * (torch.rand_like(x) >= self.masking)
        code = self.encoder(encoder_input, labels)
        kl = 0.0
        if self.is_variational:
            mu, log_var = code
            kl = -0.5 * torch.sum(1 + log_var - mu * mu - log_var.exp())
            z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        else:
            (z,) = code
        (logits,) = self.decoder(z, labels)
        if self.is_bernoulli:
            error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        else:
            error = F.mse_loss(torch.sigmoid(logits), x, reduction="sum")
        return (error + kl) / x.shape[0]


def main(folder):
    with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    # A batch of a few thousand values is finished before a second thread has started.
    torch.set_num_threads(job["cores"] if job["features"] > 100 else 1)
    # The optimizer moments of pixels that are always zero decay into denormal numbers.
    torch.set_flush_denormal(True)
    torch.manual_seed(job["seed"])

    train, test = (part(job, folder, name) for name in ("train", "test"))
    order = np.fromfile(os.path.join(folder, "order"), "<u4").reshape(job["epochs"], -1)
    model = Model(job)
    model.load_state_dict(load_file(os.path.join(folder, "initial.safetensors")))
    # torch.compile makes the steps slightly faster, but it needs a C++ compiler and its compilation time is
    # recovered only after about ten epochs.
    optimizer = torch.optim.Adam(model.parameters(), lr=job["learning_rate"], fused=True)
    results = {"seconds": [], "training_losses": [], "test_losses": []}
    for rows in torch.from_numpy(order.astype(np.int64)):
        model.train()
        losses = []
        start = time.perf_counter()
        for x, labels in batches(train, rows, job["batch_size"]):
            optimizer.zero_grad(set_to_none=True)
            loss = model(x, labels)
            loss.backward()
            optimizer.step()
            # Converted to a number after the epoch, to avoid synchronisation in every step.
            losses.append((loss.detach(), len(x)))
        results["seconds"].append(time.perf_counter() - start)
        results["training_losses"].append(average(losses))
        results["test_losses"].append(evaluate(model, test))
    version = f"{torch.__version__}, Python {platform.python_version()}"
    print(json.dumps({"version": version, **results}))


def part(job, folder, name):
    """Returns the scaled samples of a part, and their labels if the model is conditional."""
    path = os.path.join(folder, name)
    pixels = np.fromfile(path, np.uint8).reshape(-1, job["features"])
    x = torch.from_numpy(pixels).float().div_(job["scale"])
    if not job["classes"]:
        return x, None
    return x, torch.from_numpy(np.fromfile(f"{path}-labels", "<u4").astype(np.int64))


def batches(part, rows, size):
    x, labels = part
    for indices in rows.split(size):
        yield x[indices], None if labels is None else labels[indices]


def evaluate(model, part):
    model.eval()
    rows = torch.arange(len(part[0]))
    with torch.no_grad():
        return average([(model(x, labels), len(x)) for x, labels in batches(part, rows, 1000)])


def average(losses):
    """Returns the mean loss of all rows from the mean losses and the row counts of batches."""
    return sum(loss.item() * rows for loss, rows in losses) / sum(rows for _, rows in losses)


if __name__ == "__main__":
    main(*sys.argv[1:])
