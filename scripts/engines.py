"""Runs the recipes for Ray and Spark in engines/, and compares their codes with those of `narrows encode`.

    python engines.py NARROWS ZOO FOLDER [ENGINE]

NARROWS is the program, ZOO the folder of the bundles on digits, FOLDER the output folder, and ENGINE `ray` or `spark`
for the checks of one of them. Ray runs on two nodes on
loopback, and Spark with two workers. Codes must be the same bits and other columns the same values, also after a worker
was killed. The examples in docs/guide/engines/ for Polars and DuckDB run as they are. All processes that a check starts
inherit a variable, by which they are found and ended. Needs Linux, and Java 17 or newer.
"""

import contextlib
import functools
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = f"NARROWS_ENGINES={os.getpid()}-{time.time_ns()}"
# Read by Ray when it is imported. Without the first one, Ray binds to the address of the network card.
os.environ.update(
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0",
    RAY_USAGE_STATS_ENABLED="0",
    # Ray runs workers at nice level 15, and on a busy machine they hardly get time.
    RAY_worker_niceness="0",
    SPARK_LOCAL_IP="127.0.0.1",
    PYSPARK_PYTHON=sys.executable,
    OMP_NUM_THREADS="1",
)
os.environ.update([MARK.split("=")])

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import ray
from ray.cluster_utils import Cluster
from sklearn.datasets import load_digits

from checks import CheckFailed, run_checks

KINDS = ("pca", "ae", "vae", "conv-vae")
MANY = 1_000_000
# Seconds after which a run of a recipe has failed.
LIMIT = 400


def main(arguments):
    engines = arguments[3:] or ["ray", "spark"]
    if len(arguments) not in (3, 4) or not set(engines) <= {"ray", "spark"}:
        sys.exit(__doc__)
    narrows, zoo, folder = (os.path.abspath(each) for each in arguments[:3])
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    onnxruntime.disable_telemetry_events()
    versions = f"Ray {ray.__version__}, Spark {pyspark.__version__}, ONNX Runtime {onnxruntime.__version__} in Python"
    print(f"{versions}, {engine_of(narrows)} in the program")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        expected = {}
        make_rows()
        for kind in KINDS:
            expected[kind] = encode(narrows, f"{zoo}/{kind}", "rows", f"{kind}.parquet")
        run_checks("engines", cases(engines, narrows, zoo, expected))
    finally:
        end_processes()


def cases(engines, narrows, zoo, expected):
    """Yields the checks. The cluster of Ray runs while its checks are run, and ends before those of Spark."""
    if "ray" in engines:
        with ray_cluster() as ray_recipe:
            yield from recipe_cases("ray", ray_recipe, zoo, expected, busy_actor)
    if "spark" in engines:
        yield from recipe_cases("spark", spark_recipe, zoo, expected, busy_task)
    yield "rate of narrows encode", functools.partial(check_program_rate, narrows, f"{zoo}/vae")
    for page in ("polars", "duckdb"):
        yield f"{page}.md", functools.partial(check_page, narrows, zoo, page, f"{engines[0]}-vae")


def recipe_cases(engine, recipe, zoo, expected, busy):
    for kind in KINDS:
        yield f"{engine}, {kind}", functools.partial(check_codes, engine, recipe, f"{zoo}/{kind}", expected[kind])
    yield f"{engine}, million rows", functools.partial(check_rate, engine, recipe, f"{zoo}/vae", expected["vae"])
    of_killed = functools.partial(check_killed, engine, recipe, f"{zoo}/conv-vae", expected["conv-vae"], busy)
    yield f"{engine}, killed worker", of_killed
    for name, arguments, message in mistakes(zoo):
        yield f"{engine}, {name}", functools.partial(check_mistake, engine, recipe, arguments, message)


def engine_of(narrows):
    report = subprocess.run([narrows, "doctor", "--json"], stdout=subprocess.PIPE, check=False).stdout
    found = re.search(rb"\b1\.\d+\.\d+\b", report)
    return found.group().decode() if found else "an unknown version"


def make_rows():
    """Writes `rows/`, the digits in five files, `many/`, a million tiled rows, and the files of the mistakes."""
    digits = load_digits()
    pixels = digits.data.astype(np.uint8)
    count = len(pixels)
    random = np.random.default_rng(0)
    ids = random.permutation(count)
    table = pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "label": [str(label) for label in digits.target[ids]],
            "weight": pa.array(random.normal(size=count), mask=ids % 7 == 0),
            "x": list_of(pixels[ids]),
        }
    )
    write("rows", [table.slice(start, 400) for start in range(0, count, 400)])
    parts = [np.arange(start, start + MANY // 8) for start in range(0, MANY, MANY // 8)]
    write("many", [pa.table({"id": part, "x": list_of(pixels[part % count])}) for part in parts])
    write("no-x", [table.drop_columns(["x"])])
    write("narrow", [pa.table({"id": ids, "x": list_of(pixels[ids, :63])})])
    write("gap", [pa.table({"id": ids[:2], "x": pa.array([None, pixels[0]], pa.list_(pa.uint8(), 64))})])


def list_of(rows):
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])


