use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, DurationMillisecondArray,
    Float32Array, Float64Array, Int32Array, IntervalDayTimeArray, IntervalMonthDayNanoArray, IntervalYearMonthArray,
    ListArray, NullArray, RunArray, StringArray, StructArray, Time64NanosecondArray, TimestampMillisecondArray,
    TimestampSecondArray, UnionArray,
    builder::{Int32Builder, MapBuilder, StringBuilder},
    types::{Int8Type, Int32Type, IntervalDayTime, IntervalMonthDayNano},
};
use arrow_schema::{DataType, Field, UnionFields};

use super::*;

fn texts(array: &dyn Array) -> Vec<String> {
    let text = |row| {
        let mut text = String::new();
        add(array, row, &mut text).map(|()| text).unwrap_or_else(|error| error.to_string())
    };
    (0..array.len()).map(text).collect()
}

fn numbers() -> ArrayRef {
    Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))
}

fn words() -> ArrayRef {
    Arc::new(StringArray::from(vec![Some("x"), None, Some("z")]))
}

#[test]
fn plain_values_are_formatted_like_arrow_does() {
    let decimals = |numbers: Vec<i128>, scale| {
        Decimal128Array::from(numbers).with_precision_and_scale(38, scale).expect("a valid scale")
    };
    let cases: [(ArrayRef, &[&str]); 9] = [
        (numbers(), &["1", "", "3"]),
        (Arc::new(NullArray::new(1)), &[""]),
        (Arc::new(BooleanArray::from(vec![true, false])), &["true", "false"]),
        (Arc::new(Float32Array::from(vec![1.0, 0.1, -0.0, 1e13, 1e-7])), &["1.0", "0.1", "-0.0", "1e13", "1e-7"]),
        (
            Arc::new(Float64Array::from(vec![1e15, 1e16, f64::NAN, f64::NEG_INFINITY])),
            &["1000000000000000.0", "1e16", "NaN", "-inf"],
        ),
        (Arc::new(decimals(vec![-5, 12345], 2)), &["-0.05", "123.45"]),
        (Arc::new(decimals(vec![0, 7], -3)), &["0", "7000"]),
        (words(), &["x", "", "z"]),
        (Arc::new(BinaryArray::from(vec![&[0u8, 255][..]])), &["00ff"]),
    ];
    for (array, expected) in cases {
        assert_eq!(texts(&array), expected, "{}", array.data_type());
    }
}

#[test]
fn times_are_formatted_as_iso_8601_and_intervals_as_words() {
    let moment = || TimestampMillisecondArray::from(vec![1_600_000_000_123]);
    let cases: [(ArrayRef, &[&str]); 10] = [
        (Arc::new(Date32Array::from(vec![0, -1])), &["1970-01-01", "1969-12-31"]),
        (Arc::new(Time64NanosecondArray::from(vec![0, 1_500_000_000])), &["00:00:00", "00:00:01.500"]),
        (Arc::new(moment()), &["2020-09-13T12:26:40.123"]),
        (Arc::new(moment().with_timezone("+00:00")), &["2020-09-13T12:26:40.123Z"]),
        (Arc::new(moment().with_timezone("+02:30")), &["2020-09-13T14:56:40.123+02:30"]),
        (
            Arc::new(TimestampSecondArray::from(vec![i64::MAX])),
            &["Cast error: Failed to convert 9223372036854775807 to datetime for Timestamp(s)"],
        ),
        (Arc::new(DurationMillisecondArray::from(vec![90_061_001, i64::MIN])), &["PT90061.001S", "<invalid>"]),
        (Arc::new(IntervalYearMonthArray::from(vec![25, -1])), &["2 years 1 mons", "-1 years 11 mons"]),
        (
            Arc::new(IntervalDayTimeArray::from(vec![
                IntervalDayTime::new(0, 0),
                IntervalDayTime::new(-3, -3_723_004),
            ])),
            &["0 secs", "-3 days -1 hours -2 mins -3.004 secs"],
        ),
        (
            Arc::new(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(1, 0, 60_000_000_001)])),
            &["1 mons 1 mins 0.000000001 secs"],
        ),
    ];
    for (array, expected) in cases {
        assert_eq!(texts(&array), expected, "{}", array.data_type());
    }
}

#[test]
fn nested_values_are_formatted_in_brackets() {
    let field = |name: &str, kind| Field::new(name, kind, true);
    let (n, t) = (field("n", DataType::Int32), field("t", DataType::Utf8));
    let lists = [Some(vec![Some(1), None, Some(3)]), None, Some(Vec::new()), Some(vec![Some(7)])];
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let structs = StructArray::from(vec![(Arc::new(n.clone()), numbers()), (Arc::new(t.clone()), words())]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for (key, value) in [("a", Some(1)), ("b", None)] {
        map.keys().append_value(key);
        map.values().append_option(value);
    }
    map.append(true).expect("the same number of keys and values");
    let fields = UnionFields::try_new([1, 4], [n, t]).expect("two fields");
    let union = UnionArray::try_new(fields, vec![1, 4, 4].into(), None, vec![numbers(), words()]);
    let dictionary: DictionaryArray<Int8Type> = [Some("a"), None, Some("b")].into_iter().collect();
    let run = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![2, 3]), &StringArray::from(vec![Some("a"), None]));
    let cases: [(ArrayRef, &[&str]); 7] = [
        (Arc::new(lists.slice(1, 3)), &["", "[]", "[7]"]),
        (Arc::new(lists), &["[1, , 3]", "", "[]", "[7]"]),
        (Arc::new(structs), &["{n: 1, t: x}", "{n: , t: }", "{n: 3, t: z}"]),
        (Arc::new(map.finish()), &["{a: 1, b: }"]),
        (Arc::new(union.expect("equal lengths")), &["{n=1}", "{t=}", "{t=z}"]),
        (Arc::new(dictionary), &["a", "", "b"]),
        (Arc::new(run.expect("ascending ends")), &["a", "a", ""]),
    ];
    for (array, expected) in cases {
        assert_eq!(texts(&array), expected, "{}", array.data_type());
    }
}
