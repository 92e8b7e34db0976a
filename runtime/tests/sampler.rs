//! A sampler decides what is generated, and a learned prior decides the likelihoods.

#[path = "support/mod.rs"]
mod support;

use narrows_runtime::{
    Autoencoder, Error, GenerateOptions, ScoreOptions,
    bundle::{
        BundleError, Covariance, Covariances, Kind, Mixture, PRIOR, Prior, SAMPLER, Sampler, SamplerMethod,
        SamplerRecord,
    },
    ndarray::{Array1, Array2, Array3, Axis, array},
};
use support::{CLASSES, Draft, Fixture, LATENT, samples};

fn mixture() -> Mixture {
    let factors = array![[[0.5, 0.0], [0.4, 0.3]], [[1.0, 0.0], [0.0, 2.0]]];
    Mixture::new(array![0.25, 0.75], array![[10.0, -10.0], [0.0, 3.0]], Covariances::Full(factors)).expect("valid")
}

fn record(components: usize) -> SamplerRecord {
    SamplerRecord {
        method: SamplerMethod::ExpectationMaximisation,
        components,
        class_components: None,
        covariance: Covariance::Full,
        data: "synthetic".to_owned(),
        fingerprint: String::new(),
        rows: 9,
        held_out_rows: 1,
        seed: 0,
        log_likelihood: -2.0,
        standard_normal_log_likelihood: -3.0,
    }
}

fn add_sampler(draft: &mut Draft) {
    draft.manifest.sampler = Some(record(2));
    draft.files.push((SAMPLER, mixture().to_bytes().expect("valid shapes")));
}

/// One mixture per class: two components for class 0, around 100 and 200, and one for each other class, around 300 and
/// 400, with a standard deviation of 1.
fn of_classes() -> Sampler {
    let means = Array2::from_shape_fn((4, LATENT), |(component, _)| 100.0 * (component + 1) as f64);
    let log_variances = Covariances::Diagonal(Array2::zeros((4, LATENT)));
    let mixture = Mixture::new(array![0.1, 0.3, 0.2, 0.4], means, log_variances).expect("valid");
    Sampler::with_classes(mixture, vec![0, 0, 1, 2], CLASSES.len()).expect("every class has a component")
}

fn add_class_sampler(draft: &mut Draft) {
    let record = SamplerRecord { covariance: Covariance::Diagonal, ..record(4) };
    draft.manifest.sampler = Some(SamplerRecord { class_components: Some(vec![2, 1, 1]), ..record });
    draft.files.push((SAMPLER, of_classes().to_bytes().expect("valid shapes")));
}

fn add_prior(draft: &mut Draft, mixture: &Mixture) {
    draft.manifest.prior = Some(Prior::Mixture { components: mixture.components() });
    draft.files.push((PRIOR, mixture.to_bytes().expect("valid shapes")));
}

/// The standard normal distribution as a mixture.
fn standard_normal() -> Mixture {
    let log_variances = Covariances::Diagonal(Array2::zeros((2, LATENT)));
    Mixture::new(array![0.4, 0.6], Array2::zeros((2, LATENT)), log_variances).expect("valid")
}

fn open(kind: Kind, modify: impl FnOnce(&mut Draft)) -> Autoencoder {
    Autoencoder::open(Fixture::modified(kind, modify).path()).expect("a valid bundle")
}

fn options(count: usize, seed: u64) -> GenerateOptions<'static> {
    GenerateOptions::default().count(count).seed(seed)
}

#[test]
fn generation_samples_from_the_sampler_in_every_kind() {
    for kind in [Kind::Ae, Kind::Pca, Kind::Vae, Kind::Cvae] {
        let model = open(kind, add_sampler);
        assert!(model.is_generative());
        let codes = model.sample_codes(&options(5, 3)).expect("a sampler");
        let (generated, decoded) = if model.takes_labels() {
            let labels = [1; 5];
            let decoded = model.decode(narrows_runtime::Codes::from(&codes).labelled(&labels));
            (model.generate_class(1, 5, 3), decoded)
        } else {
            (model.generate(5, 3), model.decode(&codes))
        };
        assert_eq!(generated.expect("a sampler"), decoded.expect("codes that fit"), "{kind}");
        assert_eq!(model.sample_codes(&options(2, 3)).expect("a sampler"), codes.slice_axis(Axis(0), (..2).into()));
    }
    assert!(matches!(open(Kind::Ae, |_| {}).sample_codes(&options(1, 0)), Err(Error::NoPrior { .. })));
}