def write(folder, tables):
    os.makedirs(folder)
    for index, table in enumerate(tables):
        pq.write_table(table, f"{folder}/{index}.parquet", row_group_size=32768)


def encode(narrows, bundle, rows, output):
    """Encodes rows with the program. Returns the codes in the order of the ids, f32[rows, latent]."""
    subprocess.run([narrows, "--quiet", "encode", bundle, "--data", rows, "--out", output], check=True)
    table = pq.read_table(output).sort_by("id")
    return np.stack([table[name].to_numpy() for name in table.column_names if re.fullmatch(r"z\d+", name)], axis=1)


@contextlib.contextmanager
def ray_cluster():
    """Starts two nodes with two CPUs each, and returns a function that runs the recipe on them."""
    # Paths of sockets are limited to 107 bytes, so that the folder is not in the output folder.
    temporary = os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="ray")
    try:
        cluster = started_cluster()
        program = [sys.executable, f"{ROOT}/engines/ray/encode.py"]
        yield lambda *arguments: start([*program, *arguments, "--workers", "2"], RAY_ADDRESS=cluster.address)
        cluster.shutdown()
    finally:
        end_processes()
        shutil.rmtree(temporary, ignore_errors=True)


def started_cluster():
    """Starts the nodes. Ray waits 30 seconds for a node, and a busy machine needs more tries."""
    node = {"num_cpus": 2, "object_store_memory": 300 << 20}
    for _ in range(3):
        try:
            return two_nodes(node)
        except Exception as error:  # Ray raises no type of its own here
            print(f"Ray did not start, trying again: {error}")
            end_processes()
    return two_nodes(node)


def two_nodes(node):
    cluster = Cluster(True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    cluster.wait_for_nodes()
    return cluster


def spark_recipe(*arguments):
    """Runs the recipe with two workers. A task is tried four times."""
    submit = f"{os.path.dirname(pyspark.__file__)}/bin/spark-submit"
    flags = ["--master", "local[2,4]", "--conf", "spark.ui.enabled=false"]
    return start([submit, *flags, f"{ROOT}/engines/spark/encode.py", *arguments])


def start(command, **variables):
    with open("log.txt", "w") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **variables})


def finish(process):
    """Waits for a recipe. Returns its exit code and the last line of its output that is an error message."""
    try:
        code = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        raise CheckFailed(f"the recipe was not done after {LIMIT} seconds") from None
    with open("log.txt") as log:
        lines = [line.strip() for line in log if line.startswith("error: ")]
    return code, lines[-1] if lines else "no error message"


def succeed(process):
    code, message = finish(process)
    if code != 0:
        shutil.copy("log.txt", f"failed-{time.time_ns()}.txt")
        raise CheckFailed(f"the recipe ended with exit code {code}: {message}")


def compare(output, expected, count):
    """Checks that each id is there once, and that its code has the bits of the program."""
    table = pq.read_table(output).sort_by("id")
    if not pa.types.is_fixed_size_list(table["codes"].type) or table["codes"].type.value_type != pa.float32():
        raise CheckFailed(f"the codes are {table['codes'].type}, not a FixedSizeList of float32")
    ids = table["id"].to_numpy()
    if not np.array_equal(ids, np.arange(count)):
        raise CheckFailed(f"{len(ids)} rows with {len(np.unique(ids))} ids, expected {count}")
    codes = table["codes"].combine_chunks().flatten().to_numpy().reshape(count, -1)
    wanted = expected[ids % len(expected)]
    if codes.tobytes() != wanted.tobytes():
        differing = np.count_nonzero((codes != wanted).any(axis=1))
        raise CheckFailed(f"{differing} rows differ, by {np.abs(codes - wanted).max():.1e} at most")
    return table


def check_codes(engine, recipe, bundle, expected):
    output = f"{engine}-{os.path.basename(bundle)}"
    succeed(recipe(bundle, "rows", output))
    table = compare(output, expected, len(expected))
    rows = pq.read_table("rows").sort_by("id")
    for name in ("id", "label", "weight"):
        if not table[name].equals(rows[name]):
            raise CheckFailed(f"column `{name}` is not that of the input")
    return [f"{table.num_rows} rows, same bits", f"{len(os.listdir(output))} files"]


def check_rate(engine, recipe, bundle, expected):
    started = time.monotonic()
    succeed(recipe(bundle, "many/*.parquet", f"{engine}-many"))
    seconds = time.monotonic() - started
    compare(f"{engine}-many", expected, MANY)
    return [f"{MANY / seconds:,.0f} rows a second with the start of the run ({seconds:.0f} s)"]


def check_program_rate(narrows, bundle):
    started = time.monotonic()
    encode(narrows, bundle, "many", "many.parquet")
    seconds = time.monotonic() - started
    return [f"{MANY / seconds:,.0f} rows a second with reading the codes ({seconds:.1f} s)"]


