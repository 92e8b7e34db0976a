//! The command line.

use clap::{Parser, Subcommand};

use crate::{
    bundle_options::BundleOptions,
    serve::{executor::ExecutorOptions, scheduler::SchedulerOptions, up::UpOptions},
    verbs::{
        apply::ApplyOptions, estimate::EstimateOptions, moments::MomentsOptions, sample::SampleOptions, sql::SqlOptions,
    },
};

/// Encodes, scores and classifies tables of any size with models of Narrows, on this machine or on a cluster.
///
/// The scheduler and the executors do not authenticate anyone: run them on a private network.
#[derive(Debug, Parser)]
#[command(name = "narrows-cluster", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) bundles: BundleOptions,
    /// Print what the engine does, to standard error.
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the scheduler of a cluster
    Scheduler(SchedulerOptions),
    /// Run an executor of a cluster
    Executor(ExecutorOptions),
    /// Run a scheduler and some executors on this machine, until Ctrl-C
    Up(UpOptions),
    /// Write the code of every row
    Encode(ApplyOptions),
    /// Write the reconstruction of every row
    Reconstruct(ApplyOptions),
    /// Write the errors of the reconstruction of every row
    Score(ApplyOptions),
    /// Write the anomaly score, the p-value and the label of every row
    Detect(ApplyOptions),
    /// Write the most probable class of every row
    Classify(ApplyOptions),
    /// Write the probability of each class for every row
    Probabilities(ApplyOptions),
    /// Write the predictions of a regressor for every row
    Predict(ApplyOptions),
    /// Compute count, mean, covariance and range of the features, for `narrows train --moments`
    Moments(MomentsOptions),
    /// Draw rows at random, as a training set
    Sample(SampleOptions),
    /// Run statements of SQL
    Sql(SqlOptions),
    /// Estimate the time of a job
    Estimate(EstimateOptions),
}
