//! Requests with their expected responses.

use std::sync::OnceLock;

use narrows_runtime::ndarray::Array2;

use crate::{
    client::{TestRequest, TestResponse, json, octets},
    running::{LIMITS, Running},
    zoo::{model, rows},
};

/// Largest accepted difference of a code: ONNX Runtime may sum in another order on another thread. Codes are of the
/// order of 1.
const CLOSE: f32 = 1e-5;

/// A request with the expected codes, or with the expected status and a part of the error message.
pub(crate) struct Case {
    pub(crate) request: TestRequest,
    pub(crate) expected: Result<Array2<f32>, (u16, &'static str)>,
}

/// Returns valid requests in every format and size, and about as many invalid ones.
pub(crate) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let model = model("vae");
        let good = (0..12).flat_map(|seed| {
            let rows = rows([1, 2, 7, 64][seed % 4], seed);
            let codes = model.encode(&rows).expect("good rows");
            [json(&rows), octets(&rows, "u8"), octets(&rows, "f32")].map(|request| {
                let request = if seed % 3 == 0 { request.with("accept", "application/octet-stream") } else { request };
                Case { request, expected: Ok(codes.clone()) }
            })
        });
        let mut with_nan = rows(3, 0);
        with_nan[[1, 9]] = f32::NAN;
        let bad = [
            (TestRequest::post("application/json", b"{\"rows\": [[1, 2"), (400, "EOF")),
            (TestRequest::post("application/json", b"{\"rows\": [[1, 2, 3]]}"), (400, "row 0 has 3 values")),
            (TestRequest::post("application/json", b"{\"row\": []}"), (400, "unknown field `row`")),
            (TestRequest::post("application/json", b"\xff"), (400, "a JSON object")),
            (TestRequest::post("application/json", b"[[[1, 2]], null]"), (400, "a JSON object")),
            (json(&rows(2, 0)).replaced("\"rows\"", "\"labels\":[1,2],\"rows\""), (400, "takes no labels")),
            (json(&rows(1, 0)).replaced("[[0.0", "[[1e39"), (400, "number out of range")),
            (octets(&with_nan, "f32"), (400, "NaN in row 1 at [1, 1]")),
            (TestRequest::post("application/octet-stream", &[0; 64]), (400, "needs the header x-dtype")),
            (TestRequest::post("application/octet-stream", &[0; 64]).with("x-dtype", "f64"), (400, "got `f64`")),
            (
                TestRequest::post("application/octet-stream", &[0; 65]).with("x-dtype", "u8"),
                (400, "not a multiple of the row length 64"),
            ),
            (TestRequest::post("application/octet-stream", &[0; 257]).with("x-dtype", "f32"), (400, "257 bytes")),
            (TestRequest::post("text/csv", b"1,2,3"), (415, "got `text/csv`")),
            (octets(&rows(65, 0), "u8"), (413, "65 rows, at most 64")),
            (TestRequest::declaring(LIMITS.body + 1), (413, "65536 bytes")),
            (octets(&rows(2, 0), "u8").with_query("label=3"), (400, "takes no labels (leave them out)")),
            (octets(&rows(2, 0), "u8").with_query("lable=3"), (400, "got `lable`")),
            (TestRequest::get("/encode"), (405, "does not support the method")),
            (TestRequest::get("/"), (404, "use /encode")),
            (json(&rows(1, 0)).to("/detect"), (404, "has no detector (add one with `narrows detect fit BUNDLE`)")),
        ];
        let bad = bad.into_iter().map(|(request, refusal)| Case { request, expected: Err(refusal) });
        good.chain(bad).collect()
    })
}

impl Case {
    pub(crate) fn run(&self, running: &Running) {
        self.check(&running.request(&self.request));
    }

    pub(crate) fn check(&self, response: &TestResponse) {
        match &self.expected {
            Ok(codes) => {
                let found = response.codes();
                assert_eq!(found.len(), codes.len(), "{response:?}");
                let largest = found.iter().zip(codes).map(|(found, code)| (found - code).abs()).fold(0.0, f32::max);
                assert!(largest <= CLOSE, "largest difference {largest}");
            }
            Err((status, part)) => {
                assert_eq!(response.status, *status, "{response:?}");
                assert!(response.error().contains(part), "{response:?}");
            }
        }
    }
}
