//! Transfer learning: what an encoder learned without labels, used where labels are few.
//!
//! The encoder stays as it is, frozen: whoever runs the exported graph makes codes of the samples ([`Codes`]), and a
//! small head is fitted on them ([`fit`]). With [`Tuning`] the encoder then goes on learning under the head that has
//! settled, from the weights that it was trained to: with layers that were pretrained one by one, that is the stacked
//! denoising autoencoder of Vincent et al. (2010). [`label_efficiency`] asks whether codes help at all.

mod check;
mod codes;
mod config;
mod deep;
mod efficiency;
mod encoder;
mod event;
mod export;
mod figures;
mod fit;
mod head;
mod lbfgs;
mod linear;
mod neighbours;
mod objective;
mod options;
mod outputs;
mod parts;
mod solve;
mod stop;
mod targets;
#[cfg(test)]
mod tests;
mod train_head;
mod transferred;
mod tune;

pub use codes::Codes;
pub use config::{Budget, ClassWeights, Config, Descent, Start, Tuning};
pub use efficiency::{Draws, Efficiency, Row, label_efficiency};
pub use event::Event;
pub use export::{Export, Origin};
pub use figures::Answers;
pub use fit::fit;
pub use head::Head;
pub use options::Options;
pub use stop::Stop;
pub use targets::{Targets, Task};
pub use train_head::Epoch;
pub use transferred::Transferred;
