//! Scratch buffers, which a thread keeps from call to call.

use std::cell::RefCell;

thread_local!(pub(super) static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default()));

/// The buffers of a call.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The weight, or its gradient, in the order of the patches, and the transpose.
    pub(super) weights: [Vec<f32>; 2],
    pub(super) chunk: ChunkBuffers,
}

/// The buffers of a chunk.
#[derive(Debug, Default)]
pub(super) struct ChunkBuffers {
    pub(super) patches: Vec<f32>,
    /// The values of the positions, if they are not contiguous.
    pub(super) positions: Vec<f32>,
}

/// Returns the first `count` values of a buffer, which grows if it is shorter. The values are unspecified.
pub(super) fn sized(buffer: &mut Vec<f32>, count: usize) -> &mut [f32] {
    if buffer.len() < count {
        buffer.resize(count, 0.0);
    }
    &mut buffer[..count]
}
