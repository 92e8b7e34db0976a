//! The pass as Candle sees it: an operation with its own backward.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::{backward::backward, forward::forward, state::Pass};

/// Runs a pass; the result carries the way back.
pub(super) fn apply(pass: Pass) -> Result<Tensor> {
    let input = pass.input.clone();
    let Some(anchor) = pass.steps.anchor().cloned() else { candle_core::bail!("a network without parameters") };
    input.apply_op2(&anchor, pass)
}

impl CustomOp2 for Pass {
    fn name(&self) -> &'static str {
        "pass"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        layout: &Layout,
        _anchor: &CpuStorage,
        _anchor_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else { candle_core::bail!("a pass takes whole rows") };
        forward(self, &input.as_slice::<f32>()?[start..end])
    }

    /// The anchor's own gradient waits on the tape with those of all parameters.
    fn bwd(
        &self,
        input: &Tensor,
        _anchor: &Tensor,
        _result: &Tensor,
        incoming: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((backward(self, incoming, input.track_op())?, None))
    }
}
