//! The functions in one process: their results are those of the runtime, whatever the form and division of the rows.

mod support;

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch},
        compute::concat_batches,
        datatypes::{DataType, Float32Type, Float64Type},
    },
    datasource::MemTable,
    error::Result,
    prelude::{SessionConfig, SessionContext},
};
use narrows_datafusion::{
    Bundles, Function,
    narrows_runtime::{Autoencoder, Classifier, Detector, Options, Samples, ScoreOptions},
    register,
};
use support::{FEATURES, Form, classifier, digits, table, zoo};

/// Returns a context with tables of one batch each, in batches of `batch` rows.
fn context(batch: usize, tables: &[(&str, RecordBatch)]) -> SessionContext {
    let config = SessionConfig::new().with_batch_size(batch).with_target_partitions(3);
    let context = SessionContext::new_with_config(config);
    register(&context, &Bundles::default());
    for (name, rows) in tables {
        let starts = (0..rows.num_rows()).step_by(batch);
        let batches = starts.map(|start| rows.slice(start, batch.min(rows.num_rows() - start))).collect();
        let table = MemTable::try_new(rows.schema(), vec![batches]).expect("batches of one schema");
        context.register_table(*name, Arc::new(table)).expect("a new name");
    }
    context
}

/// Runs a query and returns its only column.
async fn column(context: &SessionContext, sql: &str) -> ArrayRef {
    let batches = context.sql(sql).await.expect(sql).collect().await.expect(sql);
    let schema = batches.first().expect("a row").schema();
    concat_batches(&schema, &batches).expect("batches of one schema").column(0).clone()
}

async fn failure(context: &SessionContext, sql: &str) -> String {
    let outcome: Result<_> = async { context.sql(sql).await?.collect().await }.await;
    outcome.expect_err(sql).to_string()
}

fn vectors(column: &ArrayRef) -> Vec<f32> {
    column.as_fixed_size_list().values().as_primitive::<Float32Type>().values().to_vec()
}

fn field(column: &ArrayRef, name: &str) -> ArrayRef {
    column.as_struct().column_by_name(name).expect(name).clone()
}

#[tokio::test]
async fn every_function_returns_what_the_runtime_returns() {
    let (pixels, labels) = digits();
    let context = context(500, &[("digits", table(&pixels, &labels, Form::FixedFloats))]);
    for kind in ["pca", "ae", "dae", "wae", "vae", "conv-vae", "cvae", "conv-cvae"] {
        let bundle = zoo(kind);
        let model = Autoencoder::open(&bundle).expect("a committed bundle");
        let (samples, label) = match model.takes_labels() {
            true => (Samples::from(&pixels).labelled(&labels), ", label"),
            false => (Samples::from(&pixels), ""),
        };
        let call = |name: &str| format!("SELECT narrows_{name}('{bundle}', x{label}) FROM digits");
        let codes = vectors(&column(&context, &call("encode")).await);
        assert!(codes == model.encode(samples.clone()).expect("codes").into_raw_vec_and_offset().0, "{kind}");
        let reconstruction = vectors(&column(&context, &call("reconstruct")).await);
        let expected = model.reconstruct(samples.clone()).expect("a reconstruction");
        assert!(reconstruction == expected.into_raw_vec_and_offset().0, "{kind}");
        let found = column(&context, &call("score")).await;
        let expected = model.score(samples, &ScoreOptions::default()).expect("scores");
        let columns = [
            ("squared_error", Some(expected.squared_error)),
            ("reconstruction", Some(expected.reconstruction)),
            ("kl", expected.kl),
        ];
        for (name, values) in columns {
            match values {
                Some(values) => {
                    assert!(
                        field(&found, name).as_primitive::<Float64Type>().values()[..] == values.to_vec()[..],
                        "{kind} {name}"
                    );
                }
                None => assert!(found.as_struct().column_by_name(name).is_none(), "{kind} {name}"),
            }
        }
    }
}

