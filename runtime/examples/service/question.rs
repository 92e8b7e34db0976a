//! What a request to encode says: the form of its rows and of the answer in its head, labels in its query, rows
//! in its body.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use narrows_runtime::{
    Autoencoder, Error, Samples,
    ndarray::{Array2, ArrayView2, ShapeError},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::refusal::{JSON, Refusal, refuse};

pub(crate) const OCTETS: &str = "application/octet-stream";

/// All that stands before the body.
pub(crate) struct Head {
    rows: RowForm,
    labels: Option<Labels>,
    pub(crate) wants_octets: bool,
}

enum RowForm {
    Json,
    Bytes,
    Floats,
}

/// Classes by their names or numbers, from the query.
enum Labels {
    /// `label=7`
    All(String),
    /// `labels=7,3`
    Each(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    rows: Vec<Vec<f32>>,
    labels: Option<Vec<i64>>,
}

fn bad(why: impl ToString) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, why)
}

impl Head {
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Result<Self, Refusal> {
        Ok(Head {
            rows: RowForm::of(headers)?,
            labels: Labels::of(uri.query().unwrap_or_default())?,
            wants_octets: text(headers, header::ACCEPT.as_str()).to_ascii_lowercase().contains(OCTETS),
        })
    }

    /// The codes of all rows of the body. It computes, and so belongs on a thread of its own.
    pub(crate) fn codes(&self, body: &[u8], model: &Autoencoder, most: usize) -> Result<Array2<f32>, Refusal> {
        let width: usize = model.sample_shape().iter().product();
        let shape = |numbers: usize| match (numbers / width, numbers % width) {
            (rows, 0) if rows <= most => Ok((rows, width)),
            (rows, 0) => Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("{rows} rows, at most {most} go"))),
            _ => Err(bad(format!("{numbers} numbers are no whole rows of {width}"))),
        };
        let misfit = |error: ShapeError| bad(error);
        match self.rows {
            RowForm::Json => {
                let Body { rows, labels } = Body::of(body)?;
                if let Some((at, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != width) {
                    return Err(bad(format!("row {at} has {} numbers, this model takes {width}", row.len())));
                }
                let rows = Array2::from_shape_vec(shape(rows.len() * width)?, rows.concat()).map_err(misfit)?;
                let labels = self.labels(model, rows.nrows(), labels)?;
                Ok(encode(model, &rows, labels.as_deref())?)
            }
            RowForm::Bytes => {
                let rows = ArrayView2::from_shape(shape(body.len())?, body).map_err(misfit)?;
                let labels = self.labels(model, rows.nrows(), None)?;
                Ok(encode(model, rows, labels.as_deref())?)
            }
            RowForm::Floats => {
                let (words, rest) = body.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(bad(format!("{} bytes are no whole numbers of 4 bytes", body.len())));
                }
                let values = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
                let rows = Array2::from_shape_vec(shape(words.len())?, values).map_err(misfit)?;
                let labels = self.labels(model, rows.nrows(), None)?;
                Ok(encode(model, &rows, labels.as_deref())?)
            }
        }
    }

    fn labels(&self, model: &Autoencoder, rows: usize, in_body: Option<Vec<i64>>) -> Result<Option<Vec<i64>>, Refusal> {
        match (&self.labels, in_body) {
            (Some(_), Some(_)) => Err(bad("there are labels in the query and in the body (leave one out)")),
            (Some(in_query), None) => Ok(Some(in_query.numbers(model, rows)?)),
            (None, in_body) => Ok(in_body),
        }
    }
}

fn encode<'a>(
    model: &Autoencoder,
    rows: impl Into<Samples<'a>>,
    labels: Option<&'a [i64]>,
) -> Result<Array2<f32>, Error> {
    let samples = rows.into();
    model.encode(match labels {
        Some(labels) => samples.labelled(labels),
        None => samples,
    })
}

impl RowForm {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let content_type = text(headers, header::CONTENT_TYPE.as_str());
        let media_type = content_type.split(';').next().unwrap_or_default().trim_end().to_ascii_lowercase();
        match (media_type.as_str(), text(headers, "x-dtype")) {
            (JSON, _) => Ok(RowForm::Json),
            (OCTETS, "u8") => Ok(RowForm::Bytes),
            (OCTETS, "f32") => Ok(RowForm::Floats),
            (OCTETS, other) => Err(bad(format!("{OCTETS} needs the header x-dtype, u8 or f32, got `{other}`"))),
            (other, _) => {
                let why = format!("the content type is {JSON} or {OCTETS}, got `{other}`");
                Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, why))
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

impl Labels {
    fn of(query: &str) -> Result<Option<Self>, Refusal> {
        let mut found = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8().map_err(|error| bad(format!("{name}: {error}")))?;
            let labels = match name {
                "label" => Labels::All(value.trim().to_owned()),
                "labels" => Labels::Each(value.split(',').map(|label| label.trim().to_owned()).collect()),
                other => return Err(bad(format!("the query takes label or labels, got `{other}`"))),
            };
            if found.replace(labels).is_some() {
                return Err(bad("the query takes one label or one list of labels, got more"));
            }
        }
        Ok(found)
    }

    /// One for each of the rows, or as many as the caller gave.
    fn numbers(&self, model: &Autoencoder, rows: usize) -> Result<Vec<i64>, Error> {
        if !model.takes_labels() {
            return Err(Error::LabelsUnexpected { kind: model.manifest().kind.name(), labels: rows });
        }
        match self {
            Labels::All(class) => Ok(vec![model.class_named(class)? as i64; rows]),
            Labels::Each(classes) => model.labels_named(classes),
        }
    }
}

impl Body {
    fn of(bytes: &[u8]) -> Result<Self, Refusal> {
        // Serde would also take `[rows, labels]` for it.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(bad("the body is a JSON object, {\"rows\": [[...], ...]}, got something else"));
        }
        serde_json::from_slice(bytes).map_err(bad)
    }
}
