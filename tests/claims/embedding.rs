//! The neighbour embedding keeps the classes of the digits together.

use narrows_data::Part;
use narrows_evaluate::{Components, neighbour_embedding};
use narrows_runtime::Autoencoder;
use narrows_tests::digits;
use ndarray::{Array2, Axis};

use crate::nearest_neighbours::NearestNeighbours;

/// Rows that are embedded; two thirds of them are known.
const ROWS: usize = 600;
const KNOWN: usize = 400;

/// Returns the fraction of the other points that have the class of their nearest neighbours among the known ones.
fn preserved(points: &Array2<f32>, labels: &[u32]) -> f64 {
    let part = |from: usize, to: usize| points.slice_axis(Axis(0), (from..to).into()).to_owned();
    let known = NearestNeighbours { rows: part(0, KNOWN), labels: labels[..KNOWN].to_vec() };
    known.agreement(&part(KNOWN, ROWS), labels[KNOWN..].iter().copied())
}

fn first_rows(part: &Part) -> (Array2<f32>, Vec<u32>) {
    let values = part.values.to_f32().expect("in memory");
    let labels = part.labels.iter().flatten().take(ROWS).copied().collect();
    (values.slice_axis(Axis(0), (0..ROWS).into()).to_owned(), labels)
}

#[test]
fn neighbours_in_the_map_have_the_same_class_more_often_than_in_the_plane_of_principal_components() {
    let (rows, labels) = first_rows(&digits().train);
    for bundle in ["ae", "wae", "vae", "conv-vae"] {
        let path = format!("{}/../models/zoo/{bundle}", env!("CARGO_MANIFEST_DIR"));
        let codes = Autoencoder::open(path).and_then(|model| model.encode(rows.view())).expect("`just zoo` builds it");
        let wide = codes.mapv(f64::from);
        let plane = Components::fit(wide.view(), 2).of(wide.view()).mapv(|value| value as f32);
        let map = neighbour_embedding(codes.view(), 0, &|| false).expect("nobody stops it");
        let (map, plane, all) = (preserved(&map, &labels), preserved(&plane, &labels), preserved(&codes, &labels));
        println!("{bundle}: map {map}, plane {plane}, codes {all}");
        assert!(map >= plane + 0.1 && map >= all - 0.05, "{bundle}: {map}, of the plane {plane}, of the codes {all}");
    }
}
