//! The images that all peers encode.
//!
//! They are the digits that are included in the program, enlarged from 8x8 to 28x28, so nothing is downloaded.
//! Unlike noise they have different codes, so that a peer with wrong results is detected.

use narrows_data::{Dataset, Part, SampleKind, Values};
use narrows_tests::digits;
use ndarray::{Array3, ArrayView3, Axis, Slice};

/// Width and height of an image in pixels.
pub(crate) const SIDE: usize = 28;

/// Images of the size of MNIST images, `[rows, 28, 28]`, as bytes and as the same values in `f32`.
pub(crate) struct Images {
    bytes: Array3<u8>,
    floats: Array3<f32>,
}

impl Images {
    /// Creates `rows` images by repeating the digits.
    pub(crate) fn enlarged_digits(rows: usize) -> Self {
        const DIGIT: usize = 8;
        const STEP: u8 = 255 / 16; // The digits have values from 0 to 16.

        let Values::U8(digits) = digits().train.values else { unreachable!("the digits are bytes") };
        let pixel = |coordinate: usize| coordinate * DIGIT / SIDE;
        let bytes = Array3::from_shape_fn((rows, SIDE, SIDE), |(row, y, x)| {
            digits[[row % digits.nrows(), pixel(y) * DIGIT + pixel(x)]] * STEP
        });
        let floats = bytes.mapv(f32::from);
        Images { bytes, floats }
    }

    /// Returns the first `rows` images.
    pub(crate) fn floats(&self, rows: usize) -> ArrayView3<'_, f32> {
        self.floats.slice_axis(Axis(0), Slice::from(..rows))
    }

    /// Returns the first `rows` images as a row-major slice.
    pub(crate) fn slice(&self, rows: usize) -> &[f32] {
        self.floats(rows).to_slice().expect("an array in standard layout")
    }

    /// Returns the first `rows` images as bytes.
    pub(crate) fn bytes(&self, rows: usize) -> ArrayView3<'_, u8> {
        self.bytes.slice_axis(Axis(0), Slice::from(..rows))
    }

    /// Returns all images as bytes.
    pub(crate) fn all_bytes(&self) -> ArrayView3<'_, u8> {
        self.bytes.view()
    }

    /// Returns the first `rows` images as a training data set.
    pub(crate) fn dataset(&self, rows: usize) -> Dataset {
        let flat = self.bytes(rows).to_owned().into_shape_with_order((rows, SIDE * SIDE));
        Dataset {
            name: "enlarged digits".to_owned(),
            sample_shape: vec![SIDE, SIDE],
            sample_kind: SampleKind::Features,
            date_columns: None,
            table: None,
            notes: narrows_data::Notes::default(),
            range: (0.0, 255.0),
            columns: None,
            fill: None,
            valid: None,
            train: Part { values: Values::U8(flat.expect("the same number of values")), labels: None },
            test: None,
            classes: None,
        }
    }
}
