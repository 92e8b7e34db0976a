use super::*;
use crate::network::{Activation, Convolutions, Normalisation, SampleMap, builder::Builder};

const STEPS: Steps = Steps { batch_size: 128, clip_norm: None, average: None };

fn graphs(convolutions: Option<Convolutions>, features: usize, hidden: Vec<usize>) -> [Graph; 2] {
    let builder = Builder {
        convolutions,
        features,
        hidden,
        latent_dim: 20,
        normalisation: Normalisation::None,
        activation: Activation::Relu,
        latent_activation: Activation::Identity,
        classes: None,
    };
    [builder.variational_encoder().expect("valid widths"), builder.decoder().expect("valid widths")]
}

fn training(graphs: &[Graph; 2], features: usize, batch_size: usize, check: impl FnOnce(Training<'_>)) {
    let trained = graphs.each_ref().map(|graph| TrainedGraph { graph, evaluations: 1 });
    check(Training {
        graphs: trained.to_vec(),
        features,
        pseudo_inputs: 0,
        rows: 60_000,
        steps: Steps { batch_size, ..STEPS },
        rule: Rule::Sgd { momentum: 0.9, nesterov: false },
        kernels: Kernels::Fused,
    });
}

#[test]
fn a_step_needs_every_result_twice_and_parameters_need_gradients_state_and_a_checkpoint() {
    let mlp = graphs(None, 10, vec![5]);
    training(&mlp, 10, 100, |training| {
        // encoder: 5, relu 5, mu 20, log_var 20, clamp 20; decoder: 5, relu 5, logits 10.
        let values = 90;
        let parameters = (10 * 5 + 5) + 2 * (5 * 20 + 20) + (20 * 5 + 5) + (5 * 10 + 10);
        let Estimate { parameters: of_parameters, step, evaluation } = training.estimate();
        assert_eq!(step, 4 * 100 * (2 * values + 3 * 10));
        assert_eq!(evaluation, 4 * 1000 * (values + 3 * 10));
        assert_eq!(of_parameters, 4 * 6 * parameters);
        let few = Training { rows: 7, ..training.clone() };
        assert_eq!(few.estimate().step, 4 * 7 * (2 * values + 3 * 10));
    });
}

#[test]
fn a_step_that_does_not_fit_is_refused_with_the_largest_layer_and_what_to_do() {
    let sample = SampleMap::of_image(&[128, 128, 3]).expect("an image");
    let conv = graphs(Some(Convolutions::new(sample, &[32, 64], 3, 2)), 128 * 128 * 3, vec![]);
    training(&conv, 128 * 128 * 3, 256, |training| {
        let needed = training.estimate().total();
        assert!(training.check(None).is_ok() && training.check(Some(needed)).is_ok());
        let message = training.check(Some(1_500_000_000)).expect_err("too little memory").to_string();
        assert_eq!(
            message,
            "training with batches of 256 rows needs about 2.5 GB, and 1.5 GB of memory are available; the largest layer \
             is `encoder.conv0` of shape [32, 64, 64]; use a smaller --batch-size, a larger --stride or fewer --filters"
        );
    });
    let mlp = graphs(None, 10_000, vec![20_000]);
    training(&mlp, 10_000, 8, |training| {
        let message = training.check(Some(1_000_000_000)).expect_err("too little memory").to_string();
        assert!(message.ends_with("use narrower --hidden layers"), "{message}");
    });
}

#[test]
fn principal_components_of_large_pictures_are_refused_before_their_matrix_is_allocated() {
    let features = 128 * 128 * 3;
    assert!(check_solution(60_000, features, None).is_ok() && check_solution(60_000, 784, Some(1 << 30)).is_ok());
    let message = check_solution(60_000, features, Some(16_000_000_000)).expect_err("three large matrices").to_string();
    assert_eq!(
        message,
        "finding the principal components of 60000 rows of 49152 features needs about 62.8 GB, and 16.0 GB of memory are \
         available; use fewer features or fewer rows, or train another kind, such as ae"
    );
    // The Gram matrix of few rows is small.
    assert!(check_solution(100, features, Some(1 << 30)).is_ok());
}

#[test]
fn neighbours_of_many_codes_are_refused_before_they_are_copied() {
    let check = |available| check_neighbours((50_000_000, 1000, 64), 64, available);
    assert!(check(None).is_ok() && check(Some(1 << 40)).is_ok());
    let message = check(Some(16_000_000_000)).expect_err("three copies of the codes").to_string();
    assert!(message.starts_with("finding the nearest of 50000000 codes for each of 1000 needs about "), "{message}");
    assert!(message.ends_with("16.0 GB of memory are available; use fewer rows, or --neighbours 0 in a transfer"));
}
