//! Errors of a model and their messages. After each error the handle still works.

use std::{fs, path::Path};

use narrows_runtime::{
    Autoencoder, Codes, Error, Options, Samples,
    bundle::{BundleError, DECODER, ENCODER, Kind, onnx::Tensor},
    ndarray::{Array2, Array3, Axis},
};

mod support;

use support::{Fixture, labels, mean_of, samples};

fn open(kind: Kind) -> Autoencoder {
    Autoencoder::open(Fixture::new(kind).path()).expect("a good bundle")
}

fn text<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    outcome.expect_err("an error").to_string()
}

#[test]
fn the_error_for_a_wrong_shape_names_both_shapes() {
    let model = open(Kind::Ae);
    let rows = Array2::<u8>::zeros((3, 5));
    assert_eq!(text(model.encode(&rows)), "input `x` expects [batch, 2, 3] (or [batch, 6]), got [3, 5]");
    assert_eq!(
        text(model.encode(samples(3).index_axis(Axis(0), 0))),
        "input `x` expects [batch, 2, 3] (or [batch, 6]), got [2, 3]"
    );
    assert_eq!(text(model.decode(&Array2::zeros((3, 5)))), "input `z` expects [batch, 2], got [3, 5]");
    assert_eq!(text(model.decode(&Array3::zeros((3, 1, 2)))), "input `z` expects [batch, 2], got [3, 1, 2]");
    support::assert_close(&model.encode(&samples(2)).expect("good samples"), &mean_of(Kind::Ae, &samples(2), &[]));
}

#[test]
fn the_error_for_a_value_that_is_not_finite_names_its_position() {
    let model = open(Kind::Vae);
    let mut rows = samples(4);
    rows[[2, 1, 0]] = f32::NAN;
    let expected = "input `x` contains NaN in row 2 at [1, 0] (fill or drop such values first)";
    assert_eq!(text(model.encode(&rows)), expected);
    assert_eq!(text(model.reconstruct(&rows)), expected);
    assert_eq!(text(model.sample_latent(&rows, 0)), expected);
    let mut codes = Array2::zeros((2, 2));
    codes[[1, 1]] = f32::NEG_INFINITY;
    assert!(text(model.decode(&codes)).starts_with("input `z` contains -inf in row 1 at [1]"));
    assert!(model.encode(&samples(4)).is_ok());
}

#[test]
fn labels_are_checked_before_a_graph_runs() {
    let (model, rows) = (open(Kind::Cvae), samples(3));
    let with = |labels: &'static [i64]| Samples::from(&rows).labelled(labels);
    assert_eq!(
        text(model.encode(&rows)),
        "this cvae needs a label for every row (0 to 2), but none were given (add them with `labelled`)"
    );
    assert_eq!(text(model.encode(with(&[0, 1]))), "expected one label per row, got 2 labels for 3 rows");
    assert_eq!(
        text(model.encode(with(&[0, 1, -1]))),
        "the label of row 2 is -1, but this model has the classes 0 to 2"
    );
    assert_eq!(
        text(model.reconstruct(with(&[3, 1, 0]))),
        "the label of row 0 is 3, but this model has the classes 0 to 2"
    );
    let codes = Array2::zeros((1, 2));
    assert!(matches!(model.decode(&codes), Err(Error::LabelsMissing { classes: 3, .. })));
    assert!(matches!(model.decode(Codes::from(&codes).labelled(&[9])), Err(Error::LabelRange { label: 9, .. })));
    assert_eq!(
        text(open(Kind::Vae).encode(with(&[0, 1, 2]))),
        "this vae takes no labels here, but 3 were given (do not call `labelled`)"
    );
    assert!(model.encode(Samples::from(&rows).labelled(&labels(3))).is_ok());
}

#[test]
fn the_error_for_an_unsupported_method_names_an_alternative() {
    for kind in [Kind::Pca, Kind::Ae, Kind::Dae] {
        let model = open(kind);
        assert!(matches!(model.posterior(&samples(1)), Err(Error::Deterministic { .. })));
        assert!(text(model.sample_latent(&samples(1), 0)).contains("vae and cvae have a posterior"));
        assert!(
            text(model.generate(1, 0))
                .contains("use a model with a prior, such as a vae, or call decode with your own codes)")
        );
        assert!(matches!(model.generate_class(0, 1, 0), Err(Error::ClassUnexpected { .. })));
    }
    let model = open(Kind::Cvae);
    assert!(text(model.generate(1, 0)).contains("use generate_class with one of `zero`, `one`, `7`"));
    let unknown = "there is no class `3`, this model has `zero`, `one`, `7`";
    assert_eq!(text(model.generate_class(3, 1, 0)), unknown);
    assert_eq!(text(model.class_named("3")), unknown);
    assert!(matches!(open(Kind::Vae).generate(usize::MAX, 0), Err(Error::TooMany { .. })));
    // An array with more rows than the codes could be allocated for.
    let huge = Array2::<u8>::zeros((1, 6));
    let huge = huge.broadcast((1 << 50, 6)).expect("one repeated row");
    let outcome = open(Kind::Vae).encode(huge);
    assert!(matches!(outcome, Err(Error::Memory { .. } | Error::TooMany { .. })), "{outcome:?}");
    let outcome = model.generate_class(0, usize::MAX / 8, 0);
    assert!(matches!(outcome, Err(Error::Memory { .. } | Error::TooMany { .. })), "{outcome:?}");
}

