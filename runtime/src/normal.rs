//! Quantiles of the standard normal distribution.

/// Coefficients of numerator and denominator, from the highest power to the constant.
type Ratio = [[f64; 8]; 2];

const CENTRAL: Ratio = [
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        1.373_169_376_550_946e4,
        1.971_590_950_306_551_3e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    [
        5.226_495_278_852_854e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
];

const MIDDLE: Ratio = [
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];

const TAIL: Ratio = [
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_103,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_8e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
];

/// Returns the value below which a standard normal variable is with this probability, the inverse of its distribution
/// function. The relative error is about 1e-16 (Wichura 1988, algorithm AS 241, PPND16). The result is infinite for 0
/// and 1, and NaN outside `[0, 1]`.
pub fn normal_quantile(probability: f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) {
        return f64::NAN;
    }
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        return centred * evaluate(&CENTRAL, 0.180_625 - centred * centred);
    }
    let tail = if centred < 0.0 { probability } else { 1.0 - probability };
    if tail == 0.0 {
        return f64::INFINITY.copysign(centred);
    }
    let root = (-tail.ln()).sqrt();
    let value = if root <= 5.0 { evaluate(&MIDDLE, root - 1.6) } else { evaluate(&TAIL, root - 5.0) };
    value.copysign(centred)
}

fn evaluate(ratio: &Ratio, x: f64) -> f64 {
    let [numerator, denominator] = ratio.map(|powers| powers.into_iter().fold(0.0, |sum, power| sum * x + power));
    numerator / denominator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // From `scipy.special.ndtri`.
        for (probability, expected) in [
            (0.5, 0.0),
            (0.6, 0.253_347_103_135_799_7),
            (0.975, 1.959_963_984_540_054),
            (0.99, 2.326_347_874_040_841),
            (0.001, -3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
            (1e-300, -37.047_096_299_361_2),
        ] {
            let found = normal_quantile(probability);
            assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{probability}: {found}");
        }
    }

    #[test]
    fn quantiles_of_impossible_probabilities_are_nan_and_those_of_certain_ones_infinite() {
        assert_eq!((normal_quantile(0.0), normal_quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!([-0.1, 1.1, f64::NAN].into_iter().all(|probability| normal_quantile(probability).is_nan()));
    }
}
