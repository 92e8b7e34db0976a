//! A pass as a custom operation of Candle with its own backward computation.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::{backward::backward, forward::forward, state::Pass};

/// Runs the forward computation of a pass. The result supports backpropagation.
pub(super) fn apply(pass: Pass) -> Result<Tensor> {
    let input = pass.input.clone();
    let Some(anchor) = pass.steps.anchor().cloned() else { candle_core::bail!("the network has no parameters") };
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
        let Some((start, end)) = layout.contiguous_offsets() else {
            candle_core::bail!("a pass needs a contiguous input")
        };
        forward(self, &input.as_slice::<f32>()?[start..end])
    }

    /// Returns no gradient for the anchor: the tape computes it with those of all parameters.
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
