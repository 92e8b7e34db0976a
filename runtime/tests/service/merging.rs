//! Merged requests: a row has the code that it has alone, and an invalid request fails alone.

use std::{io::sink, sync::Arc};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use narrows_runtime::{Samples, ndarray::Array2, proof::ENCODER_TOLERANCE};
use tokio::time::{Duration, Instant};

use crate::{
    compute::Computer,
    job::{Job, Pending, Task},
    limits::Limits,
    memory::Memory,
    merge::{joins, run},
    record::Content,
    refusal::Refusal,
    request::RequestHead,
    running::{LIMITS, service_of},
    zoo::{WIDTH, model, rows, zoo},
};

/// A computer, and the jobs that it does together.
struct Together {
    computer: Computer,
    threads: tokio::runtime::Runtime,
    jobs: Vec<Job>,
    pending: Vec<Pending>,
}

impl Together {
    fn new(kind: &str) -> Self {
        let (service, _) = service_of(zoo(kind), LIMITS, sink());
        let computer = Computer {
            models: Arc::clone(&service.models),
            metrics: Arc::clone(&service.metrics),
            memory: Memory::new(LIMITS.memory),
            max_rows: LIMITS.rows,
        };
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread");
        Together { computer, threads, jobs: Vec::new(), pending: Vec::new() }
    }

    /// Adds a request of rows as `u8` or `f32`.
    fn add(&mut self, rows: &Array2<f32>, dtype: &'static str, query: &str) {
        let body: Vec<u8> = match dtype {
            "u8" => rows.iter().map(|&value| value as u8).collect(),
            _ => rows.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        let octets = HeaderValue::from_static("application/octet-stream");
        let headers =
            [("content-type", octets.clone()), ("accept", octets), ("x-dtype", HeaderValue::from_static(dtype))];
        let headers = HeaderMap::from_iter(headers.map(|(name, value)| (HeaderName::from_static(name), value)));
        let uri = format!("/encode{query}").parse().expect("a path");
        let head = RequestHead::of(&headers, &uri).unwrap_or_else(|_| panic!("a valid head"));
        let body = self.threads.block_on(self.computer.memory.read(body.into(), &LIMITS));
        let body = body.unwrap_or_else(|_| panic!("enough memory"));
        let (job, pending) = Job::new(Task::Encode, head, body, Content::default(), self.computer.metrics.wait());
        self.jobs.push(job);
        self.pending.push(pending);
    }

    /// Computes all jobs at once, and returns the codes or the status of each.
    fn run(&mut self) -> Vec<Result<Vec<f32>, u16>> {
        run(&self.computer, std::mem::take(&mut self.jobs));
        let status = |refusal: Refusal| axum::response::IntoResponse::into_response(refusal).status().as_u16();
        let mut found = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            let codes = self.threads.block_on(async {
                let response = pending.response(Instant::now() + Duration::from_secs(60)).await.map_err(status)?;
                let bytes = http_body_util::BodyExt::collect(response.into_body()).await.expect("bytes").to_bytes();
                let (words, rest) = bytes.as_chunks::<4>();
                assert!(rest.is_empty());
                Ok(words.iter().map(|&word| f32::from_le_bytes(word)).collect())
            });
            found.push(codes);
        }
        found
    }

    /// Returns the number of runs of the model, and of rows in them.
    fn runs(&self) -> (f64, f64) {
        let text = self.computer.metrics.text().expect("text");
        let value = |name: &str| {
            let series = format!("narrows_batch_rows_{name}{{route=\"encode\"}} ");
            text.lines()
                .find_map(|line| line.strip_prefix(&series))
                .map_or(0.0, |value| value.parse().expect("a number"))
        };
        (value("count"), value("sum"))
    }
}