#[test]
fn the_error_for_a_damaged_bundle_names_the_file() {
    let absent = Autoencoder::open("no/such/bundle");
    assert!(matches!(absent, Err(Error::Bundle(BundleError::Missing { .. }))));
    assert!(text(absent).starts_with("`no/such/bundle` does not exist ("));
    let empty = tempfile::tempdir().expect("a temporary folder");
    assert!(matches!(Autoencoder::open(empty.path()), Err(Error::Bundle(BundleError::NotABundle { .. }))));

    let change = |name: &str, change: fn(&Path)| {
        let fixture = Fixture::new(Kind::Ae);
        change(&fixture.path().join(name));
        text(Autoencoder::open(fixture.path()))
    };
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).expect("a file");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).expect("a writable folder");
    };
    assert!(change(ENCODER, flip).contains("has changed since it was exported: its SHA-256 is"));
    assert!(change(DECODER, |path| fs::write(path, b"").expect("a file")).contains("it has 0 bytes"));
    assert!(change(DECODER, |path| fs::remove_file(path).expect("a file")).contains("cannot read"));

    let swapped = Fixture::modified(Kind::Ae, |draft| std::mem::swap(&mut draft.encoder, &mut draft.decoder));
    assert!(text(Autoencoder::open(swapped.path())).contains("are two graphs swapped?"));
}

#[test]
fn the_error_for_a_graph_that_onnx_runtime_refuses_contains_the_reason() {
    let unknown = Fixture::unloadable();
    let error = text(Autoencoder::open(unknown.path()));
    assert!(error.starts_with("ONNX Runtime cannot load `decoder.onnx`: "), "{error}");
    assert!(error.contains("no_such_attribute"), "{error}");
}

#[test]
fn an_output_of_another_shape_than_the_manifest_lists_is_an_error() {
    let transposed = Fixture::modified(Kind::Ae, |draft| {
        let graph = draft.decoder.graph.as_mut().expect("a graph");
        graph.initializer.retain(|tensor| tensor.name != "shape");
        graph.initializer.push(Tensor::integers("shape", &[3], &[1, -1, 3]));
    });
    let model = Autoencoder::open(transposed.path()).expect("a graph that loads");
    let error = text(model.decode(&Array2::zeros((4, 2))));
    assert_eq!(
        error,
        "`decoder.onnx` should return `x_hat` with shape [4, 2, 3], got [1, 8, 3] (export the model again)"
    );
    assert!(model.decode(&Array2::zeros((1, 2))).is_ok());
}

#[test]
fn the_handle_works_after_a_failed_run() {
    // The class table has one row less than the manifest has classes, so the last label passes the check and fails in
    // the graph.
    let short = Fixture::modified(Kind::Cvae, |draft| {
        for model in [&mut draft.encoder, &mut draft.decoder] {
            let graph = model.graph.as_mut().expect("a graph");
            for tensor in graph.initializer.iter_mut().filter(|tensor| tensor.name.ends_with("classes")) {
                let row = tensor.raw_data.len() / 3;
                tensor.raw_data.truncate(2 * row);
                tensor.dims[0] = 2;
            }
        }
    });
    let model = Autoencoder::open(short.path()).expect("a graph that loads");
    let rows = samples(3);
    let error = text(model.encode(Samples::from(&rows).labelled(&[0, 1, 2])));
    assert!(error.starts_with("ONNX Runtime cannot run `encoder.onnx`: "), "{error}");
    assert!(model.encode(Samples::from(&rows).labelled(&[0, 1, 1])).is_ok());
}

#[test]
fn the_number_of_threads_does_not_change_the_codes() {
    let fixture = Fixture::new(Kind::Ae);
    for threads in [0, 1, 2] {
        let model =
            Autoencoder::open_with(fixture.path(), &Options::default().threads(threads)).expect("a good bundle");
        support::assert_close(&model.encode(&samples(2)).expect("good samples"), &mean_of(Kind::Ae, &samples(2), &[]));
    }
}
