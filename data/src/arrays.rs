//! Data sets made of arrays in memory.

use ndarray::{Array, Array2, ArrayD, Dimension};

use crate::{
    dataset::{Dataset, Part},
    error::DataError,
    finite::first_invalid,
    labels::Labels,
    notes::Notes,
    reading::Missing,
    sample_kind::SampleKind,
    statistics::{Per, extremes},
    values::Values,
};

/// Samples in memory, `[rows, ...sample shape]`: bytes or single-precision numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Bytes, with a range of 0 to 255.
    U8(ArrayD<u8>),
    /// Single-precision numbers in any unit.
    F32(ArrayD<f32>),
}

impl<D: Dimension> From<Array<u8, D>> for Samples {
    fn from(samples: Array<u8, D>) -> Self {
        Samples::U8(samples.into_dyn())
    }
}

impl<D: Dimension> From<Array<f32, D>> for Samples {
    fn from(samples: Array<f32, D>) -> Self {
        Samples::F32(samples.into_dyn())
    }
}

impl Dataset {
    /// Makes a data set of an array, `[rows, ...sample shape]`. All rows are in the training part.
    ///
    /// A vector is a set of samples with one feature each. Call [`Dataset::with_labels`] to add labels.
    ///
    /// ```
    /// use narrows_data::{Dataset, ndarray::Array2};
    ///
    /// let data = Dataset::from_array("readings", Array2::<f32>::eye(4))?;
    /// assert_eq!((data.train.values.rows(), data.sample_shape), (4, vec![4]));
    /// # Ok::<(), narrows_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::EmptyArray`] for an array without rows or features, [`DataError::ArrayNotFinite`] for a value that
    /// is infinite or NaN.
    pub fn from_array(name: impl Into<String>, samples: impl Into<Samples>) -> Result<Self, DataError> {
        let (shape, values) = match samples.into() {
            Samples::U8(samples) => (samples.shape().to_vec(), Values::U8(rows_of(samples)?)),
            Samples::F32(samples) => (samples.shape().to_vec(), Values::F32(rows_of(samples)?)),
        };
        if let Values::F32(values) = &values {
            check_finite(values)?;
        }
        let range = if values.is_bytes() {
            (0.0, 255.0)
        } else {
            let rows: Vec<usize> = (0..values.rows()).collect();
            extremes(&values, &rows, Per::Set)?.first().copied().unwrap_or_default()
        };
        let sample_shape = if shape.len() > 1 { shape[1..].to_vec() } else { vec![1] };
        let train = Part { values, labels: None };
        Ok(Dataset {
            name: name.into(),
            sample_shape,
            sample_kind: SampleKind::default(),
            range,
            columns: None,
            fill: None,
            train,
            valid: None,
            test: None,
            classes: None,
            date_columns: None,
            table: None,
            notes: Notes::default(),
        })
    }

    /// Adds a label to every training row. The classes are sorted: by number if all labels are integers, otherwise by
    /// text.
    ///
    /// # Errors
    /// [`DataError::ArrayLabels`] if the number of labels is not the number of training rows.
    pub fn with_labels<L: ToString>(mut self, labels: &[L]) -> Result<Self, DataError> {
        let rows = self.train.values.rows();
        if labels.len() != rows {
            return Err(DataError::ArrayLabels { rows, labels: labels.len() });
        }
        let (indices, classes) = Labels::Text(labels.iter().map(ToString::to_string).collect()).encoded();
        self.train.labels = Some(indices);
        self.classes = Some(classes);
        Ok(self)
    }
}

/// Flattens every sample to a row.
fn rows_of<T: Clone>(samples: ArrayD<T>) -> Result<Array2<T>, DataError> {
    let shape = samples.shape().to_vec();
    let (rows, features) = (shape.first().copied().unwrap_or(0), shape.iter().skip(1).product());
    if rows == 0 || features == 0 {
        return Err(DataError::EmptyArray { shape });
    }
    let values = samples.as_standard_layout().iter().cloned().collect();
    Ok(Array2::from_shape_vec((rows, features), values).expect("the shape of the array itself"))
}

fn check_finite(values: &Array2<f32>) -> Result<(), DataError> {
    for (row, values) in values.rows().into_iter().enumerate() {
        let values = values.to_slice().expect("standard layout");
        if let Some(column) = first_invalid(values, Missing::Refuse) {
            return Err(DataError::ArrayNotFinite { row, column, value: values[column] });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array3, array};

    use super::*;

    #[test]
    fn samples_keep_their_shape_type_and_range() {
        let images = Dataset::from_array("images", Array3::<u8>::zeros((2, 3, 4))).expect("valid samples");
        assert_eq!((images.sample_shape, images.range), (vec![3, 4], (0.0, 255.0)));
        assert_eq!(images.train.values.features(), 12);

        let table =
            Dataset::from_array("table", array![[1f32, -2.0], [3.0, 4.0]].reversed_axes()).expect("valid samples");
        assert_eq!((table.sample_shape, table.range), (vec![2], (-2.0, 4.0)));
        assert_eq!(table.train.values, Values::F32(array![[1.0, 3.0], [-2.0, 4.0]]));

        let column = Dataset::from_array("column", Array1::<f32>::ones(3)).expect("valid samples");
        assert_eq!((column.sample_shape, column.train.values.features()), (vec![1], 1));
    }

    #[test]
    fn labels_become_sorted_classes() {
        let data = Dataset::from_array("table", Array2::<f32>::eye(3)).expect("valid samples");
        let labelled = data.clone().with_labels(&["10", "2", "10"]).expect("one label per row");
        assert_eq!(labelled.train.labels, Some(vec![1, 0, 1]));
        assert_eq!(labelled.classes, Some(vec!["2".to_owned(), "10".to_owned()]));
        let error = data.with_labels(&[1, 2]).expect_err("one label short");
        assert_eq!(error.to_string(), "2 labels for 3 rows; give every row of the array one label");
    }

    #[test]
    fn empty_arrays_and_values_that_are_not_finite_are_refused() {
        let message = |samples| Dataset::from_array("table", samples).expect_err("bad samples").to_string();
        assert!(message(Array2::<f32>::zeros((0, 3))).contains("[0, 3]"));
        assert!(message(Array2::<f32>::zeros((3, 0))).contains("[3, 0]"));
        assert!(message(array![[0.0, 1.0], [2.0, f32::NAN]]).contains("row 1, column 1 is NaN"));
        assert!(message(array![[f32::INFINITY]]).contains("row 0, column 0 is inf"));
    }
}
