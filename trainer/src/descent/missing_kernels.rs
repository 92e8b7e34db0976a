//! What is told before the first step of a run.

use std::{cell::Cell, ops::ControlFlow};

use narrows_bundle::{Kind, Scaling};
use narrows_data::LoadOptions;

use super::{Plan, State, TrainingLoop};
use crate::{
    Config, Kernels, Method, Options, TrainError,
    binarize::Binarize,
    core_graphs::CoreGraphs,
    event::Event,
    network::{Graph, Softmax},
    part_name::PartName,
    samples::BatchSource,
};

/// The encoder with a softmax, which has no kernel, behind its code.
fn with_softmax(encoder: &Graph) -> Graph {
    let mut graph = Graph::new();
    let inputs: Vec<_> =
        encoder.inputs().iter().map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect();
    let z = graph.splice(encoder, &inputs).expect("the same shapes");
    let mixed = graph.node("encoder.mixture", Softmax, &z).expect("one row of numbers");
    graph.output("z", mixed);
    graph
}

/// The sentences that one epoch tells of layers without kernels, and when; the observer breaks off there if it is to.
fn told(kernels: Kernels, answer: ControlFlow<()>) -> (Vec<(usize, String)>, Result<(), TrainError>) {
    let data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
    let options = Options::new(Kind::Ae).with(|options| {
        options.architecture.hidden = Some(vec![5]);
        options.length.epochs = Some(1);
        options.kernels.kernels = Some(kernels);
    });
    let config = Config::check(&options, &data).expect("options that fit");
    let Method::Descent(descent) = &config.method else { panic!("an ae is trained") };
    let core = CoreGraphs::new(&config, &data).expect("valid widths");
    let core = CoreGraphs { encoder: with_softmax(&core.encoder), ..core };
    let plan = Plan::new(&config, descent, &core, 100).expect("mirrored halves");
    let scaling = Scaling { offset: vec![0.0], scale: vec![1.0] };
    let source = BatchSource { part: &data.train, name: PartName::Train, scaling: &scaling, binarize: Binarize::None };
    let rows: Vec<usize> = (0..100).collect();
    let spare = Cell::default();
    let training_loop = TrainingLoop { plan: &plan, source, train: &rows, valid_source: source, valid: &[], spare };
    let mut state = State::fresh(&plan).expect("small");
    let (mut count, mut told) = (0, Vec::new());
    let outcome = training_loop.run(&mut state, &mut Vec::new(), None, &mut |event| {
        count += 1;
        match event {
            Event::WithoutKernel(nodes) => {
                let name =
                    |node: &&crate::network::Node| format!("{} ({})", node.name, node.primitive.operation().describe());
                told.push((count, nodes.iter().map(name).collect::<Vec<_>>().join(", ")));
                answer
            }
            _ => ControlFlow::Continue(()),
        }
    });
    (told, outcome)
}

#[test]
fn a_layer_without_a_kernel_is_told_once_before_the_first_step_of_a_fused_run() {
    let (sentences, outcome) = told(Kernels::Fused, ControlFlow::Continue(()));
    assert_eq!(sentences, [(1, "encoder.mixture (softmax)".to_owned())]);
    outcome.expect("the run goes on");
    let (sentences, outcome) = told(Kernels::Composed, ControlFlow::Continue(()));
    assert!(sentences.is_empty(), "{sentences:?}");
    outcome.expect("a run");
}

#[test]
fn an_observer_may_break_off_a_run_that_would_be_slow() {
    let (sentences, outcome) = told(Kernels::Fused, ControlFlow::Break(()));
    assert_eq!(sentences.len(), 1);
    assert!(matches!(outcome, Err(TrainError::Interrupted { step: 0, .. })), "{outcome:?}");
}
