//! Sums in several independent lanes, so that an addition does not wait for the previous one.

/// Number of lanes. It determines the last bits of a sum, so it does not depend on the vector width of the processor.
pub(crate) const LANES: usize = 16;

/// Adds `term` of every value to the sums, cycling through the lanes.
#[inline(always)]
pub(crate) fn add_to_lanes(sums: &mut [f64; LANES], values: &[f32], term: impl Fn(f64) -> f64) {
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += term(f64::from(value));
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += term(f64::from(value));
    }
}
