"""Trains the job of a folder as a PyTorch user who wants it fast does; `job.rs` has the folder.

    python torch_peer.py FOLDER

Prints one JSON object: `version`, and one an epoch of `seconds`, `training_losses` and
`test_losses`. An epoch's seconds are its steps, as ours are.
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


class Half(nn.ModuleDict):
    """Hidden layers named by number with ReLUs between them, then one or two heads. The first layer adds
    a row of a table that the class chooses, where there are classes: a one-hot vector's product."""

    def __init__(self, widths, classes, heads, outputs):
        layers = {str(index): nn.Linear(*pair) for index, pair in enumerate(zip(widths, widths[1:]))}
        super().__init__({**layers, **{head: nn.Linear(widths[-1], outputs) for head in heads}})
        # Looked up once: on small networks names cost more than numbers.
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
        self.encoder = Half([job["features"], *hidden], classes, heads, job["latent"])
        self.decoder = Half([job["latent"], *reversed(hidden)], classes, ["logits"], job["features"])

    def forward(self, x, labels):
        """The loss, summed over pixels and averaged over rows."""
        seen = x
        if self.training and self.masking:
            # Faster than `dropout`, and what is kept stays as it is.
            seen = x * (torch.rand_like(x) >= self.masking)
        code = self.encoder(seen, labels)
        divergence = 0.0
        if self.is_variational:
            mu, log_var = code
            divergence = -0.5 * torch.sum(1 + log_var - mu * mu - log_var.exp())
            z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        else:
            (z,) = code
        (logits,) = self.decoder(z, labels)
        if self.is_bernoulli:
            error = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        else:
            error = F.mse_loss(torch.sigmoid(logits), x, reduction="sum")
        return (error + divergence) / x.shape[0]


def main(folder):
    with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    # A batch of a few thousand numbers is done before a second thread has begun.
    torch.set_num_threads(job["cores"] if job["features"] > 100 else 1)
    # Moments of pixels that are always zero decay into denormals.
    torch.set_flush_denormal(True)
    torch.manual_seed(job["seed"])

    train, test = (part(job, folder, name) for name in ("train", "test"))
    order = np.fromfile(os.path.join(folder, "order"), "<u4").reshape(job["epochs"], -1)
    model = Model(job)
    model.load_state_dict(load_file(os.path.join(folder, "initial.safetensors")))
    # Compiled (torch.compile) the steps are a little faster, which needs a C++ compiler and pays for the
    # compiling only after some ten epochs.
    optimizer = torch.optim.Adam(model.parameters(), lr=job["learning_rate"], fused=True)
    found = {"seconds": [], "training_losses": [], "test_losses": []}
    for rows in torch.from_numpy(order.astype(np.int64)):
        model.train()
        losses = []
        start = time.perf_counter()
        for x, labels in batches(train, rows, job["batch_size"]):
            optimizer.zero_grad(set_to_none=True)
            loss = model(x, labels)
            loss.backward()
            optimizer.step()
            # Read when the epoch is over: a number at every step would be waited for.
            losses.append((loss.detach(), len(x)))
        found["seconds"].append(time.perf_counter() - start)
        found["training_losses"].append(average(losses))
        found["test_losses"].append(evaluate(model, test))
    version = f"{torch.__version__}, Python {platform.python_version()}"
    print(json.dumps({"version": version, **found}))


def part(job, folder, name):
    """All samples of a part, scaled, and their labels where the model is told them."""
    path = os.path.join(folder, name)
    pixels = np.fromfile(path, np.uint8).reshape(-1, job["features"])
    x = torch.from_numpy(pixels).float().div_(job["scale"])
    if not job["classes"]:
        return x, None
    return x, torch.from_numpy(np.fromfile(f"{path}-labels", "<u4").astype(np.int64))


def batches(part, rows, size):
    x, labels = part
    for chosen in rows.split(size):
        yield x[chosen], None if labels is None else labels[chosen]


def evaluate(model, part):
    model.eval()
    rows = torch.arange(len(part[0]))
    with torch.no_grad():
        return average([(model(x, labels), len(x)) for x, labels in batches(part, rows, 1000)])


def average(losses):
    """The loss of all rows out of those of batches, each with its number of rows."""
    return sum(loss.item() * rows for loss, rows in losses) / sum(rows for _, rows in losses)


if __name__ == "__main__":
    main(*sys.argv[1:])
