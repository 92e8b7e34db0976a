//! Responses to valid and invalid requests, as the library computes them.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use narrows_runtime::Samples;

use crate::{
    cases::{Case, cases},
    client::{Client, TestRequest, json, octets},
    running::{CLIENTS, LIMITS, Running},
    zoo::{WIDTH, model, rows},
};

#[test]
fn thousands_of_mixed_requests_get_correct_responses() {
    const REQUESTS: usize = 4000;
    let (running, next) = (Running::start(LIMITS), AtomicUsize::new(0));
    let cases = cases();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(running.address);
                while let Some(case) = Some(next.fetch_add(1, SeqCst)).filter(|&at| at < REQUESTS) {
                    let case = &cases[case % cases.len()];
                    case.check(&client.request(&case.request).expect("a response"));
                }
            });
        }
    });
    running.stop();
}

#[test]
fn the_size_limit_applies_to_chunked_bodies() {
    let running = Running::start(LIMITS);
    let head =
        "POST /encode HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    for (chunk, status, error) in [
        (
            format!("{:x}\r\n{}", LIMITS.body + 1, " ".repeat(LIMITS.body + 1)),
            413,
            "the body is larger than the limit of 65536 bytes",
        ),
        ("no length\r\n".to_owned(), 400, "the body is incomplete or not valid HTTP"),
    ] {
        let mut client = Client::new(running.address);
        client.send(format!("{head}{chunk}").as_bytes()).expect("a connection");
        let response = client.receive().expect("a response");
        assert_eq!((response.status, response.error().as_str()), (status, error));
    }
    running.stop();
}

#[test]
fn media_types_ignore_case() {
    let running = Running::start(LIMITS);
    let body = serde_json::json!({"rows": [vec![0; WIDTH]]}).to_string();
    let upper_case = TestRequest::post("Application/JSON; Charset=UTF-8", body.as_bytes());
    let codes = running.request(&upper_case.with("accept", "Application/Octet-Stream")).codes();
    assert_eq!(codes.len(), 8);
    running.stop();
}

#[test]
fn a_conditional_model_takes_labels_in_the_body_or_the_query() {
    let running = Running::start_with("cvae", LIMITS, |router, _| router);
    let (rows, model) = (rows(2, 0), model("cvae"));
    let in_body = |labels: &str| json(&rows).replaced("\"rows\"", &format!("\"labels\":{labels},\"rows\""));
    let good = [
        (in_body("[7, 3]"), [7, 3]),
        (octets(&rows, "u8").with_query("labels=7,3"), [7, 3]),
        (octets(&rows, "f32").with_query("labels=7%2C+3"), [7, 3]),
        (octets(&rows, "f32").with_query("label=%37"), [7, 7]),
        (json(&rows).with_query("label=7"), [7, 7]),
    ];
    for (request, labels) in good {
        let codes = model.encode(Samples::from(&rows).labelled(&labels)).expect("good rows");
        Case { request, expected: Ok(codes) }.run(&running);
    }
    let bad = [
        (octets(&rows, "u8"), "but none were given (add `labels` to the JSON, or labels=7,3 or label=7 to the query)"),
        (octets(&rows, "u8").with_query("labels=7"), "expected one label per row, got 1 label for 2 rows"),
        (octets(&rows, "u8").with_query("label=ten"), "there is no class `ten`"),
        (octets(&rows, "u8").with_query("label=%ff"), "label: invalid utf-8"),
        (octets(&rows, "u8").with_query("label=1&labels=1,2"), "one label or one list of labels"),
        (in_body("[7, 3]").with_query("label=7"), "in the query and in the body"),
        (in_body("[7, 10]"), "the label of row 1 is 10"),
    ];
    for (request, refusal) in bad {
        Case { expected: Err((400, refusal)), request }.run(&running);
    }
    running.stop();
}

#[test]
fn the_model_endpoint_describes_the_model() {
    let running = Running::start(LIMITS);
    let model = running.request(&TestRequest::get("/model")).json();
    assert_eq!((&model["kind"], &model["sample_shape"]), (&"vae".into(), &vec![8, 8].into()));
    assert_eq!((&model["latent_dim"], &model["takes_labels"]), (&8.into(), &false.into()));
    assert_eq!((&model["sample_range"], &model["limits"]["rows"]), (&vec![0.0, 16.0].into(), &64.into()));
    assert!(model["detector"].is_null());
    let none = running.request(&TestRequest::post("application/json", b"{\"rows\": []}"));
    assert_eq!((none.status, none.json()), (200, serde_json::json!({"codes": []})));
    running.stop();
}
