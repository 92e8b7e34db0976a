"""Encodes images with onnxruntime in Python on request; `python.rs` describes the protocol.

`session.run(None, ...)` computes all outputs of the encoder, as most users do.

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
    respond(versions.encode())
    for line in sys.stdin:
        request, argument = line.split()
        try:
            if request == "prepare":
                batch = images[: int(argument)]
                respond(session.run(None, {"x": batch})[codes].astype("<f4").tobytes())
            else:
                respond(np.array(times(session, batch, float(argument)), "<f8").tobytes())
        except Exception as error:
            sys.stdout.write(f"error {' '.join(str(error).split())}\n")
            sys.stdout.flush()


def times(session, batch, length):
    """Returns the seconds of each call, measured like `Peer::time`."""
    clock = time.perf_counter
    start = clock()
    while clock() - start < length / 5:
        session.run(None, {"x": batch})
    seconds = []
    previous = clock()
    end = previous + length
    while True:
        session.run(None, {"x": batch})
        now = clock()
        seconds.append(now - previous)
        if now >= end:
            return seconds
        previous = now


def respond(content):
    sys.stdout.write(f"ok {len(content)}\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
