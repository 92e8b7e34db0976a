//! Codes for the verbs that walk through the latent space, and the samples decoded from them.

mod column;
mod decoded;
mod frame_rate;
mod numbers;
mod sampled_rows;
mod size;
mod spread;
mod strongest;

pub(crate) use self::{
    column::{Column, Values},
    decoded::{DecodedOutput, Label},
    frame_rate::FrameRate,
    numbers::{above_0, at_least_0, steps_of_path},
    sampled_rows::{EncodedRow, encode_rows},
    size::GridSize,
    spread::{SpreadSource, spread},
    strongest::strongest_dimensions,
};
