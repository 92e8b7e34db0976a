//! `GET /api/model` and `GET /api/rows`: what the page needs to know once.

use narrows_runtime::bundle::SampleKind;
use serde::Serialize;

use super::{plane::Plane, state::Explorer};
use crate::look::CellDescription;

/// Largest number of different classes that the page colours: ten colours as circles, then as squares.
const MAX_COLOURS: usize = 20;

#[derive(Serialize)]
pub(crate) struct Model<'a> {
    name: &'a str,
    kind: &'static str,
    title: &'static str,
    /// `image`, `series` or `table`.
    form: &'static str,
    shape: &'a [usize],
    range: (f32, f32),
    columns: Option<&'a [String]>,
    /// What the columns of a mixed table are; empty for other samples.
    cells: Vec<CellDescription<'a>>,
    scaling: Scaling<'a>,
    latent_dim: usize,
    takes_labels: bool,
    classes: &'a [String],
    can_generate: bool,
    is_variational: bool,
    /// Mean and standard deviation of each latent dimension.
    spread: &'a [(f32, f32)],
    order: &'a [usize],
    rows: usize,
    source: &'a str,
    /// Smallest and largest value of each feature among the rows.
    limits: Vec<(f32, f32)>,
    score: Option<&'a str>,
    max_rows: usize,
}

#[derive(Serialize)]
struct Scaling<'a> {
    offset: &'a [f32],
    scale: &'a [f32],
}

#[derive(Serialize)]
pub(crate) struct Points<'a> {
    plane: &'a Plane,
    /// Names of the classes, if the rows have at most 24 different ones.
    names: Option<Vec<&'a str>>,
    /// Index in `names` of each row.
    colours: Option<Vec<usize>>,
    errors: Option<Vec<f64>>,
    /// Number of each row in the data, from 0.
    numbers: &'a [usize],
}

impl Model<'_> {
    pub(crate) fn is_image(&self) -> bool {
        self.form == "image"
    }
}

impl Explorer {
    /// Describes the model.
    pub(crate) fn describe(&self) -> Model<'_> {
        let manifest = self.model.manifest();
        let (sample, kind) = (&manifest.sample, manifest.kind);
        let form = match (sample.kind, &sample.shape[..]) {
            (SampleKind::Series, _) => "series",
            (SampleKind::Features, shape) if narrows_evaluate::is_picture(shape) => "image",
            (SampleKind::Features, _) => "table",
        };
        Model {
            name: &self.name,
            kind: kind.name(),
            title: kind.title(),
            form,
            shape: &sample.shape,
            range: sample.range,
            columns: sample.columns.as_deref(),
            cells: self.cells.describe(),
            scaling: Scaling { offset: &manifest.scaling.offset, scale: &manifest.scaling.scale },
            latent_dim: self.model.latent_dim(),
            takes_labels: self.model.takes_labels(),
            classes: self.model.classes(),
            can_generate: self.model.code_spread().is_ok(),
            is_variational: kind.is_variational(),
            spread: &self.spread,
            order: &self.order,
            rows: self.rows.len(),
            source: &self.rows.rows.source,
            limits: self.rows.limits(),
            score: self.rows.errors.as_ref().err().map(String::as_str),
            max_rows: self.max_rows(),
        }
    }

    /// Describes the rows in a plane.
    pub(crate) fn points<'a>(&'a self, plane: &'a Plane) -> Points<'a> {
        let mut names: Vec<&str> = self.rows.rows.names.iter().flatten().map(String::as_str).collect();
        // Classes in the order of the model, others in alphabetical order.
        let position = |name: &str| self.model.classes().iter().position(|class| class == name).unwrap_or(usize::MAX);
        names.sort_unstable_by_key(|name| (position(name), *name));
        names.dedup();
        let names = (1..=MAX_COLOURS).contains(&names.len()).then_some(names);
        let colours = names.as_ref().zip(self.rows.rows.names.as_ref()).map(|(names, of_rows)| {
            of_rows.iter().filter_map(|name| names.iter().position(|other| other == name)).collect()
        });
        let errors = self.rows.errors.as_ref().ok().map(|errors| errors.to_vec());
        Points { plane, names, colours, errors, numbers: &self.rows.rows.numbers }
    }
}
