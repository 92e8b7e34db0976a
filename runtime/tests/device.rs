//! Tests of devices and of the placement of nodes. With a GPU and a GPU build of ONNX Runtime, they also test the GPU.

use std::{collections::BTreeMap, env, fs, path::PathBuf, process::Command};

use narrows_runtime::{
    Autoencoder, Detector, Device, Error, Options,
    bundle::{Kind, onnx::Tensor},
    diagnose, placement,
};

mod support;

use support::{
    Fixture, assert_close,
    detector::{detector_fixture, p_value_of, scores_of},
    mean_of, samples,
};

/// Passes the paths of bundles to a child process.
const BUNDLES: &str = "NARROWS_TEST_BUNDLES";

fn on(device: Device) -> Options {
    Options::default().device(device)
}

fn zoo() -> impl Iterator<Item = PathBuf> {
    ["pca", "ae", "dae", "wae", "vae", "cvae", "penguins"]
        .into_iter()
        .map(|kind| [env!("CARGO_MANIFEST_DIR"), "..", "models", "zoo", kind].iter().collect())
}

/// Returns a bundle whose decoder loads, but fails in every run.
fn failing() -> Fixture {
    Fixture::modified(Kind::Ae, |draft| {
        let graph = draft.decoder.graph.as_mut().expect("a graph");
        graph.initializer.retain(|tensor| tensor.name != "shape");
        graph.initializer.push(Tensor::integers("shape", &[3], &[5, 5, 5]));
    })
}

#[test]
fn an_unusable_gpu_is_a_typed_error_and_the_process_stays_usable() {
    let fixture = Fixture::new(Kind::Ae);
    for number in [0, 7, u32::MAX] {
        match Autoencoder::open_with(fixture.path(), &on(Device::Cuda(number))) {
            Ok(model) => assert_eq!(model.device().device, Device::Cuda(number)),
            Err(error) => {
                assert!(matches!(error, Error::Device { device, .. } if device == Device::Cuda(number)), "{error:?}");
                let text = error.to_string();
                let (start, end) = (
                    format!("cannot run on cuda:{number}: "),
                    "(choose `cpu`, or `auto` to use the GPU only if it works)",
                );
                assert!(text.starts_with(&start) && text.ends_with(end) && text.lines().count() == 1, "{text}");
            }
        }
        let model = Autoencoder::open_with(fixture.path(), &on(Device::Cpu)).expect("a good bundle");
        assert_eq!((model.device().device, &model.device().reason), (Device::Cpu, &None));
        assert_close(&model.encode(&samples(2)).expect("good samples"), &mean_of(Kind::Ae, &samples(2), &[]));
    }
}

#[test]
fn auto_chooses_the_gpu_or_the_cpu_with_a_reason() {
    let diagnosis = diagnose(&Options::default());
    let outcome = |device| diagnosis.devices.iter().find(|trial| trial.device == device).map(|trial| &trial.outcome);
    assert_eq!(outcome(Device::Cpu), Some(&Ok(())));
    let model = Autoencoder::open_with(Fixture::new(Kind::Ae).path(), &on(Device::Auto)).expect("a good bundle");
    let placed = (model.device().device, model.device().reason.clone());
    match outcome(Device::Cuda(0)).expect("the GPU is tried") {
        Ok(()) => assert_eq!(placed, (Device::Cuda(0), None)),
        Err(reason) => assert_eq!(placed, (Device::Cpu, Some(reason.clone()))),
    }
    if cfg!(feature = "cuda") && !diagnosis.providers.iter().any(|name| name == "CUDAExecutionProvider") {
        let reason = "this ONNX Runtime has no CUDA provider (use a GPU build of ONNX Runtime)";
        assert_eq!(model.device().reason.as_deref(), Some(reason));
    }
    assert!(diagnosis.to_string().contains("device cpu: works"), "{diagnosis}");
}

