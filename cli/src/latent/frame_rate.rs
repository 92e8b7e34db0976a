//! The speed of an animation.

use clap::Args;

/// The speed of an animation.
#[derive(Debug, Args)]
pub(crate) struct FrameRate {
    /// Frames per second of a .gif file, at most 50
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=50),
        allow_negative_numbers = true
    )]
    pub(crate) fps: u16,
}
