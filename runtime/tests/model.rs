//! Results of a loaded bundle, compared with reference implementations in plain Rust.

use narrows_runtime::{
    Autoencoder, Codes, Posterior, Samples,
    bundle::Kind,
    ndarray::{Array2, Array3, Axis, s},
};

mod support;

use support::{CLASSES, Fixture, LATENT, SHAPE, assert_close, decoded, labels, log_variance_of, mean_of, samples};

fn open(kind: Kind) -> Autoencoder {
    Autoencoder::open(Fixture::new(kind).path()).expect("a good bundle")
}

/// Returns samples, with labels if this kind of model takes them.
fn batch<'a>(kind: Kind, samples: &'a Array3<f32>, labels: &'a [i64]) -> Samples<'a> {
    if kind.is_conditional() { Samples::from(samples).labelled(labels) } else { samples.into() }
}

#[test]
fn every_kind_encodes_decodes_and_reconstructs_like_the_reference() {
    let (rows, labels) = (samples(9), labels(9));
    for kind in Kind::ALL {
        let model = open(kind);
        assert_eq!((model.latent_dim(), model.sample_shape()), (LATENT, SHAPE.as_slice()));
        assert_eq!(model.takes_labels(), kind.is_conditional());

        let codes = model.encode(batch(kind, &rows, &labels)).expect("good samples");
        assert_close(&codes, &mean_of(kind, &rows, &labels));
        let conditional = Codes::from(&codes).labelled(&labels);
        let input = if kind.is_conditional() { conditional } else { Codes::from(&codes) };
        let restored = model.decode(input).expect("good codes");
        assert_close(&restored, &decoded(kind, &codes, &labels));
        let reconstructed = model.reconstruct(batch(kind, &rows, &labels)).expect("good samples");
        assert_eq!(reconstructed, restored);
    }
}

#[test]
fn layout_and_element_type_do_not_change_the_codes() {
    let model = open(Kind::Ae);
    let bytes = Array3::from_shape_fn((6, 2, 3), |(row, y, x)| (row * 40 + y * 7 + x) as u8);
    let floats = bytes.mapv(f32::from);
    let codes = model.encode(&floats).expect("good samples");

    assert_eq!(model.encode(&bytes).expect("bytes"), codes);
    assert_eq!(model.encode(bytes.view()).expect("a view of bytes"), codes);
    assert_eq!(model.encode(&floats.to_shape((6, 6)).expect("the same number of values")).expect("flat rows"), codes);
    assert_eq!(model.encode(floats.view().into_dyn()).expect("a dynamic rank"), codes);
    let mirrored = floats.t().as_standard_layout().to_owned();
    assert_eq!(model.encode(mirrored.t()).expect("a transposed view"), codes);
    let every_other = model.encode(floats.slice(s![..;2, .., ..])).expect("a strided view");
    assert_eq!(every_other, codes.slice(s![..;2, ..]));
    let backwards = model.encode(bytes.slice(s![..;-1, .., ..])).expect("a reversed view");
    assert_eq!(backwards, codes.slice(s![..;-1, ..]));
}

#[test]
fn zero_rows_give_zero_rows_of_the_right_shape() {
    for kind in [Kind::Vae, Kind::Cvae] {
        let (model, none) = (open(kind), samples(1).slice(s![..0, .., ..]).to_owned());
        assert_eq!(model.encode(batch(kind, &none, &[])).expect("no samples").shape(), [0, 2]);
        assert_eq!(model.sample_latent(batch(kind, &none, &[]), 1).expect("no samples").shape(), [0, 2]);
        assert_eq!(model.reconstruct(batch(kind, &none, &[])).expect("no samples").shape(), [0, 2, 3]);
    }
    let none = Array2::<f32>::zeros((0, LATENT));
    assert_eq!(open(Kind::Pca).decode(&none).expect("no codes").shape(), [0, 2, 3]);
    assert_eq!(open(Kind::Vae).generate(0, 1).expect("no samples").shape(), [0, 2, 3]);
}