#[tokio::test]
async fn detectors_and_classifiers_return_what_the_runtime_returns() {
    let (pixels, labels) = digits();
    let context = context(500, &[("digits", table(&pixels, &labels, Form::Binary))]);
    let bundle = zoo("detector");
    let expected = Detector::open(&bundle).expect("a committed bundle").detect(&pixels).expect("detections");
    let found = column(&context, &format!("SELECT narrows_anomaly('{bundle}', x) FROM digits")).await;
    // The graph of a detector rounds differently in batches of other sizes: by at most some units of the last digit.
    let scores = field(&found, "score").as_primitive::<Float32Type>().values().to_vec();
    assert!(scores.iter().zip(&expected.scores).all(|(one, other)| (one - other).abs() < 1e-6));
    assert!(field(&found, "p_value").as_primitive::<Float32Type>().values()[..] == expected.p_values.to_vec()[..]);
    let flags = column(&context, &format!("SELECT narrows_is_anomaly('{bundle}', x) FROM digits")).await;
    assert!(flags.as_boolean().values().iter().eq(expected.are_anomalies.iter().copied()));
    assert!(expected.are_anomalies.contains(&true));

    let bundle = classifier();
    let model = Classifier::open(&bundle).expect("a trained bundle");
    let probabilities = column(&context, &format!("SELECT narrows_probabilities('{bundle}', x) FROM digits")).await;
    let expected = model.probabilities(&pixels).expect("probabilities");
    assert!(vectors(&probabilities) == expected.into_raw_vec_and_offset().0);
    let classes = column(&context, &format!("SELECT narrows_classify('{bundle}', x) FROM digits")).await;
    let expected = model.classify(&pixels).expect("classes");
    let names = expected.iter().map(|&class| model.classes()[class].as_str());
    assert!(classes.as_string::<i32>().iter().flatten().eq(names));
}

#[tokio::test]
async fn codes_depend_neither_on_the_form_of_the_rows_nor_on_the_batches() {
    let (pixels, labels) = digits();
    let bundle = zoo("vae");
    let expected = Autoencoder::open(&bundle).expect("a committed bundle").encode(&pixels).expect("codes");
    let expected = expected.into_raw_vec_and_offset().0;
    for (form, batch) in Form::ALL.into_iter().zip([8192, 1, 7, 100, 1000, 1796]) {
        let context = context(batch, &[("digits", table(&pixels, &labels, form))]);
        let codes = column(&context, &format!("SELECT narrows_encode('{bundle}', x) FROM digits ORDER BY id")).await;
        assert!(vectors(&codes) == expected, "{form:?} in batches of {batch}");
    }
}

#[tokio::test]
async fn labels_of_a_conditional_model_are_names_as_text_or_numbers() {
    let (pixels, labels) = digits();
    let context = context(1000, &[("digits", table(&pixels, &labels, Form::FixedBytes))]);
    let bundle = zoo("cvae");
    let numbers = column(&context, &format!("SELECT narrows_encode('{bundle}', x, label) FROM digits")).await;
    let texts = column(&context, &format!("SELECT narrows_encode('{bundle}', x, class) FROM digits")).await;
    assert_eq!(vectors(&numbers), vectors(&texts));
    let all_three = column(&context, &format!("SELECT narrows_encode('{bundle}', x, 3) FROM digits LIMIT 5")).await;
    assert_eq!(all_three.len(), 5);
    let message = failure(&context, &format!("SELECT narrows_encode('{bundle}', x, label + 10) FROM digits")).await;
    assert!(
        message.contains("has the class \"10\", the model knows") || message.contains("has the class `10`"),
        "{message}"
    );
}

#[tokio::test]
async fn columns_are_matched_with_features_by_their_names() {
    let bundle = zoo("penguins");
    let schema = "SELECT 'Adelie' AS species, 'Dream' AS island, 39.5 AS bill_length_mm, 17.4 AS bill_depth_mm, \
                  186 AS flipper_length_mm, 3800 AS body_mass_g, 'female' AS sex, 2007 AS year";
    let context = context(100, &[]);
    context
        .sql(&format!(
            "CREATE TABLE penguins AS {schema} UNION ALL SELECT NULL, 'Dream', NULL, 17.0, 190, 3700, NULL, 2008"
        ))
        .await
        .expect("a table")
        .collect()
        .await
        .expect("rows");
    let in_order = "species, island, bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g, sex, year";
    let reversed = "year, sex, body_mass_g, flipper_length_mm, bill_depth_mm, bill_length_mm, island, species";
    let codes = column(&context, &format!("SELECT narrows_encode('{bundle}', {in_order}) FROM penguins")).await;
    let others = column(&context, &format!("SELECT narrows_encode('{bundle}', {reversed}) FROM penguins")).await;
    assert_eq!(vectors(&codes), vectors(&others));
    let model = Autoencoder::open(&bundle).expect("a committed bundle");
    let mut rows = model.table().expect("a mixed table");
    rows.json(&serde_json::json!([
        {"species": "Adelie", "island": "Dream", "bill_length_mm": 39.5, "bill_depth_mm": 17.4,
         "flipper_length_mm": 186, "body_mass_g": 3800, "sex": "female", "year": 2007},
        {"species": null, "island": "Dream", "bill_length_mm": null, "bill_depth_mm": 17.0,
         "flipper_length_mm": 190, "body_mass_g": 3700, "sex": null, "year": 2008},
    ]))
    .expect("rows of the table");
    assert_eq!(vectors(&codes), model.encode(&rows).expect("codes").into_raw_vec_and_offset().0);
    let message = failure(&context, &format!("SELECT narrows_encode('{bundle}', species, island) FROM penguins")).await;
    assert!(message.contains("no argument is the column"), "{message}");
}

