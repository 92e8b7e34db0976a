//! The ports of exported graphs, read from the ONNX files.

use narrows_bundle::{
    Kind, Role,
    onnx::{DimensionValue, Model, ValueInfo},
};
use narrows_tests::{digits, exported, fitted};
use prost::Message;

use crate::brief;

/// Kind, encoder or decoder, inputs and outputs, for samples of shape `[8, 8]` and four latent dimensions.
const TABLE: [(Kind, &str, &[&str], &[&str]); 12] = [
    (Kind::Pca, "encoder", &["x: f32[batch, 8, 8]"], &["z: f32[batch, 4]"]),
    (Kind::Pca, "decoder", &["z: f32[batch, 4]"], &["x_hat: f32[batch, 8, 8]"]),
    (Kind::Ae, "encoder", &["x: f32[batch, 8, 8]"], &["z: f32[batch, 4]"]),
    (Kind::Ae, "decoder", &["z: f32[batch, 4]"], &["x_hat: f32[batch, 8, 8]"]),
    (Kind::Dae, "encoder", &["x: f32[batch, 8, 8]"], &["z: f32[batch, 4]"]),
    (Kind::Dae, "decoder", &["z: f32[batch, 4]"], &["x_hat: f32[batch, 8, 8]"]),
    (Kind::Wae, "encoder", &["x: f32[batch, 8, 8]"], &["z: f32[batch, 4]"]),
    (Kind::Wae, "decoder", &["z: f32[batch, 4]"], &["x_hat: f32[batch, 8, 8]"]),
    (Kind::Vae, "encoder", &["x: f32[batch, 8, 8]"], &["mu: f32[batch, 4]", "log_var: f32[batch, 4]"]),
    (Kind::Vae, "decoder", &["z: f32[batch, 4]"], &["x_hat: f32[batch, 8, 8]"]),
    (
        Kind::Cvae,
        "encoder",
        &["x: f32[batch, 8, 8]", "label: i64[batch]"],
        &["mu: f32[batch, 4]", "log_var: f32[batch, 4]"],
    ),
    (Kind::Cvae, "decoder", &["z: f32[batch, 4]", "label: i64[batch]"], &["x_hat: f32[batch, 8, 8]"]),
];

#[test]
fn the_table_has_both_graphs_of_every_kind() {
    for kind in Kind::ALL {
        assert_eq!(TABLE.iter().filter(|row| row.0 == kind).count(), 2, "{kind}");
    }
}

#[test]
fn every_exported_graph_has_the_ports_of_the_table() {
    let data = digits();
    for (kind, role, inputs, outputs) in TABLE {
        let (_folder, bundle) = exported(&fitted(&brief(kind), &data), &data);
        let bytes = bundle.read(&format!("{role}.onnx")).expect("a graph of every bundle");
        let model = Model::decode(bytes.as_slice()).expect("just written");
        assert_eq!((model.ir_version, model.producer_name.as_str()), (8, "narrows"), "{kind} {role}");
        let sets: Vec<_> = model.opset_import.iter().map(|set| (set.domain.as_str(), set.version)).collect();
        assert_eq!(sets, [("", 17)], "{kind} {role}");

        let metadata: Vec<_> =
            model.metadata_props.iter().map(|entry| (entry.key.as_str(), entry.value.as_str())).collect();
        for expected in [("narrows.kind", kind.name()), ("narrows.latent", "4")] {
            assert!(metadata.contains(&expected), "{kind} {role}: {metadata:?}");
        }
        assert!(metadata.iter().all(|(key, _)| key.starts_with("narrows.")), "{kind} {role}: {metadata:?}");
        let classes = metadata.contains(&("narrows.classes", "0,1,2,3,4,5,6,7,8,9"));
        assert_eq!(classes, kind == Kind::Cvae, "{kind} {role}: {metadata:?}");

        let graph = model.graph.expect("just written");
        assert_eq!(describe(&graph.input), inputs, "{kind} {role}");
        assert_eq!(describe(&graph.output), outputs, "{kind} {role}");
        let random =
            ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"];
        assert!(graph.node.iter().all(|node| !random.contains(&node.op_type.as_str())), "{kind} {role}");
    }
}

#[test]
fn the_manifest_names_the_role_of_every_port() {
    let data = digits();
    for kind in Kind::ALL {
        let (_folder, bundle) = exported(&fitted(&brief(kind), &data), &data);
        let graphs = &bundle.manifest().graphs;
        let ports = [&graphs.encoder.inputs, &graphs.encoder.outputs, &graphs.decoder.inputs, &graphs.decoder.outputs];
        for port in ports.into_iter().flatten() {
            let expected = match port.role {
                Role::Sample => "x",
                Role::Label => "label",
                Role::Latent => "z",
                Role::Mean => "mu",
                Role::LogVariance => "log_var",
                Role::Reconstruction => "x_hat",
                Role::Logits
                | Role::Probabilities
                | Role::Prediction
                | Role::Score
                | Role::PValue
                | Role::Anomaly
                | Role::Share
                | Role::Categories
                | Role::DecodedCategories
                | Role::LevelProbabilities => {
                    panic!("an autoencoder has no such port: {port:?}")
                }
            };
            assert_eq!(port.name, expected, "{kind}");
        }
    }
}

/// Describes ports as in the table, such as `x: f32[batch, 8, 8]`.
fn describe(values: &[ValueInfo]) -> Vec<String> {
    let of_value = |value: &ValueInfo| {
        let tensor = value.r#type.as_ref().and_then(|r#type| r#type.tensor_type.as_ref()).expect("a tensor");
        let dtype = match tensor.elem_type {
            1 => "f32",
            7 => "i64",
            other => panic!("element type {other}"),
        };
        let sizes = tensor.shape.iter().flat_map(|shape| &shape.dim).map(|dim| match &dim.value {
            Some(DimensionValue::Size(size)) => size.to_string(),
            Some(DimensionValue::Symbol(symbol)) => symbol.clone(),
            None => "?".to_owned(),
        });
        format!("{}: {dtype}[{}]", value.name, sizes.collect::<Vec<_>>().join(", "))
    };
    values.iter().map(of_value).collect()
}

/// `onnx.compose.merge_models` of Python refuses graphs in which a key of the metadata has different values.
#[test]
fn no_metadata_key_has_two_values_in_the_graphs_of_a_bundle() {
    let data = digits();
    for kind in Kind::ALL {
        let (_folder, bundle) = exported(&fitted(&brief(kind), &data), &data);
        let [encoder, decoder] = ["encoder", "decoder"].map(|role| {
            let bytes = bundle.read(&format!("{role}.onnx")).expect("a graph of every bundle");
            Model::decode(bytes.as_slice()).expect("just written")
        });
        assert!(!encoder.metadata_props.is_empty(), "{kind}");
        for entry in &encoder.metadata_props {
            let other = decoder.metadata_props.iter().find(|other| other.key == entry.key);
            assert!(other.is_none_or(|other| other.value == entry.value), "{kind}: {entry:?} and {other:?}");
        }
    }
}
