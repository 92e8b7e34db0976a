//! Parsing of a request: formats of the rows and the response in the headers, labels in the query, rows in the body.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use narrows_runtime::{
    Autoencoder, Error, Samples,
    ndarray::{Array2, ArrayView2, ShapeError},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::{
    json_rows::JsonRows,
    refusal::{JSON, Refusal, refuse},
};

pub(crate) const OCTETS: &str = "application/octet-stream";

/// The headers and the query of a request.
pub(crate) struct RequestHead {
    rows: RowFormat,
    labels: Option<Labels>,
    pub(crate) wants_octets: bool,
}

/// The rows of a request, and their labels.
pub(crate) struct Batch<'b> {
    rows: Rows<'b>,
    labels: Option<Vec<i64>>,
}

enum Rows<'b> {
    Floats(Array2<f32>),
    Bytes(ArrayView2<'b, u8>),
}

enum RowFormat {
    Json,
    Bytes,
    Floats,
}

/// Class names or labels from the query.
enum Labels {
    /// `label=7`: one class for all rows.
    All(String),
    /// `labels=7,3`: a class for each row.
    Each(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    rows: JsonRows,
    labels: Option<Vec<i64>>,
}

fn bad_request(reason: impl ToString) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, reason)
}

impl RequestHead {
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri) -> Result<Self, Refusal> {
        Ok(RequestHead {
            rows: RowFormat::of(headers)?,
            labels: Labels::of(uri.query().unwrap_or_default())?,
            wants_octets: text(headers, header::ACCEPT.as_str()).to_ascii_lowercase().contains(OCTETS),
        })
    }

    /// Parses all rows of the body. This is CPU-bound; call it on a blocking thread.
    pub(crate) fn batch<'b>(&self, body: &'b [u8], model: &Autoencoder, max_rows: usize) -> Result<Batch<'b>, Refusal> {
        let width: usize = model.sample_shape().iter().product();
        let shape = |values: usize| match (values / width, values % width) {
            (rows, 0) if rows <= max_rows => Ok((rows, width)),
            (rows, 0) => {
                Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, format!("got {rows} rows, at most {max_rows} are allowed")))
            }
            _ => Err(bad_request(format!("{values} values are not a multiple of the row length {width}"))),
        };
        let shape_error = |error: ShapeError| bad_request(error);
        match self.rows {
            RowFormat::Json => {
                let Body { rows, labels } = Body::of(body)?;
                if let Some((index, values)) = rows.wrong_row(width) {
                    return Err(bad_request(format!("row {index} has {values} values, this model takes {width}")));
                }
                let rows = Array2::from_shape_vec(shape(rows.count * width)?, rows.values).map_err(shape_error)?;
                let labels = self.labels(model, rows.nrows(), labels)?;
                Ok(Batch { rows: Rows::Floats(rows), labels })
            }
            RowFormat::Bytes => {
                let rows = ArrayView2::from_shape(shape(body.len())?, body).map_err(shape_error)?;
                let labels = self.labels(model, rows.nrows(), None)?;
                Ok(Batch { rows: Rows::Bytes(rows), labels })
            }
            RowFormat::Floats => {
                let (words, rest) = body.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(bad_request(format!(
                        "{} bytes are not a multiple of the 4 bytes of an f32",
                        body.len()
                    )));
                }
                let values = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
                let rows = Array2::from_shape_vec(shape(words.len())?, values).map_err(shape_error)?;
                let labels = self.labels(model, rows.nrows(), None)?;
                Ok(Batch { rows: Rows::Floats(rows), labels })
            }
        }
    }

    fn labels(&self, model: &Autoencoder, rows: usize, in_body: Option<Vec<i64>>) -> Result<Option<Vec<i64>>, Refusal> {
        match (&self.labels, in_body) {
            (Some(_), Some(_)) => Err(bad_request("there are labels in the query and in the body (leave one out)")),
            (Some(in_query), None) => Ok(Some(in_query.to_numbers(model, rows)?)),
            (None, in_body) => Ok(in_body),
        }
    }
}

impl Batch<'_> {
    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        match &self.rows {
            Rows::Floats(rows) => rows.nrows(),
            Rows::Bytes(rows) => rows.nrows(),
        }
    }

    /// Returns all values, in row-major order.
    pub(crate) fn values(&self) -> Vec<f32> {
        match &self.rows {
            Rows::Floats(rows) => rows.iter().copied().collect(),
            Rows::Bytes(rows) => rows.iter().map(|&value| f32::from(value)).collect(),
        }
    }

    pub(crate) fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    /// Returns the rows with their labels, `[rows, features]`.
    pub(crate) fn samples(&self) -> Samples<'_> {
        let samples = match &self.rows {
            Rows::Floats(rows) => Samples::from(rows),
            Rows::Bytes(rows) => Samples::from(rows),
        };
        match &self.labels {
            Some(labels) => samples.labelled(labels),
            None => samples,
        }
    }
}

impl RowFormat {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let content_type = text(headers, header::CONTENT_TYPE.as_str());
        let media_type = content_type.split(';').next().unwrap_or_default().trim_end().to_ascii_lowercase();
        match (media_type.as_str(), text(headers, "x-dtype")) {
            (JSON, _) => Ok(RowFormat::Json),
            (OCTETS, "u8") => Ok(RowFormat::Bytes),
            (OCTETS, "f32") => Ok(RowFormat::Floats),
            (OCTETS, other) => {
                Err(bad_request(format!("{OCTETS} needs the header x-dtype with u8 or f32, got `{other}`")))
            }
            (other, _) => {
                let reason = format!("the content type must be {JSON} or {OCTETS}, got `{other}`");
                Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason))
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

impl Labels {
    fn of(query: &str) -> Result<Option<Self>, Refusal> {
        let mut parsed = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value =
                percent_decode_str(&value).decode_utf8().map_err(|error| bad_request(format!("{name}: {error}")))?;
            let labels = match name {
                "label" => Labels::All(value.trim().to_owned()),
                "labels" => Labels::Each(value.split(',').map(|label| label.trim().to_owned()).collect()),
                other => return Err(bad_request(format!("the query parameters are label and labels, got `{other}`"))),
            };
            if parsed.replace(labels).is_some() {
                return Err(bad_request("the query takes one label or one list of labels, got more"));
            }
        }
        Ok(parsed)
    }

    /// Converts the classes to labels: one per row for `label`, one per list element for `labels`.
    fn to_numbers(&self, model: &Autoencoder, rows: usize) -> Result<Vec<i64>, Error> {
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
        // Serde would also accept the array `[rows, labels]`.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(bad_request("the body must be a JSON object, {\"rows\": [[...], ...]}"));
        }
        serde_json::from_slice(bytes).map_err(bad_request)
    }
}