#[tokio::test]
async fn a_column_for_each_pixel_or_a_struct_of_them_is_a_row() {
    let (pixels, _) = digits();
    let names: Vec<String> = (0..FEATURES).map(|pixel| format!("p{pixel}")).collect();
    let columns = names.iter().enumerate().map(|(pixel, name)| {
        let values = pixels.column(pixel).iter().map(|&value| f32::from(value)).collect::<Vec<_>>();
        (name.as_str(), Arc::new(Float32Array::from(values)) as ArrayRef)
    });
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let context = context(777, &[("digits", rows)]);
    let bundle = zoo("ae");
    let expected = Autoencoder::open(&bundle).expect("a committed bundle").encode(&pixels).expect("codes");
    let expected = expected.into_raw_vec_and_offset().0;
    let list = names.join(", ");
    let codes = column(&context, &format!("SELECT narrows_encode('{bundle}', {list}) FROM digits")).await;
    assert!(vectors(&codes) == expected);
    let codes = column(&context, &format!("SELECT narrows_encode('{bundle}', struct({list})) FROM digits")).await;
    assert!(vectors(&codes) == expected);
}

#[tokio::test]
async fn a_null_row_and_a_null_in_a_row_give_null() {
    let bundle = zoo("vae");
    let (pixels, _) = digits();
    let row = |row: usize| Some(pixels.row(row).iter().map(|&value| Some(f32::from(value))).collect::<Vec<_>>());
    let mut holed = row(2).expect("a row");
    holed[5] = None;
    let lists = vec![row(0), None, Some(holed), row(1)];
    let x = datafusion::arrow::array::ListArray::from_iter_primitive::<Float32Type, _, _>(lists);
    let rows = RecordBatch::try_from_iter([("x", Arc::new(x) as ArrayRef)]).expect("one column");
    let context = context(100, &[("rows", rows)]);
    let codes = column(&context, &format!("SELECT narrows_encode('{bundle}', x) FROM rows")).await;
    assert_eq!((0..4).map(|row| codes.is_null(row)).collect::<Vec<_>>(), [false, true, true, false]);
    let model = Autoencoder::open(&bundle).expect("a committed bundle");
    let two = pixels.select(narrows_datafusion::narrows_runtime::ndarray::Axis(0), &[0, 1]);
    let expected = model.encode(&two).expect("codes").into_raw_vec_and_offset().0;
    let width = model.latent_dim();
    assert_eq!([&vectors(&codes)[..width], &vectors(&codes)[3 * width..]].concat(), expected);
    let all_null = column(&context, &format!("SELECT narrows_encode('{bundle}', x) FROM rows WHERE x IS NULL")).await;
    assert!(all_null.is_null(0));
}

