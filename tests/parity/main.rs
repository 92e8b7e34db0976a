//! What Candle trained is what every engine runs: each primitive, each kind, and the proof itself.

mod activations;
mod alone;
mod engines;
mod faults;
mod folding;
mod kinds;
mod ports;
mod primitives;
mod seeds;
mod tables;
mod zoo;

use narrows_bundle::Kind;
use narrows_trainer::Options;

/// Options of a model that is fitted in a moment and is good for nothing but its arithmetic.
fn brief(kind: Kind) -> Options {
    let options = Options { latent: Some(4), ..Options::new(kind) };
    match kind {
        Kind::Pca => options,
        Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae | Kind::Cvae => options.with(|options| {
            options.architecture.hidden = Some(vec![24]);
            options.length.epochs = Some(2);
        }),
    }
}
