# Every task that a person runs. `just` alone lists them.

set windows-shell := ["powershell.exe", "-NoLogo", "-NoProfile", "-Command"]

# The Python of set-up and data: any from 3.8 on. Another one: `just python=python3.12 interop`.
python := if os_family() == "windows" { "python" } else { "python3" }
venv-python := if os_family() == "windows" { ".tools/interop-venv/Scripts/python.exe" } else { ".tools/interop-venv/bin/python" }
fixtures-python := if os_family() == "windows" { ".tools/fixtures-venv/Scripts/python.exe" } else { ".tools/fixtures-venv/bin/python" }
peers-python := if os_family() == "windows" { ".tools/peers-venv/Scripts/python.exe" } else { ".tools/peers-venv/bin/python" }
narrows := "cargo run --release -p narrows-cli --bin narrows --"
# The release profile with checks on for our own crates: tests share the program's dependencies.
checked := "--release --config tests/checked.toml"

# List the recipes.
default:
    @just --list --unsorted --justfile "{{ justfile() }}"

# Fetch ONNX Runtime and protoc into .tools/ (nothing to do once they are there).
[no-exit-message]
setup:
    @{{ python }} scripts/setup.py protoc --report

# Train a KIND (pca, ae, dae, wae, vae or cvae) or a --config FILE, export it, prove it: leaves models/KIND.
[no-exit-message]
[positional-arguments]
[unix]
train-export +FLAGS: _runtime
    @{{ narrows }} train-export "$@"

# Train a KIND (pca, ae, dae, wae, vae or cvae) or a --config FILE, export it, prove it: leaves models/KIND.
[no-exit-message]
[windows]
train-export +FLAGS: _runtime
    @{{ narrows }} train-export {{ FLAGS }}

# The tests leave a program with checks in target/release; the last line puts the one without them back.

# Run every test.
test: _tools
    cargo test {{ checked }} --workspace
    @cargo build --quiet --release -p narrows-cli

# Kill training so often at random moments: every run has to go on to the same bytes.
kills $NARROWS_KILLS="200": _tools
    cargo test {{ checked }} -p narrows-cli --test program soak::every_run -- --ignored --nocapture

# Train where the disk is full, at every size (Linux with user namespaces).
disk-full: _tools
    cargo test {{ checked }} -p narrows-cli --test program soak::a_file_system -- --ignored --nocapture

# Let 32 threads share a handle for so long, and open and drop 10,000 (Linux): memory, files and threads stay flat.
soak $NARROWS_SOAK="10": _tools
    cargo test {{ checked }} -p narrows-runtime --test leaks soak -- --ignored --nocapture

# Run the runtime's tests with other versions of ONNX Runtime, oldest to newest (Linux on x86-64); VERSIONS names some.
[no-exit-message]
versions *VERSIONS: _runtime
    @{{ python }} scripts/versions.py {{ VERSIONS }}

# Call the readers of files from elsewhere with so many seconds of inputs each; TARGETS names some, like idx or manifest.
[no-exit-message]
fuzz SECONDS="600" *TARGETS:
    @{{ python }} scripts/fuzz.py {{ SECONDS }} {{ TARGETS }}

# Rebuild data/tests/fixtures/ by NumPy, pandas, pyarrow and Pillow, and what fuzzing begins with.
[no-exit-message]
fixtures:
    @{{ python }} scripts/venv.py fixtures
    @{{ fixtures-python }} scripts/fixtures.py
    @{{ python }} scripts/seeds.py

# Hold a classifier of MNIST that was pretrained layer by layer against one from scratch: an hour; the table of the README.
[no-exit-message]
pretraining SEEDS="3": _runtime
    cargo build --release -p narrows-cli
    {{ python }} scripts/pretraining.py "{{ justfile_directory() }}/target/release/narrows" {{ SEEDS }}

# Check the real MNIST and Fashion-MNIST as `just data all` fetched them.
test-sets $NARROWS_SETS=justfile_directory():
    cargo test {{ checked }} -p narrows-data published -- --ignored

