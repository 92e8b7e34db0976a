//! Transfer learning: uses an encoder that was trained without labels for a task with few labels.
//!
//! The encoder is frozen. The caller runs the exported encoder graph to encode the samples ([`Codes`]), and [`fit`]
//! trains a small head on the codes. With `--fine-tune` the encoder and the head are then trained together, starting
//! from the weights of the bundle. If the layers were pretrained one by one, the result is a stacked denoising
//! autoencoder with fine-tuning (Vincent et al. 2010). [`label_efficiency`] measures whether the codes help at all.

mod check;
mod codes;
mod config;
mod efficiency;
mod encoder;
mod epoch;
mod event;
mod export;
mod fit;
mod head;
mod head_checkpoint;
mod head_state;
mod identity;
mod lbfgs;
mod linear;
mod metrics;
mod mlp_head;
mod neighbours;
mod objective;
mod options;
mod outputs;
mod parts;
mod pretrained;
mod probe;
mod run;
mod solve;
mod stop;
mod targets;
#[cfg(test)]
mod tests;
mod train_head;
mod transferred;
mod tune;

pub use codes::Codes;
pub use config::{Budget, Config, Start};
pub(crate) use config::{ClassWeights, Tuning};
pub use efficiency::{Efficiency, Repetitions, Row, label_efficiency};
#[cfg(test)]
pub(crate) use encoder::{encoder_of, encoder_weights};
pub use epoch::Epoch;
pub use event::Event;
pub use export::{Export, Origin};
pub use fit::fit;
pub use head::Head;
pub use identity::Identity;
pub use metrics::Metrics;
pub use options::{BudgetOptions, HeadOptions, Options, TuningLengthOptions, TuningOptions};
pub use pretrained::Pretrained;
pub use probe::{LabelledSet, Probe, SampleClassifier, linear_probe, probe};
pub use run::Run;
pub use stop::Stop;
pub(crate) use targets::Targets;
pub use targets::Task;
pub use transferred::Transferred;
