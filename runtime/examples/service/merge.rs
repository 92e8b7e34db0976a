//! Merging: the rows of several small requests are encoded in one run of the model.
//!
//! A row alone and in a batch can differ by rounding errors (`ENCODER_TOLERANCE`). An invalid row fails only its own
//! request. Requests to `/detect` are not merged: a label at the threshold would depend on the other requests.

use narrows_runtime::{
    Samples,
    ndarray::{Array2, s},
};

use crate::{
    compute::{Computer, Reply, codes_reply},
    job::{Job, Task},
    refusal::Refusal,
    request::Batch,
};

/// Maximum size of a request that is merged, in bytes.
const SMALL_BODY: usize = 64 << 10;

/// Maximum number of rows of a request that is merged.
const SMALL_BATCH: usize = 16;

/// Returns whether a request is taken together with others.
pub(crate) fn joins(taken: &[Job], next: &Job, max_jobs: usize) -> bool {
    let is_small = |job: &Job| job.task == Task::Encode && job.body.as_ref().len() <= SMALL_BODY;
    taken.len() < max_jobs && is_small(next) && taken.first().is_some_and(is_small)
}

/// Computes the responses of jobs, in one run of the model where possible, and sends them.
pub(crate) fn run(computer: &Computer, mut jobs: Vec<Job>) {
    jobs.retain(Job::start);
    let batches = jobs.iter().map(|job| computer.batch(job)).collect();
    let replies = replies(computer, &jobs, batches);
    for (job, reply) in jobs.into_iter().zip(replies) {
        job.finish(|| computer.respond(reply?));
    }
}

fn replies(computer: &Computer, jobs: &[Job], batches: Vec<Result<Batch<'_>, Refusal>>) -> Vec<Result<Reply, Refusal>> {
    let takes_labels = computer.models.autoencoder.takes_labels();
    // Labels are checked here, because a missing one would give a row the label of another client.
    let merges = |job: &Job, batch: &Batch<'_>| {
        let labels = batch.labels().map(<[i64]>::len);
        let complete = if takes_labels { labels == Some(batch.len()) } else { labels.is_none() };
        job.task == Task::Encode && batch.len() <= SMALL_BATCH && complete
    };
    let chosen: Vec<&Batch<'_>> = jobs
        .iter()
        .zip(&batches)
        .filter_map(|(job, batch)| batch.as_ref().ok().filter(|batch| merges(job, batch)))
        .collect();
    let codes = if chosen.len() > 1 { encode(computer, &chosen) } else { None };
    let mut row = 0;
    let replies = jobs.iter().zip(batches).map(|(job, batch)| {
        let batch = batch?;
        match &codes {
            Some(codes) if merges(job, &batch) => {
                let first = row;
                row += batch.len();
                codes_reply(codes.slice(s![first..row, ..]), &job.head)
            }
            _ => computer.alone(job, &batch),
        }
    });
    replies.collect()
}

/// Encodes all rows of several batches. Returns nothing if that fails: then one of them is invalid, and each has to be
/// computed alone.
fn encode(computer: &Computer, batches: &[&Batch<'_>]) -> Option<Array2<f32>> {
    let model = &computer.models.autoencoder;
    let width: usize = model.sample_shape().iter().product();
    let values: Vec<f32> = batches.iter().flat_map(|batch| batch.values()).collect();
    let labels: Vec<i64> = batches.iter().flat_map(|batch| batch.labels().unwrap_or_default()).copied().collect();
    let rows = Array2::from_shape_vec((values.len() / width, width), values).ok()?;
    let samples = Samples::from(&rows);
    let codes = model.encode(if model.takes_labels() { samples.labelled(&labels) } else { samples }).ok()?;
    computer.count_run(Task::Encode, rows.nrows());
    Some(codes)
}