# Check formatting, clippy and the documentation, warnings denied.
lint: _tools && _doc
    cargo fmt --all --check
    cargo fmt --check --manifest-path benches/peers/Cargo.toml
    cargo fmt --check --manifest-path fuzz/Cargo.toml
    cargo fmt --check --manifest-path tests/downstream/Cargo.toml
    cargo clippy --release --workspace --all-targets -- -D warnings

# Run the benches; FLAGS go to cargo bench.
[positional-arguments]
[unix]
bench *FLAGS: _tools
    cargo bench -p narrows-benches "$@"

# Run the benches; FLAGS go to cargo bench.
[windows]
bench *FLAGS: _tools
    cargo bench -p narrows-benches {{ FLAGS }}

# Hold encoding and training against other engines, in turn in one run; PART is encode or train, ROWS name rows of train, like vae.
[no-exit-message]
bench-peers PART="all" *ROWS: _tools
    @{{ if PART == "train" { "" } else { python + " scripts/venv.py interop" } }}
    @-{{ if PART == "encode" { "" } else { python + " scripts/venv.py peers" } }}
    @{{ if PART == "encode" { "" } else { "cargo build --release --package narrows-cli --bin narrows --target-dir target" } }}
    @cargo run --release --manifest-path benches/peers/Cargo.toml --target-dir target -- {{ PART }} {{ venv-python }} {{ peers-python }} {{ ROWS }}

# Fetch a data set into data/sets/: mnist, fashion-mnist or all.
[no-exit-message]
data NAME:
    @{{ python }} scripts/data.py {{ quote(NAME) }}

# Rebuild the committed bundles of models/zoo/, on digits.
[no-exit-message]
zoo: _runtime
    @{{ narrows }} train-export pca --data digits --out models/zoo/pca
    @{{ narrows }} train-export ae --data digits --out models/zoo/ae
    @{{ narrows }} train-export dae --data digits --out models/zoo/dae
    @{{ narrows }} train-export wae --data digits --out models/zoo/wae
    @{{ narrows }} train-export vae --data digits --out models/zoo/vae
    @{{ narrows }} train-export cvae --data digits --hidden 128 --latent 6 --beta 0.15 --learning-rate 0.003 --out models/zoo/cvae

# Check models/zoo/ with onnx's checker and Python's ONNX Runtime, a run with TensorBoard's reader, and features with scikit-learn.
[no-exit-message]
interop: _runtime
    @{{ python }} scripts/venv.py interop
    @{{ venv-python }} scripts/interop.py "models/zoo/*"
    @{{ python }} -c "import shutil; shutil.rmtree('target/interop', True)"
    @{{ narrows }} --quiet train vae --epochs 5 --valid-fraction 0.1 --kl-warmup linear:3 --likelihood gaussian --variance learned --checkpoint-every 20 --run target/interop/vae
    @{{ narrows }} --quiet train dae --epochs 3 --l1 0.01 --optimizer sgd --average 0.9 --run target/interop/dae
    @{{ venv-python }} scripts/runs.py "target/interop/*"
    @{{ venv-python }} scripts/features.py target/release/narrows models/zoo/vae target/interop-features

# Cut the lock of tests/downstream from the workspace's, after a change of the runtime's crates.
downstream-lock:
    cp Cargo.lock tests/downstream/Cargo.lock
    cargo tree --quiet --depth 1 --manifest-path tests/downstream/Cargo.toml

# Everything that CI checks.
ci: lint test interop

# Say what this machine has: ONNX Runtime, data sets, threads.
[no-exit-message]
doctor: _runtime
    @{{ narrows }} doctor

_doc $RUSTDOCFLAGS="-D warnings":
    cargo doc --release --workspace --no-deps

[no-exit-message]
_runtime:
    @{{ python }} scripts/setup.py

[no-exit-message]
_tools:
    @{{ python }} scripts/setup.py protoc
