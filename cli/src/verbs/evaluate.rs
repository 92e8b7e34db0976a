//! `narrows evaluate`: figures of a model over the rows of a data set.

// Without the feature `train`, no classifier is fitted, and what it would need or return is unused.
#![cfg_attr(not(feature = "train"), allow(dead_code))]

mod arguments;
mod classes;
mod judged;
mod lines;
mod passes;
mod report;
mod sampled;
mod synthetic;
mod table_cells;

use anyhow::bail;
use narrows_evaluate::Evaluator;
use narrows_runtime::ScoreOptions;

pub(crate) use self::arguments::Evaluate;
use self::{
    passes::{Evaluated, evaluate_rows, read_training_rows},
    report::Report,
};
use crate::{
    input::{InputStream, Part},
    notes::print_json,
    report::print,
};

pub(crate) fn run(arguments: &Evaluate) -> anyhow::Result<()> {
    let model = arguments.model.open()?;
    if arguments.importance_samples > 0 && !model.kind().is_variational() {
        bail!(
            "--importance-samples needs a distribution over codes, which only a vae and a cvae have; leave it out for \
             this {}",
            model.kind()
        );
    }
    let binarizer = arguments.binarize.of(model.manifest(), arguments.seed)?;
    let reference = arguments.reference(&model)?;
    let rows = match arguments.part {
        Some(part) => InputStream::of(&arguments.data, part, &model)?,
        None => InputStream::test_or_all(&arguments.data, &model)?,
    };
    let part = rows.part();
    let options = ScoreOptions::default().importance_samples(arguments.importance_samples).seed(arguments.seed);
    let mut evaluator = Evaluator::new(&model, options);
    let mut evaluated = evaluate_rows(arguments, &model, &binarizer, rows, &mut evaluator)?;
    let training = match part {
        Part::Test => {
            let rows = InputStream::of(&arguments.data, Part::Train, &model)?;
            Some(read_training_rows(arguments, &model, &binarizer, rows, &mut evaluated.classes)?)
        }
        Part::All | Part::Train => None,
    };
    let judged = judged::judge(arguments, &model, &evaluator, &evaluated, training.as_ref())?;
    let sampled = sampled::compare(arguments, &model, reference.as_ref(), &evaluated, training.as_ref())?;
    let Evaluated { rows, .. } = &evaluated;
    let report = Report {
        arguments,
        model: &model,
        rows,
        part,
        binarize: binarizer.how(),
        figures: evaluator.figures(),
        columns: evaluated.columns.as_deref(),
        judged,
        sampled,
    };
    if arguments.json { print_json(report.json()) } else { print(report.text()) }
}
