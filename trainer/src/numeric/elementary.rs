//! Elementary functions of 32-bit floats without branches and function calls, so that the compiler vectorises loops
//! over them.
//!
//! Each function reduces its argument to a range near zero by an identity and evaluates a polynomial there. The
//! polynomials are minimax approximations: the exchange algorithm (Remez 1934), computed with 50 digits, minimises the
//! relative error of the function, with the leading coefficients fixed at their exact values. Every operation is
//! rounded separately, so the results have the bits of IEEE 754 on any processor. NaN is propagated.

/// Below this range `exp(x)` rounds to zero; above it, `exp(x)` is infinite.
const EXP_RANGE: (f32, f32) = (-105.0, 89.0);

/// Adding this constant to a number below 2^22 rounds the number to an integer.
const ROUNDING: f32 = 12_582_912.0;

/// `ln 2` as the sum of two numbers. The product of the first with an 8-bit integer is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `exp(x)`, within 1 ulp; for denormal results, within half of the smallest denormal number.
///
/// `x = n ln 2 + r`, where `n ln 2` is subtracted in two steps (Cody and Waite 1980, chapter 6). `exp(r)` is a
/// polynomial of degree 6 with a relative error of 3e-9. `2^n` is built from its exponent bits, in two factors, so that
/// the result may be denormal.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (low, high) = EXP_RANGE;
    // Comparisons instead of `min` and `max`, which would drop a NaN.
    let x = if x < low { low } else { x };
    let x = if x > high { high } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUNDING;
    let n = rounded - ROUNDING;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let q = 0.001_381_459_9;
    let q = q * r + 0.008_368_717;
    let q = q * r + 0.041_668_39;
    let q = q * r + 0.166_665_2;
    let q = q * r + 0.499_999_93;
    let power = (q * r) * r + r + 1.0;
    let n = (rounded.to_bits() as i32).wrapping_sub(ROUNDING.to_bits() as i32);
    let half = n >> 1;
    power * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `2^n` for `n` in `-126..=127`.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `1 / (1 + exp(-x))`, within 2.5 ulp.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    sigmoid_and_softplus(x).0
}

/// `1 / (1 + exp(-x))` and `ln(1 + exp(-|x|))`, within 2.5 and 2 ulp. Both use the same exponential.
///
/// `ln(1 + u)` for `u` in `[0, 1]` is `u` times a polynomial of degree 9, with a relative error of 5e-9.
#[inline(always)]
pub(crate) fn sigmoid_and_softplus(x: f32) -> (f32, f32) {
    let u = exp(-x.abs());
    let positive = 1.0 / (1.0 + u);
    let sigmoid = if x < 0.0 { u * positive } else { positive };
    let p = -0.003_318_474_6;
    let p = p * u + 0.020_204_594;
    let p = p * u - 0.057_664_46;
    let p = p * u + 0.106_805_57;
    let p = p * u - 0.153_553_97;
    let p = p * u + 0.196_954;
    let p = p * u - 0.249_585_88;
    let p = p * u + 0.333_305_12;
    let p = p * u - 0.499_999_33;
    (sigmoid, (p * u) * u + u)
}

/// The hyperbolic tangent, within 1.5 ulp. Near zero it is an odd polynomial of degree 11 with a relative error of
/// 4e-9, elsewhere `1 - 2 / (exp(2 |x|) + 1)`.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    let square = x * x;
    let p = -0.005_704_987;
    let p = p * square + 0.020_639_087;
    let p = p * square - 0.053_739_715;
    let p = p * square + 0.133_314_42;
    let p = p * square - 0.333_332_8;
    let near = (p * square) * x + x;
    let far = (1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0)).copysign(x);
    if magnitude < 0.625 { near } else { far }
}

/// The cumulative normal distribution function `Phi(x)` and `exp(-x^2 / 2)`, both within 3e-7.
///
/// `Phi(-a) = exp(-a^2 / 2) g(a)` for `a >= 0`, and `g` is `t` times a polynomial in `t = 1 / (1 + 0.35 a)`
/// (the form of Hastings 1955, sheet 43) of degree 8, with a relative error
/// of 3e-8.
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.35 * x.abs());
    let g = -0.029_145_918;
    let g = g * t + 0.143_971_64;
    let g = g * t - 0.255_714_13;
    let g = g * t + 0.159_174_02;
    let g = g * t - 0.023_109_741;
    let g = g * t + 0.105_507_96;
    let g = g * t + 0.119_832_88;
    let g = g * t + 0.139_861_87;
    let g = g * t + 0.139_621_4;
    let tail = g * t * bell;
    (if x > 0.0 { 1.0 - tail } else { tail }, bell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::example::normal_distribution;

    /// Every 4099th float of both signs: zero, denormal and normal numbers, and infinity.
    fn sampled_floats() -> Vec<f32> {
        let positive = (0..=f32::INFINITY.to_bits()).step_by(4_099).map(f32::from_bits);
        positive.chain([f32::INFINITY]).flat_map(|x| [x, -x]).collect()
    }

    /// The largest error in units in the last place (ulp) of the exact result, and the argument at which it occurs. For
    /// denormal results the ulp of the smallest normal number is used.
    fn largest_ulp_error(function: fn(f32) -> f32, exact: fn(f64) -> f64) -> (f64, f32) {
        let error = |x: f32| {
            let (actual, exact) = (function(x), exact(f64::from(x)));
            if f64::from(actual) == exact || (exact > f64::from(f32::MAX) && actual == f32::INFINITY) {
                return (0.0, x);
            }
            let exponent = exact.abs().log2().floor().clamp(-126.0, 127.0) as i32;
            ((f64::from(actual) - exact).abs() / 2f64.powi(exponent - 23), x)
        };
        let errors = sampled_floats().into_iter().map(error);
        errors.fold((0.0, 0.0), |largest, error| if error.0 > largest.0 || error.0.is_nan() { error } else { largest })
    }

    #[test]
    fn elementary_functions_are_within_their_ulp_bounds() {
        let check = |name: &str, function: fn(f32) -> f32, exact: fn(f64) -> f64, bound: f64| {
            let (error, x) = largest_ulp_error(function, exact);
            assert!(error <= bound, "{name}: {error} ulp at {x:e}");
            assert!(function(f32::NAN).is_nan(), "{name} propagates NaN");
        };
        check("exp", exp, f64::exp, 1.0);
        check("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 2.5);
        check("softplus", |x| sigmoid_and_softplus(x).1, |x| (-x.abs()).exp().ln_1p(), 2.0);
        check("tanh", tanh, f64::tanh, 1.5);
    }

    #[test]
    fn the_normal_distribution_is_within_its_error_bound() {
        for x in sampled_floats() {
            let (actual, bell) = normal(x);
            let wide = f64::from(x);
            let error = (f64::from(actual) - normal_distribution(wide))
                .abs()
                .max((f64::from(bell) - (-0.5 * wide * wide).exp()).abs());
            assert!(error < 3e-7, "{x:e}: {actual}, off by {error:e}");
        }
        assert!(normal(f32::NAN).0.is_nan());
    }
}
