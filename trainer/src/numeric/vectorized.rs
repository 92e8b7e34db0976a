//! Loops compiled for the widest vectors that the processor has.
//!
//! The program is built for any processor of its family, which means vectors of four floats on most
//! machines. Here the same loop is compiled several times over, and the best one is taken at run time.
//! Nothing else changes: products and sums stay separate operations, so that the bits are the same on
//! every processor.

use std::sync::LazyLock;

use pulp::Arch;

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// What `work` returns. Only what is inlined into it is compiled for wide vectors: it should be a `for` loop
/// over slices (`for_each` is a call) whose body is `#[inline(always)]`, as it should be itself.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    ARCH.dispatch(work)
}
