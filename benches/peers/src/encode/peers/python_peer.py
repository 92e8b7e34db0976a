"""Encodes images with onnxruntime as a Python user does, on request; `python.rs` has the protocol.

All outputs are asked for, since that is what `session.run(None, ...)` means.

    python python_peer.py ENCODER IMAGES
"""

import platform
import sys
import time

import numpy as np
import onnxruntime

SIDE = 28


def main(encoder, images):
    images = np.fromfile(images, np.uint8).reshape(-1, SIDE, SIDE).astype(np.float32)
    onnxruntime.disable_telemetry_events()
    session = onnxruntime.InferenceSession(encoder)
    codes = [output.name for output in session.get_outputs()].index("mu")
    batch = images[:1]
    versions = f"{onnxruntime.__version__} (numpy {np.__version__}, Python {platform.python_version()})"
    answer(versions.encode())
    for line in sys.stdin:
        request, argument = line.split()
        try:
            if request == "prepare":
                batch = images[: int(argument)]
                answer(session.run(None, {"x": batch})[codes].astype("<f4").tobytes())
            else:
                answer(np.array(times(session, batch, float(argument)), "<f8").tobytes())
        except Exception as error:
            sys.stdout.write(f"error {' '.join(str(error).split())}\n")
            sys.stdout.flush()


def times(session, batch, length):
    """The seconds that each call took, as `Peer::time` counts them."""
    clock = time.perf_counter
    start = clock()
    while clock() - start < length / 5:
        session.run(None, {"x": batch})
    found = []
    before = clock()
    end = before + length
    while True:
        session.run(None, {"x": batch})
        now = clock()
        found.append(now - before)
        if now >= end:
            return found
        before = now


def answer(content):
    sys.stdout.write(f"ok {len(content)}\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