#[test]
fn a_variational_encoder_returns_its_parameters_and_samples_from_the_posterior() {
    for kind in [Kind::Vae, Kind::Cvae] {
        let (model, rows, labels) = (open(kind), samples(400), labels(400));
        let Posterior { mean, log_variance, .. } = model.posterior(batch(kind, &rows, &labels)).expect("variational");
        assert_close(&mean, &mean_of(kind, &rows, &labels));
        assert_close(&log_variance, &log_variance_of(&rows));

        let codes = model.sample_latent(batch(kind, &rows, &labels), 3).expect("variational");
        assert_eq!(codes, model.sample_latent(batch(kind, &rows, &labels), 3).expect("variational"));
        assert_ne!(codes, model.sample_latent(batch(kind, &rows, &labels), 4).expect("variational"));
        let noise = (&codes - &mean) / (log_variance / 2.0).mapv(f32::exp);
        // Four standard errors of 800 standard normals.
        assert!(noise.mean().expect("not empty").abs() < 0.15);
        assert!((noise.var(0.0) - 1.0).abs() < 0.2);
    }
}

#[test]
fn generated_samples_depend_only_on_the_seed() {
    let model = open(Kind::Vae);
    let many = model.generate(40, 5).expect("a generative model");
    assert_eq!(many.slice_axis(Axis(0), (..7).into()), model.generate(7, 5).expect("a generative model"));
    assert_ne!(many, model.generate(40, 6).expect("a generative model"));
    assert_eq!(many.shape(), [40, 2, 3]);
}

#[test]
fn a_conditional_model_generates_samples_of_the_given_class() {
    let model = open(Kind::Cvae);
    assert_eq!(model.classes(), CLASSES);
    assert_eq!(model.class_named("one").expect("a name"), 1);
    assert_eq!(model.class_named("0").expect("a number"), 0);
    assert_eq!(model.class_named("7").expect("a name that looks like a number"), 2);

    let zero = model.generate_class(0, 4, 9).expect("a class");
    let one = model.generate_class(1, 4, 9).expect("a class");
    let codes = Array2::zeros((1, LATENT));
    let difference = decoded(Kind::Cvae, &codes, &[1]) - decoded(Kind::Cvae, &codes, &[0]);
    let expected = &zero + &difference.broadcast(zero.shape()).expect("one row");
    assert_close(&one, &expected);
}

#[test]
fn many_threads_share_one_handle() {
    let (model, rows) = (open(Kind::Vae), samples(64));
    let serial = model.reconstruct(&rows).expect("good samples");
    std::thread::scope(|scope| {
        for start in 0..8 {
            let (model, rows, serial) = (&model, &rows, &serial);
            scope.spawn(move || {
                for end in start + 1..64 {
                    let part = model.reconstruct(rows.slice(s![start..end, .., ..])).expect("good samples");
                    assert_close(&part, &serial.slice_axis(Axis(0), (start..end).into()).to_owned());
                }
            });
        }
    });
}

#[test]
fn rows_far_outside_the_range_of_the_training_data_are_found() {
    let model = open(Kind::Vae);
    let (low, high) = model.sample_range();
    let span = high - low;
    let mut rows = samples(4);
    assert_eq!(model.rows_far_outside(&rows), [0_usize; 0]);
    rows[[1, 0, 0]] = high + 1.01 * span;
    rows[[3, 1, 1]] = low - 1.01 * span;
    assert_eq!(model.rows_far_outside(&rows), [1, 3]);
    rows[[1, 0, 0]] = high + 0.99 * span;
    assert_eq!(model.rows_far_outside(&rows), [3], "at most the width of the range outside");
    assert_eq!(model.rows_far_outside(&ndarray::array![[f32::NAN], [f32::INFINITY]]), [1]);
    assert_eq!(model.rows_far_outside(&rows.mapv(|_| 255_u8)).len(), if high + span < 255.0 { 4 } else { 0 });
}