def check_killed(engine, recipe, bundle, expected, busy):
    """Kills a worker that is at work, twice."""
    output = f"{engine}-killed"
    process = recipe(bundle, "many", output)
    killed = []
    limit = time.monotonic() + LIMIT
    while process.poll() is None and len(killed) < 2 and time.monotonic() < limit:
        found = busy(killed, f"{output}.partial")
        if found is not None:
            os.kill(found, signal.SIGKILL)
            killed.append(found)
        time.sleep(0.01)
    succeed(process)
    if not killed:
        raise CheckFailed("the run ended before a worker was killed")
    compare(output, expected, MANY)
    return [f"killed {len(killed)} workers at work", f"{MANY} rows, none twice, same bits"]


def busy_actor(killed, _partial):
    """Returns the process of an actor that is encoding, from its title, or None."""
    for pid, title in ours():
        if pid not in killed and title.startswith("ray::MapWorker(MapBatches(Encoder)).submit"):
            return pid
    return None


def busy_task(killed, partial):
    """Returns a Python worker of Spark once one has begun a new file since the last kill, or None."""
    begun = [path for path in glob.glob(f"{partial}/*") if not path.endswith(".parquet")]
    if len(begun) <= len(killed):
        return None
    daemons = {pid: parent_of(pid) for pid, title in ours() if "pyspark.daemon" in title or "pyspark/daemon" in title}
    workers = [pid for pid, parent in daemons.items() if parent in daemons and pid not in killed]
    return workers[0] if workers else None


def mistakes(zoo):
    """Returns names, arguments and parts of messages of runs that must fail before any work."""
    changed = "changed-bundle"
    if not os.path.exists(changed):
        shutil.copytree(f"{zoo}/vae", changed)
        with open(f"{changed}/encoder.onnx", "ab") as file:
            file.write(b"\0")
        os.makedirs("full")
    return [
        ("missing column", (f"{zoo}/vae", "no-x", "none"), "needs a column `x`"),
        ("wrong width", (f"{zoo}/vae", "narrow", "none"), "needs 64 numbers in each row"),
        ("missing value", (f"{zoo}/vae", "gap", "none"), "has missing values"),
        ("missing bundle", ("no-bundle", "rows", "none"), "no-bundle/manifest.json"),
        ("changed bundle", (changed, "rows", "none"), "another SHA-256"),
        ("bundle with classes", (f"{zoo}/cvae", "rows", "none"), "takes `x` and `label`"),
        ("no input", (f"{zoo}/vae", "no-rows", "none"), "no file matches"),
        ("existing output", (f"{zoo}/vae", "rows", "full"), "exists"),
    ]


def check_mistake(engine, recipe, arguments, part):
    code, message = finish(recipe(*arguments))
    if code != 1 or part not in message:
        raise CheckFailed(f"exit code {code} and the message: {message}")
    if os.path.exists("none") or os.path.exists("none.partial"):
        raise CheckFailed("the run left an output")
    return [message]


def check_page(narrows, zoo, name, codes):
    """Runs the commands and the Python of a page in a folder with `rows/` and with `codes/`, the output of a recipe."""
    with open(f"{ROOT}/docs/guide/engines/{name}.md", encoding="utf-8") as file:
        blocks = re.findall(r"```(sh|python)\n(.*?)```", file.read(), re.DOTALL)
    folder = f"page-{name}"
    os.makedirs(folder)
    shutil.copytree("rows", f"{folder}/rows")
    shutil.copytree(codes, f"{folder}/codes")
    os.makedirs(f"{folder}/models")
    os.symlink(zoo, f"{folder}/models/zoo")
    for language, text in blocks:
        path = {"PATH": f"{os.path.dirname(narrows)}:{os.environ['PATH']}"}
        command = ["bash", "-ec", text] if language == "sh" else [sys.executable, "-c", text]
        done = subprocess.run(command, cwd=folder, env={**os.environ, **path}, capture_output=True, text=True)
        if done.returncode != 0:
            raise CheckFailed(f"{text.splitlines()[0]}: {done.stderr[-300:]}")
    return [f"{len(blocks)} examples run"]


def ours():
    """Yields the process id and the command line of every process that this script started, directly or not.

    A process is known by the variable in its environment or by its parent: Ray writes titles over the environment.
    """
    parents = {int(pid): parent_of(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    known = {os.getpid()} | {pid for pid in parents if MARK.encode() in read_zeros(pid, "environ")}
    found = len(known) - 1
    while found != len(known):
        found = len(known)
        known |= {pid for pid, parent in parents.items() if parent in known}
    for pid in known - {os.getpid()}:
        yield pid, " ".join(part.decode(errors="replace") for part in read_zeros(pid, "cmdline")).strip()


def read_zeros(pid, name):
    """Returns the parts of a file in /proc, which end with zeros; none if the process has ended."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def end_processes():
    for _ in range(3):
        for pid, _title in list(ours()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1:])
