//! Posterior collapse: a VAE whose decoder ignores the code is reported.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{
    Fitted, Options,
    bundle::{Kind, Likelihood},
    data::Dataset,
    options::ExportSampler,
};

use crate::pixels::{from_data_unit, mean_variance};

fn trained(kind: Kind, beta: Option<f64>, data: &Dataset) -> Fitted {
    let options = Options::new(kind).with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.output.likelihood = Some(Likelihood::Bernoulli);
        // Samples are those of the prior, which a collapse spoils.
        options.sampler.sampler = Some(ExportSampler::None);
        options.length.epochs = Some(15);
        options.schedule.learning_rate = Some(3e-3);
        options.divergence.beta = beta;
    });
    fitted(&options, data)
}

/// Returns the variance of 200 generated samples.
fn sample_variance(model: &Autoencoder) -> f64 {
    let class = |model: &Autoencoder| model.generate_class(0, 200, 0);
    let samples = if model.takes_labels() { class(model) } else { model.generate(200, 0) };
    mean_variance(&from_data_unit(&samples.expect("a valid class")))
}

#[test]
fn a_collapsed_posterior_is_reported_with_remedies() {
    let data = digits();
    for kind in [Kind::Vae, Kind::Cvae] {
        let collapsed = trained(kind, Some(50.0), &data);
        let remarks = collapsed.remarks().join("\n");
        for expected in ["collapsed", "0 of 8", "--kl-warmup", "--free-bits", "--beta"] {
            assert!(remarks.contains(expected), "{kind}: {remarks}");
        }
        // The report is true: all samples are nearly the same.
        let variance = sample_variance(&opened(&collapsed, &data));
        assert!(variance < 1e-3, "{kind}: {variance}");
    }
}

#[test]
fn a_healthy_posterior_and_kinds_without_a_posterior_are_not_reported() {
    let data = digits();
    for (kind, beta) in [(Kind::Vae, Some(0.3)), (Kind::Cvae, Some(0.15)), (Kind::Ae, None), (Kind::Dae, None)] {
        let healthy = trained(kind, beta, &data);
        assert_eq!(healthy.remarks(), Vec::<String>::new(), "{kind}");
        if kind.is_variational() {
            let variance = sample_variance(&opened(&healthy, &data));
            assert!(variance > 1e-2, "{kind}: {variance}");
        }
    }
}