#[test]
fn a_detector_labels_the_same_rows_on_every_device_that_works() {
    let (fixture, rows) = (detector_fixture(Kind::Ae), samples(300));
    let p_values = scores_of(Kind::Ae, &rows, &[]).mapv(p_value_of);
    for device in [Device::Cpu, Device::Auto] {
        for level in [0.1, 0.5] {
            let detector =
                Detector::open_with(fixture.path(), &on(device)).and_then(|detector| detector.at_level(level));
            let detector = detector.expect("a good bundle");
            let detections = detector.detect(&rows).expect("good samples");
            assert_eq!(detections.p_values, p_values, "{}", detector.device());
            let expected: Vec<bool> = p_values.iter().map(|&p_value| p_value <= level as f32).collect();
            assert_eq!(detections.are_anomalies, expected, "{}", detector.device());
        }
        let placed = placement(fixture.path(), &on(device)).expect("a good bundle");
        let files: Vec<_> = placed.iter().map(|graph| graph.graph.as_str()).collect();
        assert_eq!(files, ["encoder.onnx", "decoder.onnx", "detector.onnx"]);
        assert!(placed.iter().all(|graph| graph.is_on_one_device()), "{placed:?}");
    }
}

#[test]
fn auto_reports_a_broken_graph() {
    let refused =
        Autoencoder::open_with(Fixture::unloadable().path(), &on(Device::Auto)).expect_err("an unknown attribute");
    assert!(matches!(&refused, Error::Engine { action: "load", .. }), "{refused:?}");
    assert!(refused.to_string().contains("no_such_attribute"), "{refused}");
}

#[test]
fn the_cpu_computes_every_node_of_all_zoo_models() {
    for path in zoo() {
        let placed = placement(&path, &Options::default()).expect("a good bundle");
        let files: Vec<_> = placed.iter().map(|graph| graph.graph.as_str()).collect();
        assert_eq!(files, ["encoder.onnx", "decoder.onnx"]);
        for graph in &placed {
            let count = graph.nodes.len();
            assert!(count > 0 && graph.is_on_one_device(), "{path:?}: {graph:?}");
            assert_eq!(graph.providers(), BTreeMap::from([("CPUExecutionProvider", count)]));
            assert!(graph.nodes.iter().any(|node| node.operator.contains("Gemm")), "{graph:?}");
        }
    }
}

#[test]
fn measuring_the_placement_leaves_no_files_and_reports_errors() {
    let fixtures = [Fixture::new(Kind::Ae), failing(), Fixture::unloadable()];
    let bundles = env::join_paths(fixtures.each_ref().map(Fixture::path)).expect("plain paths");
    let run = |temporary: PathBuf| {
        let output = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(BUNDLES, &bundles)
            .env(if cfg!(windows) { "TMP" } else { "TMPDIR" }, temporary)
            .output()
            .expect("a program that starts");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text.lines().filter_map(|line| line.strip_prefix("placed ").map(str::to_owned)).collect::<Vec<_>>()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lines = run(folder.path().to_owned());
    let expected = ["well", "ONNX Runtime cannot run `decoder.onnx`: ", "ONNX Runtime cannot load `decoder.onnx`: "];
    assert!(lines.len() == 3 && lines.iter().zip(expected).all(|(line, start)| line.starts_with(start)), "{lines:?}");
    // Some builds of ONNX Runtime leave files of their own.
    let remaining =
        fs::read_dir(folder.path()).expect("a readable folder").map(|entry| entry.expect("an entry").file_name());
    let remaining: Vec<_> = remaining.filter(|name| name.to_string_lossy().starts_with("narrows")).collect();
    assert!(remaining.is_empty(), "{remaining:?}");

    let absent = run(folder.path().join("absent"));
    assert!(
        absent[0].starts_with("ONNX Runtime cannot profile `encoder.onnx`: cannot create a folder in "),
        "{absent:?}"
    );
}

/// Not a test itself: the code of the child process of the test above.
#[test]
#[ignore = "run by another test, in a child process"]
fn child() {
    for bundle in env::split_paths(&env::var_os(BUNDLES).expect("set by the test")) {
        let placed = placement(bundle, &Options::default());
        println!("\nplaced {}", placed.map_or_else(|error| error.to_string(), |_| "well".to_owned()));
    }
}
