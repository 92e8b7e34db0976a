"""Trains the job of a folder in PyTorch, written for speed; `job.rs` writes the folder.

    python torch_peer.py FOLDER LAYOUT

LAYOUT says where the channels of maps are in memory: `first` or `last`. Prints a JSON object with `version`, and with the lists `seconds`, `training_losses` and
`test_losses`, which have one entry per epoch. Seconds cover the training steps only, as for
all peers.
"""

import json
import os
import platform
import re
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


class Residual(nn.Module):
    """The sum of a map and two convolutions of it, then ReLU."""

    def __init__(self, channels, kernel):
        super().__init__()
        padding = tuple(size // 2 for size in kernel)
        self.first, self.second = (nn.Conv2d(channels, channels, kernel, padding=padding) for _ in range(2))

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class Stage(nn.Conv2d):
    """A convolution that keeps the size if its stride is 1, with residual blocks as submodules."""

    def __init__(self, inputs, outputs, maps, stride, block_channels):
        kernel = tuple(maps["kernel"])
        super().__init__(inputs, outputs, kernel, tuple(stride), tuple(size // 2 for size in kernel))
        self.blocks = nn.Sequential(*(Residual(block_channels, kernel) for _ in range(maps["blocks"])))


class ConvolutionalEncoder(nn.ModuleDict):
    """Strided convolutions, each followed by its residual blocks, then the dense layers."""

    def __init__(self, maps, dense, layout):
        widths = [maps["channels"], *maps["filters"]]
        stages = {
            f"conv{index}": Stage(*pair, maps, maps["stride"], pair[1])
            for index, pair in enumerate(zip(widths, widths[1:]))
        }
        super().__init__({**stages, **dense})
        # Methods, because an attribute that is a module would be a second name of the same weights.
        self.stages, self.dense, self.layout = list(stages.values()), dense.forward, layout
        self.shape = (*maps["sizes"][0], maps["channels"])

    def forward(self, x, labels):
        x = self.layout.map_of(x, self.shape)
        for stage in self.stages:
            x = stage.blocks(F.relu(stage(x)))
        return self.dense(self.layout.rows_of(x), labels)


class ConvolutionalDecoder(nn.ModuleDict):
    """The dense layers, then for each layer of the encoder: residual blocks, nearest upsampling, crop, convolution."""

    def __init__(self, maps, dense, layout):
        widths = [maps["channels"], *maps["filters"]]
        last = len(maps["filters"]) - 1
        stages = {
            "logits" if index == 0 else f"conv{last - index}": Stage(
                widths[index + 1], widths[index], maps, (1, 1), widths[index + 1]
            )
            for index in range(last, -1, -1)
        }
        super().__init__({**dense, **stages})
        self.stages, self.dense, self.layout = list(stages.items()), dense.forward, layout
        self.shape = (*maps["sizes"][-1], widths[-1])
        self.stride, self.sizes = tuple(maps["stride"]), maps["sizes"][-2::-1]

    def forward(self, z, labels):
        (x,) = self.dense(z, labels)
        x = self.layout.map_of(F.relu(x), self.shape)
        for (name, stage), (height, width) in zip(self.stages, self.sizes):
            x = F.interpolate(stage.blocks(x), scale_factor=self.stride, mode="nearest")
            x = stage(x[:, :, :height, :width])
            if name != "logits":
                x = F.relu(x)
        return [self.layout.rows_of(x)]


class ChannelsFirst:
    """Maps, and rows of their values, in the order channels, height, width."""

    format = torch.contiguous_format
    is_channels_first = True

    def map_of(self, rows, shape):
        height, width, channels = shape
        return rows.view(-1, channels, height, width)

    def rows_of(self, maps):
        return maps.flatten(1)


class ChannelsLast:
    """Maps, and rows of their values, in the order height, width, channels."""

    format = torch.channels_last
    is_channels_first = False

    def map_of(self, rows, shape):
        return rows.view(-1, *shape).permute(0, 3, 1, 2)

    def rows_of(self, maps):
        return maps.permute(0, 2, 3, 1).flatten(1)


def reordered(values, shape, layout, is_channels_first=False):
    """Converts the last axis to the order of the layout, once before training. `shape` is height, width, channels."""
    height, width, channels = shape
    if is_channels_first == layout.is_channels_first:
        return values
    if layout.is_channels_first:
        return values.unflatten(-1, shape).movedim(-1, -3).flatten(-3).contiguous()
    return values.unflatten(-1, (channels, height, width)).movedim(-3, -1).flatten(-3).contiguous()


def initial_weights(job, model, layout, folder):
    """Returns the initial weights. A convolution is stored as a matrix `[outputs, inputs]`, and the dense layers next to
    maps have the order height, width, channels."""
    weights = load_file(os.path.join(folder, "initial.safetensors"))
    maps = job["convolutions"]
    if maps is None:
        return weights
    # The blocks before the last layer of the decoder are those of its stage `logits` here.
    last = f"decoder.conv{len(maps['filters']) - 1}.block"
    block = re.compile(r"\.block(\d+)\.([01])\.")
    names = {name: name.replace(last, "decoder.logits.block") for name in weights}
    order = {"0": "first", "1": "second"}
    names = {name: block.sub(lambda match: f".blocks.{match[1]}.{order[match[2]]}.", new) for name, new in names.items()}
    weights = {names[name]: value for name, value in weights.items()}
    shape = (*maps["sizes"][-1], maps["filters"][-1])
    for name, value in model.state_dict().items():
        weights[name] = weights[name].reshape(value.shape)
    first = ["0"] if job["hidden"] else ["mu", "log_var"] if model.is_variational else ["z"]
    for name in first:
        weights[f"encoder.{name}.weight"] = reordered(weights[f"encoder.{name}.weight"], shape, layout)
    for part in ("weight", "bias"):
        name = f"decoder.features.{part}"
        weights[name] = reordered(weights[name].movedim(0, -1), shape, layout).movedim(-1, 0).contiguous()
    return weights


class Model(nn.Module):
    def __init__(self, job, layout):
        super().__init__()
        self.is_variational = job["kind"] in ("vae", "cvae")
        self.is_bernoulli = job["likelihood"] == "bernoulli"
        self.masking = job["masking"]
        hidden, classes = job["hidden"], job["classes"]
        heads = ["mu", "log_var"] if self.is_variational else ["z"]
        maps = job["convolutions"]
        if maps is None:
            self.encoder = Mlp([job["features"], *hidden], classes, heads, job["latent"])
            self.decoder = Mlp([job["latent"], *reversed(hidden)], classes, ["logits"], job["features"])
            return
        assert not classes, "a convolutional network with labels is not implemented"
        height, width = maps["sizes"][-1]
        features = height * width * maps["filters"][-1]
        encoder = Mlp([features, *hidden], 0, heads, job["latent"])
        decoder = Mlp([job["latent"], *reversed(hidden)], 0, ["features"], features)
        self.encoder = ConvolutionalEncoder(maps, encoder, layout)
        self.decoder = ConvolutionalDecoder(maps, decoder, layout)
        self.to(memory_format=layout.format)

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


def main(folder, layout):
    layout = {"first": ChannelsFirst, "last": ChannelsLast}[layout]()
    with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
        job = json.load(file)
    # A batch of a few thousand values is finished before a second thread has started.
    torch.set_num_threads(job["cores"] if job["features"] > 100 else 1)
    # The optimizer moments of pixels that are always zero decay into denormal numbers.
    torch.set_flush_denormal(True)
    torch.manual_seed(job["seed"])

    train, test = (part(job, folder, name, layout) for name in ("train", "test"))
    order = np.fromfile(os.path.join(folder, "order"), "<u4").reshape(job["epochs"], -1)
    model = Model(job, layout)
    model.load_state_dict(initial_weights(job, model, layout, folder))
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


def part(job, folder, name, layout):
    """Returns the scaled samples of a part, and their labels if the model is conditional."""
    path = os.path.join(folder, name)
    pixels = np.fromfile(path, np.uint8).reshape(-1, job["features"])
    x = torch.from_numpy(pixels).float().div_(job["scale"])
    maps = job["convolutions"]
    if maps is not None:
        x = reordered(x, (*maps["sizes"][0], maps["channels"]), layout, maps["is_channels_first"])
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
