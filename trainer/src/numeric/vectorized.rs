//! Loops that use the widest vector instructions of the processor.
//!
//! The program is compiled for every processor of its architecture, which means vectors of four floats on most
//! machines. Here the same loop is compiled several times, for different vector widths, and the best version is
//! selected at run time. Products and sums stay separate operations (no fused multiply-add), so the bits are the
//! same on every processor.

use std::sync::LazyLock;

use pulp::Arch;

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs `work` with wide vector instructions and returns its result. Only code that is inlined into `work` is
/// compiled for wide vectors. So `work` must be `#[inline(always)]` and contain a `for` loop over slices
/// (`for_each` is a function call) whose body is `#[inline(always)]`, too.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    ARCH.dispatch(work)
}
