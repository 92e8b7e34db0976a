//! Moments and samples of whole sets: they do not depend on the division of the rows.

mod support;

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    arrow::{
        array::{AsArray, RecordBatch},
        datatypes::Int64Type,
    },
    datasource::MemTable,
    prelude::{SessionConfig, SessionContext},
};
use narrows_datafusion::{
    Bundles, moments_of,
    narrows_runtime::{bundle::Moments, ndarray::Array2},
    register,
};
use support::{Form, digits, table};

/// Returns a context with the digits in so many parts, which are read at the same time.
fn context(parts: usize, form: Form) -> SessionContext {
    let (pixels, labels) = digits();
    let rows = table(&pixels, &labels, form);
    let context =
        SessionContext::new_with_config(SessionConfig::new().with_target_partitions(parts).with_batch_size(100));
    register(&context, &Bundles::default());
    let length = rows.num_rows().div_ceil(parts);
    let part = |part: usize| {
        let start = (part * length).min(rows.num_rows());
        vec![rows.slice(start, length.min(rows.num_rows() - start))]
    };
    let table = MemTable::try_new(rows.schema(), (0..parts).map(part).collect()).expect("batches of one schema");
    context.register_table("digits", Arc::new(table)).expect("a new name");
    context
}

async fn rows(context: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    context.sql(sql).await.expect(sql).collect().await.expect(sql)
}

#[tokio::test]
async fn moments_are_those_of_all_rows_in_every_form_and_division() {
    let (pixels, _) = digits();
    let floats: Array2<f32> = pixels.mapv(f32::from);
    let expected = Moments::of(&floats.view(), None);
    for (form, parts) in [(Form::FixedFloats, 1), (Form::Binary, 3), (Form::List, 7), (Form::Nested, 2)] {
        let results = rows(&context(parts, form), "SELECT narrows_moments(x) FROM digits").await;
        let (moments, skipped) = moments_of(&results).expect("moments");
        moments.check().expect("moments that a file can have");
        assert_eq!((moments.count, skipped, &moments.columns), (1797, 0, &None));
        assert_eq!((&moments.minimum, &moments.maximum), (&expected.minimum, &expected.maximum));
        // Sums of 1,797 small numbers as doubles, in another order.
        let means = moments.mean.iter().zip(&expected.mean);
        assert!(means.clone().all(|(one, other)| (one - other).abs() < 1e-12), "{form:?} in {parts}");
        let covariances = moments.covariance.iter().zip(&expected.covariance);
        assert!(covariances.clone().all(|(one, other)| (one - other).abs() < 1e-11), "{form:?} in {parts}");
    }
}

#[tokio::test]
async fn moments_of_columns_have_their_names_and_rows_with_holes_are_counted() {
    let context = context(1, Form::List);
    let values =
        "SELECT column1 AS a, column2 AS b FROM (VALUES (1.0, 10.0), (3.0, 30.0), (NULL, 5.0), (2.0, 'NaN'::float))";
    let results = rows(&context, &format!("SELECT narrows_moments(a, b) FROM ({values})")).await;
    let (moments, skipped) = moments_of(&results).expect("moments");
    assert_eq!((moments.count, skipped), (2, 2));
    assert_eq!(moments.columns, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!((moments.mean, moments.minimum, moments.maximum), (vec![2.0, 20.0], vec![1.0, 10.0], vec![3.0, 30.0]));
    assert_eq!(moments.covariance.into_raw_vec_and_offset().0, [1.0, 10.0, 10.0, 100.0]);
    let results = rows(&context, "SELECT narrows_moments(x) FROM digits WHERE id < 0").await;
    let message = moments_of(&results).expect_err("no rows").to_string();
    assert!(message.contains("no row has values"), "{message}");
}

#[tokio::test]
async fn moments_of_text_are_refused_when_the_query_is_planned() {
    let context = context(1, Form::List);
    let error = context.sql("SELECT narrows_moments(class) FROM digits").await.expect_err("text");
    assert!(error.to_string().contains("the column `class` is Utf8, expected a number"), "{error}");
}

#[tokio::test]
async fn a_sample_depends_on_the_seed_and_not_on_the_division() {
    let draw = async |parts: usize, seed: u64| -> BTreeSet<i64> {
        let sql = format!("SELECT id FROM digits ORDER BY narrows_sample_key({seed}, id) LIMIT 200");
        let batches = rows(&context(parts, Form::List), &sql).await;
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    };
    let sample = draw(1, 7).await;
    assert_eq!(sample.len(), 200);
    assert_eq!(sample, draw(5, 7).await);
    assert_ne!(sample, draw(1, 8).await);
    // 200 uniform draws of 0..1797 have a mean of 898 with a standard error of 35.
    let mean = sample.iter().sum::<i64>() as f64 / 200.0;
    assert!((mean - 898.0).abs() < 140.0, "{mean}");
}
