//! Columns that are left out, renamed or rounded are named.

use arrow_array::{Int8Array, types::Int64Type};

use super::*;

#[test]
fn ids_that_all_differ_lose_digits_and_are_not_constant() {
    let ids = UInt64Array::from_iter_values((0..4).map(|row| 9_223_372_000_000_000_000 + row));
    let batch = table(&[("id", column(ids)), ("x", column(Float64Array::from(vec![0.1, 0.2, 0.3, 0.4])))]);
    for format in all_formats() {
        let (head, _) = read_once(&batch, Reading::default(), format).expect("a table");
        let notes: Vec<_> = head.notes.iter().map(ToString::to_string).collect();
        assert!(notes.len() == 1 && notes[0].contains("may become equal in `id` (9223372000000000"), "{notes:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.arrow");
    fs::write(&path, encode(&[batch], Format::Stream)).expect("written");
    let data = crate::load(&path.to_string_lossy(), &LoadOptions::default()).expect("a table");
    assert_eq!(data.describe().expect("in memory").constant, Vec::<String>::new());
}

#[test]
fn lists_whose_distinct_values_become_equal_are_named() {
    let list = |items: [i64; 3]| Some(items.map(Some).to_vec());
    for (last, is_said) in [(16_777_217, true), (16_777_216, false)] {
        let lists = [list([1, 2, 3]), None, list([4, 5, last])];
        let lists = column(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
        for format in all_formats() {
            let keep = Reading { missing: Some(Missing::Keep), ..Reading::default() };
            let (head, _) = read_once(&table(&[("l", lists.clone())]), keep, format).expect("a table");
            let texts: Vec<_> = head.notes.iter().map(|note| note.text.as_str()).collect();
            assert_eq!(texts.len(), usize::from(is_said), "{texts:?}");
            assert!(
                texts.iter().all(|text| text.contains("in the lists of `l` (16777217 becomes 16777216)")),
                "{texts:?}"
            );
        }
    }
}

#[test]
fn a_dictionary_of_numbers_is_a_column_of_numbers_with_its_missing_values() {
    let values = Arc::new(Int64Array::from(vec![Some(7), Some(16_777_217), None]));
    let keys = Int8Array::from(vec![Some(1), None, Some(0), Some(2)]);
    let batch = table(&[("kind", column(DictionaryArray::new(keys, values)))]);
    for format in all_formats() {
        let keep = Reading { missing: Some(Missing::Keep), ..Reading::default() };
        let (head, chunk) = read_once(&batch, keep, format).expect("a table");
        assert_eq!(head.columns, names(&["kind"]));
        let numbers: Vec<_> = chunk.values.to_f32().expect("in memory").iter().map(|number| number.to_bits()).collect();
        let nan = f32::NAN.to_bits();
        assert_eq!(numbers, [16_777_216f32.to_bits(), nan, 7f32.to_bits(), nan], "{format:?}");
        assert!(head.notes.iter().any(|note| note.text.contains("`kind` (16777217 becomes 16777216)")), "{format:?}");
    }
}

#[test]
fn columns_that_are_not_features_are_named_unless_an_option_names_them() {
    let texts = |reading: Reading, format| {
        let (head, _) = read_once(&mixed(), reading, format).expect("a table");
        head.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>()
    };
    for format in all_formats() {
        let named = Reading { label_column: Some("kind".to_owned()), ignore: names(&["id"]), ..Reading::default() };
        let all = texts(Reading::default(), format);
        let all = all.join("\n");
        assert!(all.contains("`name` (Utf8), `kind` ("), "{all}");
        assert!(all.contains(" are not features, because they have neither numbers nor booleans"), "{all}");
        assert!(texts(named, format).iter().all(|text| !text.contains("`kind`")), "{format:?}");
        assert_eq!(texts(Reading { columns: names(&["price"]), ..Reading::default() }, format), Vec::<String>::new());
    }
}

#[test]
fn an_index_that_pandas_names_is_not_a_feature() {
    let mut batch =
        table(&[("a", column(Float64Array::from(vec![0.1, 0.2]))), ("id", column(Int64Array::from(vec![7, 8])))]);
    let pandas = r#"{"index_columns": ["id", {"kind": "range"}], "columns": []}"#;
    let schema = batch.schema().as_ref().clone().with_metadata([("pandas".to_owned(), pandas.to_owned())]);
    batch = batch.with_schema(Arc::new(schema)).expect("the same fields");
    for format in all_formats() {
        let (head, chunk) = read_once(&batch, Reading::default(), format).expect("a table");
        assert_eq!(head.columns, names(&["a"]), "{format:?}");
        assert!(chunk.others.expect("passed through").column_by_name("id").is_some());
        assert!(head.notes.iter().any(|note| note.text.starts_with("`id` (Int64) is the index of pandas")));
        let selected = Reading { columns: names(&["a", "id"]), ..Reading::default() };
        assert_eq!(read_once(&batch, selected, format).expect("a table").0.columns, names(&["a", "id"]));
    }
}

#[test]
fn typed_columns_of_the_same_name_get_different_names() {
    let batch = table(&[("x", column(Float64Array::from(vec![1.0]))), ("x", column(Float64Array::from(vec![2.0])))]);
    for format in [Format::File(None), Format::Stream] {
        let (head, chunk) = read_once(&batch, Reading::default(), format).expect("a table");
        assert_eq!(head.columns, names(&["x", "x.1"]));
        assert_eq!(chunk.values, Values::F32(array![[1.0, 2.0]]));
    }
}
