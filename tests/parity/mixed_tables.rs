//! Mixed tables of every kind of model, with every type of column, complete and with gaps: exported graphs give the
//! same values in Candle and in ONNX Runtime, and in candle-onnx where its operators allow.

use std::collections::BTreeSet;

use candle_core::{Device, Tensor};
use candle_onnx::{
    onnx::{GraphProto, ModelProto},
    simple_eval,
};
use narrows_bundle::{
    Bundle, Kind, Port, Role,
    table::{Column, ColumnKind, Layout, MissingCells, Schema, Stored},
};
use narrows_data::{Dataset, Notes, Part, SampleKind, Values};
use narrows_runtime::{Autoencoder, Detector, Options, proof::prove, proof::prove_detector, verify};
use narrows_tests::{exported, fitted, with_detector};
use narrows_trainer::{detector::DetectorOptions, ndarray::Array2};
use prost::Message;

use crate::brief;

const ROWS: usize = 240;
const KINDS: [Kind; 5] = [Kind::Ae, Kind::Dae, Kind::Wae, Kind::Vae, Kind::Cvae];

/// Which columns a table has.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Columns {
    Numbers,
    Categories,
    All,
}

fn number(name: &str) -> Column {
    column(name, ColumnKind::Number { decimals: Some(2) }, Stored::Float64)
}

fn column(name: &str, kind: ColumnKind, stored: Stored) -> Column {
    Column { name: name.to_owned(), kind, stored }
}

fn levels(count: usize) -> Vec<String> {
    (0..count).map(|level| format!("l{level}")).collect()
}

/// The columns, of which `many` has more levels than a one-hot table in the graph.
fn columns(which: Columns) -> Vec<Column> {
    let numbers = || {
        let heavy = column("price", ColumnKind::HeavyTailed { decimals: None }, Stored::Float64);
        vec![number("wave"), number("other"), heavy]
    };
    let categories = || {
        vec![
            column("sign", ColumnKind::Category { levels: levels(3) }, Stored::Text),
            column("size", ColumnKind::Ordered { levels: levels(4) }, Stored::Text),
            column("many", ColumnKind::Category { levels: levels(40) }, Stored::Text),
        ]
    };
    match which {
        Columns::Numbers => numbers(),
        Columns::Categories => categories(),
        Columns::All => {
            let others = [
                column("visits", ColumnKind::Count, Stored::Int64),
                column("sold", ColumnKind::Date { has_time: true }, Stored::Text),
            ];
            categories().into_iter().chain(numbers()).chain(others).collect()
        }
    }
}

fn table(which: Columns, missing: MissingCells) -> Dataset {
    let schema = Schema { columns: columns(which), missing };
    let cells = schema.cells();
    let values = Array2::from_shape_fn((ROWS, cells.len()), |(row, cell)| {
        if missing == MissingCells::Masked && (row * 7 + cell * 3) % 11 == 0 {
            return f32::NAN;
        }
        let wave = (row as f32 * 0.37 + cell as f32).sin();
        match (cells[cell].kind.levels(), cells[cell].name.as_str()) {
            // Level 0 is an unseen level.
            (Some(levels), _) => ((row * (cell + 3)) % (levels + 1)) as f32,
            (None, "visits") => ((2.0 + wave).exp()).round(),
            (None, "price") if row % 50 == 0 => 200.0,
            (None, _) => 10.0 + 3.0 * wave,
        }
    });
    Dataset {
        name: "table".to_owned(),
        sample_shape: vec![cells.len()],
        sample_kind: SampleKind::default(),
        range: (-10.0, 200.0),
        columns: Some(cells.iter().map(|cell| cell.name.clone()).collect()),
        fill: None,
        date_columns: None,
        table: Some(schema),
        train: Part {
            values: Values::F32(values),
            labels: Some((0..ROWS).map(|row| u32::from(row % 2 == 0)).collect()),
        },
        valid: None,
        test: None,
        classes: Some(vec!["odd".to_owned(), "even".to_owned()]),
        notes: Notes::default(),
    }
}

fn cases() -> Vec<(Columns, MissingCells)> {
    // A complete table of numbers only is no mixed table.
    vec![
        (Columns::Numbers, MissingCells::Masked),
        (Columns::Categories, MissingCells::Refused),
        (Columns::Categories, MissingCells::Masked),
        (Columns::All, MissingCells::Refused),
        (Columns::All, MissingCells::Masked),
    ]
}

