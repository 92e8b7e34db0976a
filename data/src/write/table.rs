//! The columns of a mixed table as a file has them.

use std::{collections::HashSet, sync::Arc};

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema};

use super::{error::WriteError, layout::unique};

/// Puts the decoded columns of a mixed table and its pass-through columns into the order of the table: first the
/// columns of the schema, of which `others` may have those of the label, then all other columns. Another column with
/// the name of a column of the table is renamed: `cut` becomes `data_cut`.
///
/// Write the result with a [`Layout::table`](super::Layout::table).
///
/// # Errors
/// [`WriteError::Columns`] if the batches have different numbers of rows.
pub fn in_table_order(
    schema: &narrows_table::Schema,
    decoded: &RecordBatch,
    others: Option<&RecordBatch>,
) -> Result<RecordBatch, WriteError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    let mut used: HashSet<String> = HashSet::new();
    for column in &schema.columns {
        let name = &column.name;
        let own = decoded.column_by_name(name);
        if let Some(array) = own.or_else(|| others.and_then(|others| others.column_by_name(name))) {
            used.insert(name.clone());
            fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
            columns.push(Arc::clone(array));
        }
    }
    let is_label = |name: &String| decoded.column_by_name(name).is_none() && used.contains(name);
    let (mut names, mut rest) = (used.clone(), Vec::new());
    if let Some(others) = others {
        for (field, array) in others.schema().fields().iter().zip(others.columns()) {
            if !is_label(field.name()) {
                let name = unique(&mut names, field.name().clone(), |name| format!("data_{name}"));
                rest.push(Arc::clone(array));
                fields.push(Arc::new(field.as_ref().clone().with_name(name).with_nullable(true)));
            }
        }
    }
    columns.extend(rest);
    let options = RecordBatchOptions::new().with_row_count(Some(decoded.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(WriteError::Columns)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use arrow_array::{ArrayRef, StringArray};
    use narrows_table::{Column, ColumnKind, Decoder, MissingCells, Stored};
    use ndarray::Array2;

    use super::*;
    use crate::write::{Format, Layout, Writer};

    #[test]
    fn decoded_rows_are_written_with_the_names_order_and_types_of_the_table() {
        let column = |name: &str, kind, stored| Column { name: name.to_owned(), kind, stored };
        let levels = ["Ideal", "Very \"Good\""].map(str::to_owned).to_vec();
        let schema = narrows_table::Schema {
            columns: vec![
                column("cut", ColumnKind::Category { levels }, Stored::Text),
                column("class", ColumnKind::Label { part: 0 }, Stored::Text),
                column("carat", ColumnKind::Number { decimals: Some(2) }, Stored::Float64),
                column("price", ColumnKind::Number { decimals: Some(0) }, Stored::Int64),
            ],
            missing: MissingCells::Masked,
        };
        let decoded = Decoder::new(&schema).decode_batch(&[2.0, 0.2301, 325.6, f32::NAN, 1.0, 5.0], None);
        let decoded = decoded.expect("two rows");
        let texts = |texts: [&str; 2]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let others = [("id", texts(["1", "2"])), ("class", texts(["a", "b"])), ("cut", texts(["x", "y"]))];
        // The third column is another one with a name of the table.
        let others = RecordBatch::try_from_iter(others).expect("two rows");
        let ordered = in_table_order(&schema, &decoded, Some(&others)).expect("two rows each");
        let empty = Array2::zeros((2, 0));
        let mut writer = Writer::create(Cursor::new(Vec::new()), Format::Csv, Layout::table()).expect("a table");
        writer.write(&empty.view().into_dyn(), Some(&ordered)).expect("written");
        let text = String::from_utf8(writer.finish().expect("written").into_inner()).expect("text");
        assert_eq!(text, "cut,class,carat,price,id,data_cut\n\"Very \"\"Good\"\"\",a,0.23,326,1,x\n,b,1.0,5,2,y\n");
        let mut writer = Writer::create(Cursor::new(Vec::new()), Format::Parquet, Layout::table()).expect("a table");
        writer.write(&empty.view().into_dyn(), Some(&ordered)).expect("written");
        assert!(writer.finish().expect("written").into_inner().starts_with(b"PAR1"));
        let error = Writer::create(Cursor::new(Vec::new()), Format::Npy, Layout::table()).err().expect("no array");
        assert!(error.to_string().contains("write a .csv or .parquet"), "{error}");
    }
}
