//! A VAE whose decoder ignores the code is not handed over without a word.

use narrows_runtime::Autoencoder;
use narrows_tests::{digits, fitted, opened};
use narrows_trainer::{Fitted, Options, bundle::Kind, data::Dataset};

use crate::pixels::{from_data_unit, mean_variance};

fn trained(kind: Kind, beta: Option<f64>, data: &Dataset) -> Fitted {
    let options = Options::new(kind).with(|options| {
        options.architecture.hidden = Some(vec![64]);
        options.length.epochs = Some(15);
        options.schedule.learning_rate = Some(3e-3);
        options.divergence.beta = beta;
    });
    fitted(&options, data)
}

/// The variance of 200 generated samples.
fn variety(model: &Autoencoder) -> f64 {
    let class = |model: &Autoencoder| model.generate_class(0, 200, 0);
    let drawn = if model.takes_labels() { class(model) } else { model.generate(200, 0) };
    mean_variance(&from_data_unit(&drawn.expect("a seed and a class")))
}

#[test]
fn a_collapsed_posterior_is_told_with_what_helps() {
    let data = digits();
    for kind in [Kind::Vae, Kind::Cvae] {
        let collapsed = trained(kind, Some(50.0), &data);
        let remarks = collapsed.remarks().join("\n");
        for told in ["collapsed", "0 of 8", "--kl-warmup", "--free-bits", "--beta"] {
            assert!(remarks.contains(told), "{kind}: {remarks}");
        }
        // And it is as it was told: all samples look alike.
        let variety = variety(&opened(&collapsed, &data));
        assert!(variety < 1e-3, "{kind}: {variety}");
    }
}

#[test]
fn a_healthy_one_and_a_kind_without_posterior_are_not() {
    let data = digits();
    for (kind, beta) in [(Kind::Vae, Some(0.3)), (Kind::Cvae, Some(0.15)), (Kind::Ae, None), (Kind::Dae, None)] {
        let healthy = trained(kind, beta, &data);
        assert_eq!(healthy.remarks(), Vec::<String>::new(), "{kind}");
        if kind.is_variational() {
            let variety = variety(&opened(&healthy, &data));
            assert!(variety > 1e-2, "{kind}: {variety}");
        }
    }
}