#[test]
fn exported_graphs_of_mixed_tables_match_candle_for_every_kind_and_every_type_of_column() {
    for (which, missing) in cases() {
        let data = table(which, missing);
        for kind in KINDS {
            let name = format!("{kind} {which:?} {missing:?}");
            let (_folder, bundle) = exported(&fitted(&brief(kind), &data), &data);
            let model = Autoencoder::from_bundle(&bundle, &Options::default()).expect(&name);
            let parity = prove(&model, &bundle.probe().expect(&name)).expect(&name);
            assert!(parity.encoder.holds() && parity.decoder.holds(), "{name}: {parity:?}");
            let checks = verify(bundle.path(), &Options::default());
            assert!(checks.iter().all(|check| check.ok), "{name}: {checks:?}");
            same_in_candle_onnx(&name, &bundle);
        }
    }
}

#[test]
fn detectors_of_mixed_tables_give_the_fitted_labels_in_onnx_runtime() {
    for (which, missing) in cases() {
        let data = table(which, missing);
        for kind in KINDS {
            let name = format!("{kind} {which:?} {missing:?}");
            let (_folder, bundle) = exported(&fitted(&brief(kind), &data), &data);
            let options = DetectorOptions {
                score: narrows_bundle::AnomalyScore::Reconstruction,
                level: 0.05,
                ..DetectorOptions::default()
            };
            let (_folder, bundle) = with_detector(&bundle, &data, ROWS / 2, &options);
            let detector = Detector::from_bundle(&bundle, &Options::default()).expect(&name);
            let parity = prove_detector(&detector, &bundle.detector_probe().expect(&name)).expect(&name);
            assert!(parity.holds() && parity.label_flips == 0, "{name}: {parity:?}");
        }
    }
}

/// Operators of the graphs of mixed tables that candle-onnx lacks.
const LACKING: [&str; 1] = ["IsNaN"];

/// Compares both graphs in candle-onnx with the probe, or asserts that they have an operator that it lacks.
fn same_in_candle_onnx(name: &str, bundle: &Bundle) {
    let probe = bundle.probe().expect(name);
    let graphs = &bundle.manifest().graphs;
    let layout = Layout::of(&bundle.manifest().sample.cells().expect(name));
    let rows = probe.rows();
    let cells = probe.samples.to_shape((rows, probe.samples.len() / rows)).expect(name).to_owned();
    let input = |port: &Port| -> Tensor {
        match port.role {
            Role::Sample => {
                let numbers = cells.select(narrows_trainer::ndarray::Axis(1), &layout.numbers);
                crate::engines::floats(&numbers.into_dyn())
            }
            Role::Categories => {
                let levels: Vec<i64> = cells
                    .outer_iter()
                    .flat_map(|row| {
                        layout.categories.iter().map(move |&(cell, _)| row[cell] as i64).collect::<Vec<_>>()
                    })
                    .collect();
                Tensor::from_vec(levels, (rows, layout.categories.len()), &Device::Cpu).expect(name)
            }
            Role::Latent => crate::engines::floats(&probe.codes),
            Role::Label => crate::engines::labels(probe.labels.as_deref().expect(name)),
            Role::Mean
            | Role::LogVariance
            | Role::Reconstruction
            | Role::Logits
            | Role::Probabilities
            | Role::Prediction
            | Role::Score
            | Role::PValue
            | Role::Anomaly
            | Role::Share
            | Role::DecodedCategories
            | Role::LevelProbabilities => panic!("{:?} is an output, not an input", port.role),
        }
    };
    for (ports, expected) in [(&graphs.encoder, &probe.encoded), (&graphs.decoder, &probe.decoded)] {
        let bytes = bundle.graph(ports).expect(name);
        let model = ModelProto::decode(bytes.as_slice()).expect(name);
        let lacking = lacking(model.graph.as_ref().expect(name));
        let inputs = ports.inputs.iter().map(|port| (port.name.clone(), input(port))).collect();
        match simple_eval(&model, inputs) {
            Ok(outputs) => {
                assert!(lacking.is_empty(), "{name}: candle-onnx has {lacking:?} now; remove them from the list");
                for (output, expected) in expected {
                    let actual =
                        outputs[output].to_dtype(candle_core::DType::F32).and_then(|tensor| tensor.flatten_all());
                    let actual: Vec<f32> = actual.and_then(|flat| flat.to_vec1()).expect(name);
                    let largest =
                        actual.iter().zip(expected).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
                    assert_eq!(actual.len(), expected.len(), "{name} {output}");
                    // Values of up to 200, and levels, of which few may differ where two are as probable.
                    assert!(largest <= 1e-2, "{name}: `{output}` differs by {largest}");
                }
            }
            Err(error) => assert!(!lacking.is_empty(), "{name}: {error}"),
        }
    }
}

fn lacking(graph: &GraphProto) -> BTreeSet<String> {
    let types = graph.node.iter().map(|node| node.op_type.clone());
    types.filter(|operator| LACKING.contains(&operator.as_str())).collect()
}