#[test]
fn sampled_codes_have_the_weights_means_and_covariances_of_the_mixture() {
    const COUNT: usize = 40_000;
    let model = open(Kind::Ae, add_sampler);
    let codes = model.sample_codes(&options(COUNT, 1)).expect("a sampler").mapv(f64::from);
    let first: Vec<usize> = (0..COUNT).filter(|&row| codes[[row, 0]] > 6.0).collect();
    let share = first.len() as f64 / COUNT as f64;
    // Four standard errors: 4 sqrt(0.25 * 0.75 / n).
    assert!((share - 0.25).abs() < 0.009, "{share}");
    let near = codes.select(Axis(0), &first);
    let mean = near.mean_axis(Axis(0)).expect("rows");
    assert!((mean[0] - 10.0).abs() < 0.021 && (mean[1] + 10.0).abs() < 0.021, "{mean}");
    let centred = &near - &mean;
    let covariance = centred.t().dot(&centred) / near.nrows() as f64;
    for (found, expected) in covariance.iter().zip([0.25, 0.2, 0.2, 0.25]) {
        assert!((found - expected).abs() < 0.015, "{covariance}");
    }
}

#[test]
fn a_sampler_does_not_change_likelihoods() {
    let (x, options) = (samples(6), ScoreOptions::default().importance_samples(7));
    let with = open(Kind::Vae, add_sampler).score(&x, &options).expect("rows that fit");
    assert_eq!(with, open(Kind::Vae, |_| {}).score(&x, &options).expect("rows that fit"));
}

#[test]
fn the_standard_normal_as_a_mixture_gives_the_likelihoods_of_the_standard_normal() {
    let normal = open(Kind::Vae, |_| {});
    let learned = open(Kind::Vae, |draft| add_prior(draft, &standard_normal()));
    assert_eq!(
        normal.sample_codes(&options(9, 4)).expect("a prior"),
        learned.sample_codes(&options(9, 4)).expect("a prior")
    );
    let x = samples(40);
    for count in [1, 5, 200] {
        let options = ScoreOptions::default().importance_samples(count);
        let [normal, learned] = [&normal, &learned].map(|model| model.score(&x, &options).expect("rows that fit"));
        let pairs = |values: [Option<Array1<f64>>; 2]| {
            let [one, other] = values.map(|values| values.expect("a variational model"));
            one.into_iter().zip(other).collect::<Vec<_>>()
        };
        for (one, other) in pairs([normal.log_likelihood, learned.log_likelihood]) {
            assert!((one - other).abs() < 1e-9 * one.abs().max(1.0), "{one}, {other}");
        }
        let differences: Vec<f64> =
            pairs([normal.kl, learned.kl]).into_iter().map(|(one, other)| one - other).collect();
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        // The estimate of a row has a standard error of at most about 1; there are 40 rows.
        assert!(mean.abs() < 0.6, "{mean}");
    }
}

#[test]
fn the_divergence_from_a_learned_prior_needs_no_requested_latent_samples() {
    let learned = open(Kind::Vae, |draft| add_prior(draft, &mixture()));
    let x = samples(3);
    let [none, few] = [0, 3]
        .map(|count| learned.score(&x, &ScoreOptions::default().importance_samples(count)).expect("rows that fit"));
    assert!(none.kl.as_ref().is_some_and(|kl| kl.len() == 3) && none.elbo.is_none());
    assert_eq!(none.kl, few.kl);
    let elbo = few.elbo.expect("latent samples");
    assert!(elbo.iter().all(|value| value.is_finite()));
}