#[tokio::test]
async fn wrong_arguments_are_refused_when_the_query_is_planned() {
    let (pixels, labels) = digits();
    let context = context(1000, &[("digits", table(&pixels, &labels, Form::List))]);
    let (vae, cvae, detector, head) = (zoo("vae"), zoo("cvae"), zoo("detector"), classifier());
    let cases = [
        (format!("narrows_encode('{vae}', id)"), "got 1 column; expected a list of 64 numbers"),
        (format!("narrows_encode('{vae}', class)"), "got 1 column"),
        (format!("narrows_encode('{vae}', x, label)"), "got 2 columns"),
        (format!("narrows_encode('{vae}')"), "got 0 columns"),
        (format!("narrows_encode('{cvae}', x)"), "then the class of the row"),
        (format!("narrows_encode('{cvae}', x, x)"), "the last argument is the class of the row"),
        (format!("narrows_encode('{vae}', array_resize(x, 63))"), "has 63 values, the model expects 64"),
        (format!("narrows_encode('{vae}', arrow_cast(x, 'FixedSizeList(64, Utf8)'))"), "the lists contain Utf8"),
        (format!("narrows_encode('{head}', x)"), "needs an autoencoder"),
        (format!("narrows_classify('{vae}', x)"), "needs a classifier"),
        (format!("narrows_predict('{head}', x)"), "needs a regressor"),
        (format!("narrows_is_anomaly('{vae}', x)"), "needs a bundle with a detector"),
        (format!("narrows_encode('{detector}@{}', x)", "0".repeat(64)), "is another bundle than the query needs"),
        (format!("narrows_encode('{vae}@123', x)"), "the digest has 3 digits"),
        ("narrows_encode('no/such/bundle', x)".to_owned(), "there is no bundle `no/such/bundle`"),
        ("narrows_encode('https://host/vae.narrows', x)".to_owned(), "an address needs the digest"),
        ("narrows_encode(class, x)".to_owned(), "a text literal that names a bundle"),
        ("narrows_encode()".to_owned(), ""),
    ];
    for (call, expected) in cases {
        let message = failure(&context, &format!("SELECT {call} FROM digits")).await;
        assert!(message.contains(expected), "{call}: {message}");
    }
}

#[tokio::test]
async fn planning_pins_the_digest_and_needs_no_onnx_runtime() {
    let (pixels, labels) = digits();
    let bundles = Bundles::builder()
        .folder(support::repository("models/zoo"))
        .options(Options::default().library("/nowhere/libonnxruntime.so"))
        .machine("the test")
        .build();
    let context = context(1000, &[("digits", table(&pixels, &labels, Form::List))]);
    register(&context, &bundles);
    let sql = "SELECT narrows_encode('vae', x) FROM digits";
    let plan =
        context.sql(sql).await.expect("a plan").into_optimized_plan().expect("a plan").display_indent().to_string();
    let digest = bundles.digest(&narrows_datafusion::Reference::parse("vae").expect("a name")).expect("a digest");
    assert!(plan.contains(&format!("vae@{digest}")), "{plan}");
    let schema = context.sql(sql).await.expect("a plan").schema().as_arrow().clone();
    assert!(matches!(schema.field(0).data_type(), DataType::FixedSizeList(_, 8)), "{schema:?}");
    let message = failure(&context, sql).await;
    assert!(message.contains("on the test: ") && message.contains("/nowhere/libonnxruntime.so"), "{message}");
}

#[tokio::test]
async fn several_results_of_one_call_run_the_model_once() {
    let (pixels, labels) = digits();
    let context = context(1000, &[("digits", table(&pixels, &labels, Form::List))]);
    let bundle = zoo("vae");
    let call = format!("narrows_encode('{bundle}', x)");
    let plan = context.sql(&format!("SELECT {call}[1], {call}[2] FROM digits")).await.expect("a plan");
    let plan = plan.into_optimized_plan().expect("a plan").display_indent().to_string();
    assert_eq!(plan.matches("narrows_encode(").count() - plan.matches("AS narrows_encode(").count(), 1, "{plan}");
}

#[tokio::test]
async fn functions_are_expressions_of_data_frames() {
    let (pixels, labels) = digits();
    let context = context(1000, &[("digits", table(&pixels, &labels, Form::List))]);
    let bundle = zoo("vae");
    let call = Bundles::default().call(Function::Encode, &bundle, [datafusion::prelude::col("x")]);
    let rows = context.table("digits").await.expect("a table").select([call.alias("codes")]).expect("a plan");
    let batches = rows.collect().await.expect("rows");
    let codes: Vec<f32> = batches.iter().flat_map(|batch| vectors(batch.column(0))).collect();
    let expected = Autoencoder::open(&bundle).expect("a committed bundle").encode(&pixels).expect("codes");
    assert!(codes == expected.into_raw_vec_and_offset().0);
}