fn assert_close(found: &[f32], expected: &Array2<f32>) {
    assert_eq!(found.len(), expected.len());
    let largest = found.iter().zip(expected).map(|(found, code)| (found - code).abs()).fold(0.0, f32::max);
    assert!(largest <= ENCODER_TOLERANCE, "largest difference {largest}");
}

#[test]
fn a_merged_row_has_the_code_that_it_has_alone() {
    for kind in ["vae", "cvae", "conv-vae"] {
        let (mut together, model) = (Together::new(kind), model(kind));
        let sizes = [1, 1, 2, 0, 16, 1, 3];
        for (seed, &size) in sizes.iter().enumerate() {
            let query = if kind == "cvae" { format!("?label={seed}") } else { String::new() };
            together.add(&rows(size, seed), if seed % 2 == 0 { "u8" } else { "f32" }, &query);
        }
        let found = together.run();
        assert_eq!(together.runs(), (1.0, 24.0), "one run for all rows");
        for (seed, (&size, found)) in sizes.iter().zip(found).enumerate() {
            let (rows, labels) = (rows(size, seed), vec![seed as i64; size]);
            let samples = Samples::from(&rows);
            let alone = model.encode(if kind == "cvae" { samples.labelled(&labels) } else { samples });
            assert_close(&found.expect("codes"), &alone.expect("good rows"));
        }
    }
}

#[test]
fn a_request_alone_has_the_bits_of_the_library() {
    let (mut together, model) = (Together::new("vae"), model("vae"));
    together.add(&rows(3, 5), "f32", "");
    let expected = model.encode(&rows(3, 5)).expect("good rows");
    assert_eq!(together.run(), [Ok(expected.iter().copied().collect())]);
}

#[test]
fn an_invalid_request_fails_alone() {
    let (mut together, model) = (Together::new("cvae"), model("cvae"));
    let mut with_nan = rows(2, 0);
    with_nan[[1, 9]] = f32::NAN;
    let too_many = Array2::from_elem((65, WIDTH), 1.0);
    let invalid = [
        vec![(with_nan, "?label=0", 400)],
        // As many labels as rows in total: the rows between would get the labels of other clients.
        vec![(rows(2, 2), "?labels=2", 400), (rows(1, 2), "?labels=4,5", 400)],
        vec![(rows(1, 2), "", 400), (rows(1, 3), "?labels=4,5", 400)],
        vec![(rows(1, 3), "?label=none", 400), (too_many, "?label=0", 413)],
    ];
    for invalid in invalid {
        let (first, last) = (rows(1, 1), rows(1, 4));
        together.add(&first, "f32", "?label=1");
        invalid.iter().for_each(|(rows, query, _)| together.add(rows, "f32", query));
        together.add(&last, "u8", "?labels=7");
        let mut found = together.run();
        for (found, rows, label) in [(found.pop(), last, 7), (Some(found.remove(0)), first, 1)] {
            let alone = model.encode(Samples::from(&rows).labelled(&[label])).expect("good rows");
            assert_close(&found.expect("a response").expect("codes"), &alone);
        }
        for (found, (_, query, status)) in found.into_iter().zip(invalid) {
            assert_eq!(found, Err(status), "{query}");
        }
    }
}

#[test]
fn only_small_requests_to_encode_join_and_not_more_than_the_limit() {
    let mut together = Together::new("vae");
    (0..4).for_each(|seed| together.add(&rows(1, seed), "u8", ""));
    let Limits { merge, .. } = Limits::default();
    assert!(merge > 1);
    let mut jobs = std::mem::take(&mut together.jobs);
    let next = jobs.pop().expect("a job");
    assert!(joins(&jobs, &next, 4) && !joins(&jobs, &next, 3), "3 are taken");
    let mut detect = next;
    detect.task = Task::Detect;
    assert!(!joins(&jobs, &detect, 4));
    jobs.insert(0, detect);
    let next = jobs.pop().expect("a job");
    assert!(!joins(&jobs, &next, 4), "a request to /detect is computed alone");
}