#[test]
fn log_densities_are_those_of_the_mixture_and_codes_of_another_length_are_refused() {
    let model = open(Kind::Ae, add_sampler);
    let sampler = model.sampler().expect("a sampler");
    let density = sampler.log_density(array![[10.0f32, -10.0]].view()).expect("two dimensions")[0];
    let expected = 0.25f64.ln() - (2.0 * std::f64::consts::PI).ln() - (0.5f64 * 0.3).ln();
    assert!((density - expected).abs() < 1e-9, "{density}, expected {expected}");
    let error = sampler.log_density(Array2::zeros((1, 3)).view()).expect_err("three dimensions").to_string();
    assert_eq!(error, "expected codes of 2 dimensions, got 3 dimensions");
    let normal = open(Kind::Vae, |_| {});
    let density = normal.prior().expect("a prior").log_density(array![[0.0f32, 2.0]].view()).expect("two dimensions");
    assert!((density[0] + 2.0 + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-9);
}

#[test]
fn a_sampler_that_contradicts_the_manifest_is_refused() {
    let three = Array3::from_shape_fn((2, 3, 3), |(_, row, column)| f64::from(u8::from(row == column)));
    let three = Mixture::new(array![0.5, 0.5], Array2::zeros((2, 3)), Covariances::Full(three)).expect("valid");
    type Corrupt = Box<dyn FnOnce(&mut Draft)>;
    let defects: [(&str, Corrupt); 4] = [
        ("codes have 3 dimensions", Box::new(move |draft| draft.files[0].1 = three.to_bytes().expect("valid shapes"))),
        ("2 components, the manifest says 3", Box::new(|draft| draft.manifest.sampler = Some(record(3)))),
        ("not a safetensors file", Box::new(|draft| draft.files[0].1 = b"{}".to_vec())),
        ("lists no file `sampler.safetensors`", Box::new(|draft| draft.files.clear())),
    ];
    for (expected, corrupt) in defects {
        let fixture = Fixture::modified(Kind::Ae, |draft| {
            add_sampler(draft);
            corrupt(draft);
        });
        match Autoencoder::open(fixture.path()) {
            Err(Error::Bundle(error @ BundleError::Invalid { .. })) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            other => panic!("expected an invalid bundle ({expected}), got {other:?}"),
        }
    }
}

#[test]
fn samples_of_a_class_come_from_the_mixture_of_that_class() {
    let model = open(Kind::Cvae, add_class_sampler);
    let codes = |class: usize| model.sample_codes(&options(400, 3).class(class)).expect("a class").mapv(f64::from);
    let [zero, one, seven] = [0, 1, 2].map(codes);
    assert!(
        one.iter().all(|value| (value - 300.0).abs() < 6.0) && seven.iter().all(|value| (value - 400.0).abs() < 6.0)
    );
    let near = |center: f64| zero.rows().into_iter().filter(|code| (code[0] - center).abs() < 6.0).count();
    assert_eq!(near(100.0) + near(200.0), 400);
    // A quarter of 400 with a standard deviation of 8.7.
    assert!((65..135).contains(&near(100.0)), "{}", near(100.0));
    // The same noise in every class.
    let difference = &seven - &one - 100.0;
    assert!(difference.iter().all(|difference| difference.abs() < 1e-3), "{difference}");
    let generated = model.generate_class("7", 5, 3).expect("a class");
    let few = model.sample_codes(&options(5, 3).class("7")).expect("a class");
    let decoded = model.decode(narrows_runtime::Codes::from(&few).labelled(&[2; 5])).expect("codes that fit");
    assert_eq!(generated, decoded);
    // Without a class, codes are those of all classes.
    let all = model.sample_codes(&options(400, 3)).expect("a sampler");
    let share = all.rows().into_iter().filter(|code| code[0] > 350.0).count();
    assert!((120..200).contains(&share), "{share}");
}

#[test]
fn spreads_and_densities_of_a_class_are_those_of_its_mixture() {
    let model = open(Kind::Cvae, add_class_sampler);
    let spread = model.code_spread_of_class("one").expect("a class");
    assert_eq!((spread.mean, spread.deviation), (array![300.0, 300.0], array![1.0, 1.0]));
    let mean = model.code_spread().expect("a sampler").mean[0];
    assert!((mean - 290.0).abs() < 1e-9, "{mean}");
    let sampler = model.sampler_of_class(0).expect("a class").expect("a sampler");
    let density = sampler.log_density(array![[200.0f32, 200.0]].view()).expect("two dimensions")[0];
    let expected = 0.75f64.ln() - (2.0 * std::f64::consts::PI).ln();
    assert!((density - expected).abs() < 1e-9, "{density}, expected {expected}");
    assert!(matches!(model.sampler_of_class(3), Err(Error::UnknownClass { .. })));
    assert!(matches!(model.sample_codes(&options(1, 0).class("none")), Err(Error::UnknownClass { .. })));
    let joint = open(Kind::Cvae, add_sampler);
    assert_eq!(joint.sampler_of_class(1).expect("a class"), joint.sampler());
    let vae = open(Kind::Vae, add_sampler);
    assert!(matches!(vae.sampler_of_class(0), Err(Error::ClassUnexpected { .. })));
    assert!(matches!(vae.sample_codes(&options(1, 0).class(0)), Err(Error::ClassUnexpected { .. })));
}

#[test]
fn classes_of_a_sampler_that_contradict_the_manifest_are_refused() {
    let components = |components: Option<Vec<usize>>| {
        move |draft: &mut Draft| {
            let record = draft.manifest.sampler.take().expect("a sampler");
            draft.manifest.sampler = Some(SamplerRecord { class_components: components, ..record });
        }
    };
    type Corrupt = Box<dyn FnOnce(&mut Draft)>;
    let defects: [(Kind, &str, Corrupt); 7] = [
        (Kind::Cvae, "no component of class 1", Box::new(components(Some(vec![3, 0, 1])))),
        (Kind::Cvae, "mixtures of 2 classes, expected 3", Box::new(components(Some(vec![2, 2])))),
        (Kind::Cvae, "4 components, but its classes have others", Box::new(components(Some(vec![2, 2, 2])))),
        (Kind::Cvae, "[2, 1, 1] components, the manifest says [1, 1, 2]", Box::new(components(Some(vec![1, 1, 2])))),
        (Kind::Cvae, "it has a tensor `classes`", Box::new(components(None))),
        (
            Kind::Cvae,
            "it has no tensor `classes`",
            Box::new(|draft| draft.files[0].1 = of_classes().mixture().to_bytes().expect("valid shapes")),
        ),
        (Kind::Vae, "its decoder takes no class", Box::new(|_| {})),
    ];
    for (kind, expected, corrupt) in defects {
        let fixture = Fixture::modified(kind, |draft| {
            add_class_sampler(draft);
            corrupt(draft);
        });
        match Autoencoder::open(fixture.path()) {
            Err(Error::Bundle(error @ BundleError::Invalid { .. })) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            other => panic!("expected an invalid bundle ({expected}), got {other:?}"),
        }
    }
}
