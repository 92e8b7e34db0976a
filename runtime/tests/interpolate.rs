//! Interpolation between codes, and between samples through the latent space.

use narrows_runtime::{
    Autoencoder, Codes, Error, Interpolation, Samples,
    bundle::Kind,
    codes_between,
    ndarray::{Array1, Array2, ArrayView1, Axis, array, s},
};

mod support;

use support::{Fixture, assert_close, decoded, labels, mean_of, samples};

const BOTH: [Interpolation; 2] = [Interpolation::Linear, Interpolation::Spherical];

fn open(kind: Kind) -> Autoencoder {
    Autoencoder::open(Fixture::new(kind).path()).expect("a good bundle")
}

fn path(from: &Array1<f32>, to: &Array1<f32>, steps: usize, interpolation: Interpolation) -> Array2<f32> {
    codes_between(from.view(), to.view(), steps, interpolation).expect("codes of one length")
}

fn dot(left: ArrayView1<'_, f32>, right: ArrayView1<'_, f32>) -> f64 {
    left.iter().zip(right).map(|(&left, &right)| f64::from(left) * f64::from(right)).sum()
}

fn angle(left: ArrayView1<'_, f32>, right: ArrayView1<'_, f32>) -> f64 {
    (dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()).acos()
}

#[test]
fn linear_interpolation_has_equal_steps() {
    let found = path(&array![0.0, 8.0, -1.0], &array![4.0, 0.0, -1.0], 5, Interpolation::Linear);
    let expected = array![[0.0, 8.0, -1.0], [1.0, 6.0, -1.0], [2.0, 4.0, -1.0], [3.0, 2.0, -1.0], [4.0, 0.0, -1.0]];
    assert_eq!(found, expected);
}

#[test]
fn the_ends_are_exactly_the_codes_and_any_number_of_steps_works() {
    let (from, to) = (array![0.1, -0.7, 1.0 / 3.0], array![1e-20, 3e7, -0.9]);
    for interpolation in BOTH {
        for steps in [2, 3, 17] {
            let found = path(&from, &to, steps, interpolation);
            assert_eq!(found.dim(), (steps, 3));
            assert_eq!((found.row(0), found.row(steps - 1)), (from.view(), to.view()));
        }
        assert_eq!(path(&from, &to, 0, interpolation).dim(), (0, 3));
        assert_eq!(path(&from, &to, 1, interpolation), from.view().insert_axis(Axis(0)));
    }
}

#[test]
fn spherical_interpolation_has_equal_steps_in_angle_and_norm_and_stays_in_the_plane() {
    let from = Array1::from_shape_fn(16, |index| ((index * 7 % 5) as f32 - 1.7) * 1.5);
    for to in [Array1::from_shape_fn(16, |index| (index as f32).sin()), &from * -0.9 + 0.3, &from * 1.1 + 0.01] {
        let found = path(&from, &to, 9, Interpolation::Spherical);
        let norm = |code: ArrayView1<'_, f32>| dot(code, code).sqrt();
        let (first, last, total) = (norm(from.view()), norm(to.view()), angle(from.view(), to.view()));
        for (step, code) in found.outer_iter().enumerate() {
            let t = step as f64 / 8.0;
            // The norm has the rounding error of `f32`; the arc cosine is inaccurate near 0, by the square root of it.
            assert!((norm(code) / ((1.0 - t) * first + t * last) - 1.0).abs() < 1e-6);
            assert!((angle(from.view(), code) - t * total).abs() < 4e-4, "step {step}, total angle {total}");
            assert!((angle(code, to.view()) - (1.0 - t) * total).abs() < 4e-4, "step {step}, total angle {total}");
        }
    }
}

#[test]
fn spherical_interpolation_preserves_the_norm_and_linear_does_not() {
    let (from, to) = (array![3.0, 0.0, 0.0], array![0.0, 0.0, -3.0]);
    let coordinate = (4.5f32).sqrt();
    let spherical = path(&from, &to, 3, Interpolation::Spherical);
    assert!(
        spherical
            .row(1)
            .iter()
            .zip([coordinate, 0.0, -coordinate])
            .all(|(found, expected)| (found - expected).abs() < 1e-6)
    );
    assert_eq!(path(&from, &to, 3, Interpolation::Linear).row(1), array![1.5, 0.0, -1.5]);
}

#[test]
fn spherical_interpolation_falls_back_to_linear_and_is_always_finite() {
    let code = array![0.3f32, -1.1, 0.7];
    let origin = Array1::zeros(3);
    for to in [code.clone(), &code * 2.5, -&code, &code * -3.0, origin.clone(), &code * 1e-30] {
        for (from, to) in [(&code, &to), (&to, &code), (&to, &to), (&origin, &to)] {
            let spherical = path(from, to, 7, Interpolation::Spherical);
            for (spherical, linear) in spherical.iter().zip(&path(from, to, 7, Interpolation::Linear)) {
                assert!((spherical - linear).abs() <= 1e-6, "{from} to {to}: {spherical}");
            }
        }
    }
    // Nearly opposite codes, on both sides of the threshold of the fallback.
    for nudge in [1e-8, 1e-7, 1e-6, 1e-5, 1e-3] {
        let found = path(&array![1.0, 0.0], &array![-1.0, nudge], 5, Interpolation::Spherical);
        assert!(found.iter().all(|value| value.abs() <= 1.000_001), "{nudge}: {found}");
    }
    let one = path(&array![2.0], &array![-6.0], 5, Interpolation::Spherical);
    assert_eq!(one, array![[2.0], [0.0], [-2.0], [-4.0], [-6.0]]);
}

