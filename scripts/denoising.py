"""Measure how well bundles remove noise: the peak signal-to-noise ratio (PSNR) of their reconstructions.

    python denoising.py NARROWS BUNDLE...     the program, and bundles of Fashion-MNIST

Gaussian noise with a standard deviation of 0.3 (pixels / 255, not clipped, seed 0) is added to the 10,000 test images.
Every bundle reconstructs the noisy images with `narrows reconstruct`. PSNR = 10 log10(1 / MSE), in decibels, against
the images without noise. A picture with the first images is written to target/denoising.png.
"""

import gzip
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy

NOISE = 0.3
SHOWN = 10


def test_images():
    folder = pathlib.Path("data/sets/fashion-mnist")
    path = next(folder.glob("t10k-images*"), None)
    if path is None:
        sys.exit("error: there are no test images in data/sets/fashion-mnist: run `just data fashion-mnist`")
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    return numpy.frombuffer(data, numpy.uint8, offset=16).reshape(-1, 28, 28)


def psnr(images, clean):
    return -10 * numpy.log10(numpy.mean((images / 255.0 - clean / 255.0) ** 2))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    narrows, bundles = sys.argv[1], sys.argv[2:]
    clean = test_images()
    noise = numpy.random.default_rng(0).standard_normal(clean.shape)
    noisy = (clean + 255 * NOISE * noise).astype(numpy.float32)
    print(f"noisy images: {psnr(noisy, clean):.2f} dB")
    rows = [clean, noisy]
    with tempfile.TemporaryDirectory() as folder:
        source, result = pathlib.Path(folder) / "noisy.npy", pathlib.Path(folder) / "clean.npy"
        numpy.save(source, noisy)
        for bundle in bundles:
            command = [narrows, "--quiet", "reconstruct", bundle, "--data", str(source), "--out", str(result)]
            subprocess.run(command, check=True)
            images = numpy.load(result)
            rows.append(images)
            print(f"{bundle}: {psnr(images, clean):.2f} dB")
        grid = numpy.concatenate([numpy.concatenate(list(images[:SHOWN]), axis=1) for images in rows])
        write_png(pathlib.Path("target/denoising.png"), numpy.clip(grid, 0, 255).astype(numpy.uint8))


def write_png(path, image):
    """Write a grey image, enlarged three times, as PNG."""
    image = image.repeat(3, axis=0).repeat(3, axis=1)
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


if __name__ == "__main__":
    main()
