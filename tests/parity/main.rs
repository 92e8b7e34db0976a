//! Parity of exported graphs with Candle in every engine: each primitive, each kind, and the parity check itself.

mod activations;
mod convolutions;
mod detectors;
mod engines;
mod faults;
mod folding;
mod kinds;
mod mixed_tables;
mod ports;
mod primitives;
mod seeds;
mod small_network;
mod tables;
mod zoo;

use narrows_bundle::Kind;
use narrows_trainer::Options;

/// Options of a small model that trains for two epochs. It is too poor to use, but its arithmetic can be compared.
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
