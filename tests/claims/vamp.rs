//! A VampPrior: the exported mixture gives the likelihoods of training, raises the bound, and runs are resumed to the
//! same bytes.

use narrows_runtime::ScoreOptions;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Config, Fitted, Options,
    bundle::{Covariance, Kind, Likelihood, Prior},
    data::Dataset,
    options::LatentPrior,
};

fn options(kind: Kind, prior: LatentPrior, epochs: usize) -> Options {
    Options { latent: Some(6), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.output.likelihood = Some(Likelihood::Bernoulli);
        options.length.epochs = Some(epochs);
        options.schedule.learning_rate = Some(3e-3);
        options.prior.prior = Some(prior);
    })
}

fn vamp(kind: Kind, components: usize, data: &Dataset) -> Fitted {
    fitted(&options(kind, LatentPrior::Vamp { components }, 12), data)
}

#[test]
fn the_test_loss_equals_the_elbo_of_the_exported_bundle() {
    let data = digits();
    let test = data.test.as_ref().expect("digits have a test part");
    let rows = test.values.to_f32().expect("in memory").into_owned();
    let labels: Vec<i64> =
        test.labels.as_ref().expect("digits have labels").iter().map(|&label| i64::from(label)).collect();
    for kind in [Kind::Vae, Kind::Cvae] {
        let fitted = vamp(kind, 40, &data);
        let model = opened(&fitted, &data);
        assert_eq!(model.manifest().prior, Some(Prior::Mixture { components: 40 }));
        let mixture = model.prior().and_then(|prior| prior.mixture()).expect("a mixture");
        assert_eq!((mixture.components(), mixture.covariance()), (40, Covariance::Diagonal));
        let samples = narrows_runtime::Samples::from(&rows);
        let samples = if kind.is_conditional() { samples.labelled(&labels) } else { samples };
        let scores = model.score(samples, &ScoreOptions::default().importance_samples(64)).expect("rows that fit");
        let mean = |values: &Option<ndarray::Array1<f64>>| values.as_ref().and_then(|all| all.mean()).expect("scores");
        let loss = fitted.test.as_ref().expect("digits have a test part").loss;
        // The loss has one latent sample for each of 360 rows, with a standard error of some hundredths.
        assert!((mean(&scores.elbo) + loss).abs() < 0.2, "{kind}: {} against {loss}", mean(&scores.elbo));
        assert!(mean(&scores.log_likelihood) > mean(&scores.elbo), "{kind}");
        let kl = fitted.test.as_ref().expect("digits have a test part").parts["kl"];
        assert!((mean(&scores.kl) - kl).abs() < 0.2, "{kind}: {} against {kl}", mean(&scores.kl));
    }
}

#[test]
fn a_learned_prior_gives_a_better_bound_than_the_standard_normal() {
    let data = digits();
    // Pseudo-inputs need more steps than the weights of a VAE: early in a run, the fixed prior is ahead.
    let loss = |prior| fitted(&options(Kind::Vae, prior, 80), &data).train.loss;
    let (normal, vamp) = (loss(LatentPrior::Normal), loss(LatentPrior::Vamp { components: 100 }));
    assert!(vamp < normal - 0.3, "{vamp} with a VampPrior, {normal} without");
}

#[test]
fn options_without_a_meaning_for_a_learned_prior_are_refused_together() {
    let data = digits();
    let vae = options(Kind::Vae, LatentPrior::Vamp { components: 5000 }, 12).with(|options| {
        options.divergence.free_bits = Some(0.1);
        options.architecture.normalisation = Some(narrows_trainer::options::Normalisation::Batch);
    });
    let error = Config::check(&vae, &data).expect_err("three problems").to_string();
    for expected in ["--free-bits", "1437 training rows", "--normalisation layer or none"] {
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_same_seed_gives_the_same_pseudo_inputs() {
    let data = digits();
    let [one, other] = [(); 2].map(|()| vamp(Kind::Vae, 10, &data));
    assert_eq!(one.weights, other.weights);
    assert_eq!(one.weights["prior.pseudo_inputs"].shape(), [10, 64]);
}
