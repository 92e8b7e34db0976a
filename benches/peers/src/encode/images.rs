//! What all peers encode.
//!
//! The digits that come with the program, enlarged from 8x8 to 28x28: nothing has to be fetched, and
//! unlike noise they have codes that differ, so that a peer that computes something else is found out.

use narrows_data::{Dataset, Part, Values};
use narrows_tests::digits;
use ndarray::{Array3, ArrayView3, Axis, Slice};

/// Length of an image's side.
pub(crate) const SIDE: usize = 28;

/// Images of the size of MNIST's, as bytes and as the same numbers in `f32`: `[rows, 28, 28]`.
pub(crate) struct Images {
    bytes: Array3<u8>,
    floats: Array3<f32>,
}

impl Images {
    /// `rows` images: the digits over and over.
    pub(crate) fn enlarged_digits(rows: usize) -> Self {
        const DIGIT: usize = 8;
        const STEP: u8 = 255 / 16; // The digits are counts from 0 to 16.

        let Values::U8(digits) = digits().train.values else { unreachable!("the digits are bytes") };
        let pixel = |at: usize| at * DIGIT / SIDE;
        let bytes = Array3::from_shape_fn((rows, SIDE, SIDE), |(row, y, x)| {
            digits[[row % digits.nrows(), pixel(y) * DIGIT + pixel(x)]] * STEP
        });
        let floats = bytes.mapv(f32::from);
        Images { bytes, floats }
    }

    /// The first `rows` of them.
    pub(crate) fn floats(&self, rows: usize) -> ArrayView3<'_, f32> {
        self.floats.slice_axis(Axis(0), Slice::from(..rows))
    }

    /// The same, row-major.
    pub(crate) fn slice(&self, rows: usize) -> &[f32] {
        self.floats(rows).to_slice().expect("whole rows of an array in standard layout")
    }

    /// The first `rows` of them as bytes.
    pub(crate) fn bytes(&self, rows: usize) -> ArrayView3<'_, u8> {
        self.bytes.slice_axis(Axis(0), Slice::from(..rows))
    }

    /// The first `rows` of them to train on.
    pub(crate) fn dataset(&self, rows: usize) -> Dataset {
        let flat = self.bytes(rows).to_owned().into_shape_with_order((rows, SIDE * SIDE));
        Dataset {
            name: "enlarged digits".to_owned(),
            sample_shape: vec![SIDE, SIDE],
            range: (0.0, 255.0),
            columns: None,
            fill: None,
            valid: None,
            train: Part { values: Values::U8(flat.expect("as many numbers")), labels: None },
            test: None,
            classes: None,
        }
    }
}
