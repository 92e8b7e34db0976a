//! Every activation, alone in a network, in three engines, far beyond what training reaches.

use narrows_trainer::{Activation, ndarray::ArrayD};

use crate::alone::Alone;

/// From where `exp` over- and underflows in `f32` products to where everything is nearly linear.
const INPUTS: [f32; 16] =
    [-50.0, -20.0, -9.0, -5.5, -3.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 5.5, 20.0, 50.0];

/// Eight units in the last place: each engine has its own `exp`, `tanh` and `erf`, and numbers that
/// underflow in one may be 0 in another.
const TOLERANCE: f32 = 1e-6;

#[test]
fn every_activation_is_the_same_in_three_engines_from_minus_50_to_50() {
    // Each row is turned by one, so that every number meets every lane of a vector register.
    let value = |row: usize, column: usize| INPUTS[(row + column) % INPUTS.len()];
    let values = (0..7).flat_map(|row| (0..INPUTS.len()).map(move |column| value(row, column)));
    let x = ArrayD::from_shape_vec(vec![7, INPUTS.len()], values.collect()).expect("as many numbers");
    for activation in Activation::ALL {
        let alone = Alone::new(INPUTS.len(), |graph, x| graph.node("a", activation, &[x])).expect("any shape");
        let difference = alone.largest_difference(&x);
        assert!(difference <= TOLERANCE, "{activation}: {difference:e}");
    }
}
