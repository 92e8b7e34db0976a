//! Example values and reference functions for tests.

/// Returns pseudo-random values in (-1, 1), determined by the seed.
pub(crate) fn noise(count: usize, seed: u32) -> Vec<f32> {
    (0..count).map(|index| (index as f32 * 12.9898 + seed as f32 * 78.233).sin()).collect()
}

/// Runs the same work on one thread and on three threads, and returns both results.
pub(crate) fn on_one_and_three_threads<R: Send>(work: impl Fn() -> R + Sync) -> (R, R) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("three threads can be started");
        pool.install(&work)
    };
    (on(1), on(3))
}

/// The cumulative normal distribution function in 64 bits: the power series near zero, the continued fraction elsewhere
/// (Abramowitz and Stegun 1964, 26.2.11 and 26.2.14).
pub(crate) fn normal_distribution(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let magnitude = x.abs();
    let tail = if magnitude > 3.0 {
        density / (1..200).rev().fold(magnitude, |below, k| magnitude + f64::from(k) / below)
    } else {
        let terms = (1..100).scan(magnitude, |term, k| {
            *term *= magnitude * magnitude / f64::from(2 * k + 1);
            Some(*term)
        });
        0.5 - density * (magnitude + terms.sum::<f64>())
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}