#[test]
fn invalid_codes_are_refused_with_the_reason() {
    let text = |from: &Array1<f32>, to: &Array1<f32>, steps| {
        codes_between(from.view(), to.view(), steps, Interpolation::Spherical).expect_err("an error").to_string()
    };
    let code = array![1.0, 2.0];
    assert_eq!(text(&code, &array![1.0], 2), "cannot interpolate from a code of 2 values to a code of 1 value");
    assert!(text(&code, &array![1.0, f32::NAN], 2).starts_with("input `to` contains NaN in row 0 at [1]"));
    assert!(text(&array![f32::INFINITY, 0.0], &code, 2).starts_with("input `from` contains inf in row 0 at [0]"));
    for steps in [usize::MAX, usize::MAX / 8, 1 << 60] {
        assert!(text(&code, &code, steps).contains("do not fit into memory"));
    }
}

#[test]
fn interpolation_between_samples_starts_and_ends_at_their_reconstructions() {
    for kind in Kind::ALL {
        let (model, rows) = (open(kind), samples(2));
        let label = [1, 1];
        let input = || if kind.is_conditional() { Samples::from(&rows).labelled(&label) } else { Samples::from(&rows) };
        let restored = model.reconstruct(input()).expect("two samples");
        let codes = mean_of(kind, &rows, &label);
        for interpolation in BOTH {
            let found = model.interpolate(input(), 6, interpolation).expect("two samples");
            assert_eq!(found.shape(), [6, 2, 3]);
            assert_close(&found.slice(s![..;5, .., ..]).to_owned().into_dyn(), &restored);
            let between = path(&codes.row(0).to_owned(), &codes.row(1).to_owned(), 6, interpolation);
            assert_close(&found, &decoded(kind, &between, &[1; 6]));
            assert_eq!(model.interpolate(input(), 0, interpolation).expect("no steps").shape(), [0, 2, 3]);
        }
    }
}

#[test]
fn interpolation_needs_two_samples_of_one_class() {
    let (model, rows) = (open(Kind::Cvae), samples(3));
    let run = |samples: Samples<'_>| model.interpolate(samples, 4, Interpolation::Linear);
    let two = rows.slice(s![..2, .., ..]);
    assert_eq!(
        run(Samples::from(two).labelled(&[0, 2])).expect_err("two classes").to_string(),
        "interpolation needs two samples of one class, but the labels are 0 and 2 (give both the same label)"
    );
    assert!(matches!(run(two.into()), Err(Error::LabelsMissing { .. })));
    for count in [0, 1, 3] {
        let (rows, labels) = (rows.slice(s![..count, .., ..]), labels(count));
        assert_eq!(
            run(Samples::from(rows).labelled(&labels)).expect_err("no pair").to_string(),
            format!("interpolation needs exactly 2 rows, got {count}")
        );
    }
    let codes = model.encode(Samples::from(two).labelled(&[2, 2])).expect("a class");
    let last = model.decode(Codes::from(&codes.slice(s![1.., ..])).labelled(&[2])).expect("a class");
    let found = run(Samples::from(two).labelled(&[2, 2])).expect("one class");
    assert_close(&found.slice(s![3.., .., ..]).to_owned().into_dyn(), &last);
}

#[test]
fn a_path_between_classes_begins_and_ends_with_them_and_blends_linearly() {
    use narrows_runtime::{ClassPath, Options, bundle::Bundle};
    let fixture = Fixture::new(Kind::Cvae);
    let bundle = Bundle::open(fixture.path()).expect("a good bundle");
    let path = ClassPath::open(&bundle, &Options::default(), "one", 0, 5).expect("two classes");
    let codes = Array2::from_shape_fn((5, 2), |(step, dimension)| step as f32 / 4.0 - dimension as f32);
    let samples = path.decode(codes.view()).expect("a code per step");
    let [from, to] = [1, 0].map(|label| decoded(Kind::Cvae, &codes, &[label; 5]));
    for step in 0..5 {
        let t = step as f32 / 4.0;
        // The decoder of the fixture is linear in the row of the class.
        let expected = from.index_axis(Axis(0), step).to_owned() * (1.0 - t) + &to.index_axis(Axis(0), step) * t;
        assert_close(&samples.index_axis(Axis(0), step).to_owned(), &expected);
    }
    assert!(matches!(path.decode(codes.slice(s![..3, ..])), Err(Error::LabelCount { rows: 3, labels: 5 })));
    let unknown = ClassPath::open(&bundle, &Options::default(), "one", "nine", 5);
    assert!(matches!(unknown, Err(Error::UnknownClass { .. })));
    for steps in [0, 100_000] {
        let refused = ClassPath::open(&bundle, &Options::default(), 0, 1, steps);
        assert!(matches!(refused, Err(Error::OutOfRange { option: "steps", .. })));
    }
    let unconditional = Fixture::new(Kind::Vae);
    let bundle = Bundle::open(unconditional.path()).expect("a good bundle");
    let refused = ClassPath::open(&bundle, &Options::default(), 0, 1, 5);
    assert!(matches!(refused, Err(Error::ClassUnexpected { .. })));
}
