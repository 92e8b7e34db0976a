//! Tests the report of layers without a fused kernel, which precedes the first step of a run.

use std::{cell::Cell, ops::ControlFlow};

use narrows_bundle::{Kind, Scaling};
use narrows_data::{LoadOptions, PartName};

use super::{Plan, State, TrainingLoop};
use crate::{
    Config, Kernels, Method, Options, TrainError,
    binarize::Binarize,
    core_graphs::CoreGraphs,
    event::Event,
    network::{Graph, Softmax},
    samples::BatchSource,
    store::Store,
};

/// Appends a softmax, which has no fused kernel, to the encoder.
fn with_softmax(encoder: &Graph) -> Graph {
    let mut graph = Graph::new();
    let inputs: Vec<_> =
        encoder.inputs().iter().map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect();
    let z = graph.splice(encoder, &inputs).expect("matching shapes");
    let mixed = graph.node("encoder.mixture", Softmax, &z).expect("a one-dimensional value");
    graph.output("z", mixed);
    graph
}

/// Trains for one epoch and returns the reports of layers without kernels, each with its event number, and the outcome.
/// The callback returns `control` for these reports.
fn train(kernels: Kernels, control: ControlFlow<()>) -> (Vec<(usize, String)>, Result<(), TrainError>) {
    let data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
    let options = Options::new(Kind::Ae).with(|options| {
        options.architecture.hidden = Some(vec![5]);
        options.length.epochs = Some(1);
        options.kernels.kernels = Some(kernels);
    });
    let config = Config::check(&options, &data).expect("valid options");
    let Method::Descent(descent) = &config.method else { panic!("an ae is trained by gradient descent") };
    let core = CoreGraphs::new(&config, &data).expect("valid widths");
    let core = CoreGraphs { encoder: with_softmax(&core.encoder), ..core };
    let plan = Plan::new(&config, descent, &core, 100).expect("the decoder mirrors the encoder");
    let scaling = Scaling { offset: vec![0.0], scale: vec![1.0] };
    let source = BatchSource {
        part: &data.train,
        name: PartName::Train,
        scaling: &scaling,
        augmentation: None,
        binarize: Binarize::None,
        store: &Store::Host,
    };
    let rows: Vec<usize> = (0..100).collect();
    let spare = Cell::default();
    let training_loop =
        TrainingLoop { plan: &plan, source, train: &rows, valid_source: source, valid: &[], spare, device: None };
    let mut state = State::fresh(&plan).expect("a small network");
    let (mut count, mut reports) = (0, Vec::new());
    let outcome = training_loop.run(&mut state, &mut Vec::new(), None, &mut |event| {
        count += 1;
        match event {
            Event::WithoutKernel(layers) => {
                reports.push((count, layers.join(", ")));
                control
            }
            _ => ControlFlow::Continue(()),
        }
    });
    (reports, outcome)
}

#[test]
fn layer_without_a_kernel_is_reported_once_before_the_first_step_of_a_fused_run() {
    let (reports, outcome) = train(Kernels::Fused, ControlFlow::Continue(()));
    assert_eq!(reports, [(1, "`encoder.mixture` (softmax)".to_owned())]);
    outcome.expect("the run continues");
    let (reports, outcome) = train(Kernels::Composed, ControlFlow::Continue(()));
    assert!(reports.is_empty(), "{reports:?}");
    outcome.expect("a complete run");
}

#[test]
fn callback_can_stop_a_run_that_would_be_slow() {
    let (reports, outcome) = train(Kernels::Fused, ControlFlow::Break(()));
    assert_eq!(reports.len(), 1);
    assert!(matches!(outcome, Err(TrainError::Interrupted { step: 0, .. })), "{outcome:?}");
}
