//! Numbers for the tests of what walks over them.

/// Numbers without a pattern in (-1, 1), the same for the same seed.
pub(crate) fn noise(count: usize, seed: u32) -> Vec<f32> {
    (0..count).map(|index| (index as f32 * 12.9898 + seed as f32 * 78.233).sin()).collect()
}

/// The same work on one thread and on three.
pub(crate) fn on_one_and_three_threads<R: Send>(work: impl Fn() -> R + Sync) -> (R, R) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
        pool.install(&work)
    };
    (on(1), on(3))
}

/// The normal distribution function in 64 bits: by its series near zero, by its continued fraction far out
/// (Abramowitz and Stegun 1964, 26.2.11 and 26.2.14).
pub(crate) fn normal_distribution(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let size = x.abs();
    let tail = if size > 3.0 {
        density / (1..200).rev().fold(size, |below, k| size + f64::from(k) / below)
    } else {
        let terms = (1..100).scan(size, |term, k| {
            *term *= size * size / f64::from(2 * k + 1);
            Some(*term)
        });
        0.5 - density * (size + terms.sum::<f64>())
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}
