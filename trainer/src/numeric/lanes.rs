//! Sums that run side by side, so that an addition need not wait for the one before it.

/// How many; part of what the last bits of a sum are, and no processor's vectors change it.
pub(crate) const LANES: usize = 16;

/// Adds `term` of every number to the sums, one after another.
#[inline(always)]
pub(crate) fn add_to_lanes(sums: &mut [f64; LANES], numbers: &[f32], term: impl Fn(f64) -> f64) {
    let (whole, rest) = numbers.as_chunks::<LANES>();
    for numbers in whole {
        for (sum, &number) in sums.iter_mut().zip(numbers) {
            *sum += term(f64::from(number));
        }
    }
    for (sum, &number) in sums.iter_mut().zip(rest) {
        *sum += term(f64::from(number));
    }
}
