//! Results of classifiers and regressors, compared with reference implementations in plain Rust.

use narrows_runtime::{
    Autoencoder, Classifier, Codes, Error, Options, Samples,
    bundle::{Bundle, ClassifierBundle, ClassifierKind, Kind, table::MissingCells},
    ndarray::Array2,
};

mod support;

use support::{
    CLASSES, Fixture, LATENT, assert_close,
    heads::{HeadFixture, OUTPUTS, head_outputs, softmax},
    mean_of, samples,
    tables::{rows_with_gaps, table_codes, table_fixture, table_rows},
};

#[test]
fn a_classifier_predicts_classes_from_samples_and_from_codes() {
    let fixture = HeadFixture::new(ClassifierKind::Classifier);
    let path = fixture.path();
    let packed = ClassifierBundle::open(&path).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let rows = samples(9);
    let logits = head_outputs(&mean_of(Kind::Ae, &rows, &[]));
    let probabilities = softmax(&logits);
    for model in [Classifier::open(&path), Classifier::open_bytes(&packed, &Options::default())] {
        let model = model.expect("a good bundle");
        assert_eq!((model.kind(), model.classes()), (ClassifierKind::Classifier, &CLASSES.map(str::to_owned)[..]));
        assert_close(&model.logits(&rows).expect("good samples"), &logits);
        assert_close(&model.probabilities(&rows).expect("good samples"), &probabilities);
        let best = |row: narrows_runtime::ndarray::ArrayView1<'_, f32>| {
            (0..OUTPUTS).max_by(|&one, &other| row[one].total_cmp(&row[other])).expect("three classes")
        };
        let labels: Vec<usize> = logits.outer_iter().map(best).collect();
        assert_eq!(model.classify(&rows).expect("good samples"), labels);
        assert!(labels.iter().any(|label| *label != labels[0]), "the test needs rows of several classes: {labels:?}");

        let codes = mean_of(Kind::Ae, &rows, &[]);
        assert_close(&model.head(&codes).expect("good codes"), &probabilities);
        assert_close(&model.head_logits(&codes).expect("good codes"), &logits);
    }
}

#[test]
fn a_classifier_takes_the_cells_of_a_table_from_a_folder_and_from_a_packed_bundle() {
    for (missing, rows) in [(MissingCells::Refused, table_rows(40)), (MissingCells::Masked, rows_with_gaps(40))] {
        let fixture = HeadFixture::of_table(missing);
        let path = fixture.path();
        let packed = ClassifierBundle::open(&path).and_then(|bundle| bundle.pack()).expect("a good bundle");
        let logits = head_outputs(&table_codes(Kind::Ae, &rows, &[]));
        let options = Options::default().chunk(7);
        for model in [Classifier::open_with(&path, &options), Classifier::open_bytes(&packed, &options)] {
            let model = model.expect("a good bundle");
            assert_close(&model.logits(&rows).expect("good cells"), &logits);
            assert_close(&model.probabilities(&rows).expect("good cells"), &softmax(&logits));
            let mut bad = rows.clone();
            bad[[31, 2]] = 4.0;
            let error = model.logits(&bad).expect_err("a level outside the vocabulary").to_string();
            assert!(error.contains("row 31") && error.contains("grade"), "{error}");
        }
    }
}

#[test]
fn a_packed_model_of_a_table_returns_what_the_folder_returns() {
    let fixture = table_fixture(Kind::Vae, MissingCells::Masked);
    let packed = Bundle::open(fixture.path()).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let folder = Autoencoder::open(fixture.path()).expect("a good bundle");
    let model = Autoencoder::open_bytes(&packed).expect("a good bundle");
    let rows = rows_with_gaps(40);
    assert_eq!(model.encode(&rows).expect("good cells"), folder.encode(&rows).expect("good cells"));
    assert_eq!(model.generate(9, 3).expect("a prior"), folder.generate(9, 3).expect("a prior"));
}

#[test]
fn a_regressor_predicts_targets_from_samples_and_from_codes() {
    let fixture = HeadFixture::new(ClassifierKind::Regressor);
    let (model, rows) = (Classifier::open(fixture.path()).expect("a good bundle"), samples(9));
    let codes = mean_of(Kind::Ae, &rows, &[]);
    assert_close(&model.predict(&rows).expect("good samples"), &head_outputs(&codes));
    assert_close(&model.head(&codes).expect("good codes"), &head_outputs(&codes));
    assert!(model.classes().is_empty());
}

#[test]
fn the_error_for_an_unsupported_method_names_an_alternative_and_the_handle_stays_usable() {
    let fixtures = [ClassifierKind::Classifier, ClassifierKind::Regressor].map(HeadFixture::new);
    let [classifier, regressor] =
        fixtures.each_ref().map(|fixture| Classifier::open(fixture.path()).expect("a good bundle"));
    let rows = samples(2);
    let text = |error: Error| error.to_string();
    assert_eq!(
        classifier.predict(&rows).map_err(text),
        Err("this is a classifier: use classify, probabilities or logits".to_owned())
    );
    assert_eq!(regressor.classify(&rows).map_err(text), Err("this is a regressor: use predict".to_owned()));
    assert_eq!(
        classifier.logits(Samples::from(&rows).labelled(&[0, 1])).map_err(text),
        Err("this classifier takes no labels here, but 2 were given (do not call `labelled`)".to_owned())
    );
    let codes = Array2::zeros((1, LATENT));
    assert!(matches!(
        regressor.head(Codes::from(&codes).labelled(&[0])),
        Err(Error::LabelsUnexpected { kind: "regressor", .. })
    ));
    assert!(matches!(regressor.head_logits(&codes), Err(Error::WrongTask { .. })));
    assert!(matches!(classifier.head(&Array2::zeros((1, 5))), Err(Error::Shape { .. })));
    let mut with_nan = rows.clone();
    with_nan[[1, 0, 2]] = f32::NAN;
    assert!(matches!(classifier.classify(&with_nan), Err(Error::NotFinite { row: 1, .. })));
    assert_eq!(classifier.classify(&samples(0)).expect("no samples"), [0; 0]);
    assert_close(&classifier.logits(&rows).expect("good samples"), &head_outputs(&mean_of(Kind::Ae, &rows, &[])));
}

#[test]
fn the_error_for_the_wrong_bundle_type_says_how_to_open_it() {
    let fixture = HeadFixture::new(ClassifierKind::Classifier);
    let error = Autoencoder::open(fixture.path()).expect_err("a classifier").to_string();
    assert!(error.ends_with("is a classifier: open it with Classifier::open or run `narrows classify`"), "{error}");
    let error = Classifier::open(Fixture::new(Kind::Vae).path()).expect_err("an autoencoder").to_string();
    assert!(
        error.ends_with("is an autoencoder (vae): open it with Autoencoder::open or run `narrows encode`"),
        "{error}"
    );
}
