//! Compares every activation between three engines, over a far wider range of inputs than training produces.

use narrows_trainer::{ndarray::ArrayD, options::Activation};

use crate::small_network::SmallNetwork;

/// From inputs for which products of `exp` overflow or underflow in `f32` to inputs for which every activation is
/// nearly linear.
const INPUTS: [f32; 16] =
    [-50.0, -20.0, -9.0, -5.5, -3.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 3.0, 5.5, 20.0, 50.0];

/// Eight units in the last place: each engine has its own `exp`, `tanh` and `erf`, and a value that is subnormal in one
/// may be 0 in another.
const TOLERANCE: f32 = 1e-6;

#[test]
fn every_activation_has_the_same_values_in_three_engines_from_minus_50_to_50() {
    // Each row is rotated by one, so that every value is computed in different lanes of a vector register.
    let value = |row: usize, column: usize| INPUTS[(row + column) % INPUTS.len()];
    let values = (0..7).flat_map(|row| (0..INPUTS.len()).map(move |column| value(row, column)));
    let x = ArrayD::from_shape_vec(vec![7, INPUTS.len()], values.collect()).expect("7 values per input");
    for activation in Activation::ALL {
        let network = SmallNetwork::new(INPUTS.len(), |graph, x| graph.node("a", activation, &[x])).expect("any shape");
        let difference = network.largest_difference(&x);
        assert!(difference <= TOLERANCE, "{activation}: differs by {difference:e}");
    }
}
