//! Requests that get no answer: without the token, to or from another host, too large, or with wrong values.

use serde_json::json;

use super::client::{Answer, Server};
use crate::sandbox::{Sandbox, outcome};

const VAE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/zoo/vae");

fn start() -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, VAE);
    (sandbox, server)
}

/// Sends a GET with these lines of a head.
fn get(server: &Server, path: &str, lines: &[String]) -> Answer {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    server.send(format!("GET {path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n").as_bytes())
}

#[test]
fn every_address_needs_the_token_and_the_host() {
    let (_sandbox, server) = start();
    let (address, token) = (server.address.clone(), server.token.clone());
    let port = address.rsplit(':').next().expect("a port");
    let (host, header) = (format!("host: {address}"), format!("x-narrows-token: {token}"));
    let wrong = "0".repeat(32);
    let cookie = |token: &str| format!("cookie: other=1; narrows-{port}={token}");
    for path in ["/", "/api/model", "/explore/main.js", "/missing"] {
        let status = |query: &str, lines: &[String]| get(&server, &format!("{path}{query}"), lines).status;
        let right = if path == "/missing" { 404 } else { 200 };
        assert_eq!(status("", &[host.clone(), header.clone()]), right, "{path}");
        assert_eq!(status("", &[host.clone(), cookie(&token)]), right, "{path}");
        assert_eq!(status(&format!("?token={token}"), std::slice::from_ref(&host)), right, "{path}");
        assert_eq!(status("", &[format!("host: localhost:{port}"), header.clone()]), right, "{path}");

        assert_eq!(status("", std::slice::from_ref(&host)), 401, "{path}");
        assert_eq!(status(&format!("?token={wrong}"), &[host.clone(), header.clone()]), 401, "{path}");
        assert_eq!(status("", &[host.clone(), cookie(&wrong)]), 401, "{path}");
        assert_eq!(status("", &[host.clone(), format!("cookie: narrows-1={token}")]), 401, "{path}");
        assert_eq!(status("", &[host.clone(), format!("x-narrows-token: {}", &token[..31])]), 401, "{path}");
        for other in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost"] {
            assert_eq!(status("", &[format!("host: {other}"), header.clone()]), 403, "{path} {other}");
        }
        assert_eq!(status("", std::slice::from_ref(&header)), 403, "{path} without a host");
        for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost"] {
            let lines = [host.clone(), header.clone(), format!("origin: {origin}")];
            assert_eq!(status("", &lines), 403, "{path} {origin}");
        }
        assert_eq!(status("", &[host.clone(), header.clone(), format!("origin: http://{address}")]), right, "{path}");
    }
}

#[test]
fn a_request_names_one_host_and_one_right_cookie_is_enough() {
    let (_sandbox, server) = start();
    let (address, token) = (server.address.clone(), server.token.clone());
    let port = address.rsplit(':').next().expect("a port");
    let (host, header) = (format!("host: {address}"), format!("x-narrows-token: {token}"));
    for other in [host.clone(), "host: evil.example".to_owned()] {
        let answer = get(&server, "/", &[host.clone(), other, header.clone()]);
        assert!(answer.status == 400 && answer.body.contains("2 headers `host`"), "{answer:?}");
    }
    assert_eq!(get(&server, &format!("http://{address}/"), &[host.clone(), header.clone()]).status, 200);
    let answer = get(&server, "http://evil.example/", &[host.clone(), header]);
    assert!(answer.status == 400 && answer.body.contains("is for the host `evil.example`"), "{answer:?}");
    let cookies = format!("cookie: narrows-{port}=wrong; narrows-{port}={token}");
    assert_eq!(get(&server, "/", &[host, cookies]).status, 200);
}

#[test]
fn an_address_that_nobody_can_read_is_an_error() {
    let sandbox = Sandbox::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let closed = outcome(sandbox.command(&format!("explore {VAE}")).stdout(writer));
    assert!(closed.code == Some(1) && closed.stderr.contains("cannot write to standard output"), "{}", closed.stderr);
}

#[test]
fn the_page_sets_a_cookie_and_may_load_only_from_its_own_address() {
    let (_sandbox, server) = start();
    let page = get(&server, &format!("/?token={}", server.token), &[format!("host: {}", server.address)]);
    assert!(page.head.contains("; httponly; samesite=strict"), "{}", page.head);
    for line in [
        "default-src 'none'; script-src 'self' 'sha256-",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.head.contains(line), "{line}: {}", page.head);
    }
    assert!(!page.head.contains("unsafe"), "{}", page.head);
    assert!(!page.body.contains(&server.token) && !page.body.contains("http://") && !page.body.contains("https://"));
}

#[test]
fn wrong_values_are_refused_with_the_field_and_both_values() {
    let (_sandbox, server) = start();
    let latent = server.model()["latent_dim"].as_u64().expect("a number") as usize;
    let code = |value: &str| format!("{{\"codes\": [[{}]]}}", vec![value; latent].join(","));
    let codes = |rows: usize| json!({ "codes": vec![vec![0.0; latent]; rows] }).to_string();
    for (path, body, message) in [
        ("decode", code("NaN"), "in the field `codes`"),
        ("decode", code("Infinity"), "in the field `codes`"),
        ("decode", code("1e999"), "out of range"),
        ("decode", code("-1e39"), "`codes[0][0]` is -1e+39, expected a finite 32-bit float"),
        ("decode", code("null"), "`codes[0][0]` is null"),
        ("decode", code("\"1\""), "`codes[0][0]` is \"1\""),
        ("decode", "{\"codes\": [[1]]}".to_owned(), &format!("`codes[0]` has 1 numbers, this model takes {latent}")),
        ("decode", codes(0), "`codes` has 0 rows"),
        ("decode", codes(10_000), "`codes` has 10000 rows, expected 1 to 256"),
        ("decode", "{}".to_owned(), "the field `codes` is missing"),
        ("decode", "[]".to_owned(), "expected a JSON object"),
        ("decode", "[".repeat(100_000), "recursion limit"),
        ("decode", "{".to_owned(), "EOF"),
        ("decode", codes(1).replace('}', ", \"label\": \"7\"}"), "takes no class"),
        ("decode", codes(1).replace('}', ", \"other\": 7}"), "there is no field `other`"),
        ("encode", "{\"samples\": [[1, 2]]}".to_owned(), "`samples[0]` has 2 numbers, this model takes 64"),
        (
            "generate",
            "{\"count\": 1000000000000}".to_owned(),
            "`count` is 1000000000000, expected a whole number from 1",
        ),
        ("generate", "{\"temperature\": -1}".to_owned(), "`temperature` is -1, expected a number from 0"),
        ("generate", "{\"seed\": 1.5}".to_owned(), "`seed` is 1.5, expected a whole number"),
        ("row", "{\"rows\": [64]}".to_owned(), "`rows[0]` is 64, expected a whole number from 0 to 63"),
        ("plane", "{\"dimensions\": [0]}".to_owned(), "`dimensions` has 1 number, expected 2"),
        ("plane", "{\"dimensions\": [0, 1, 2]}".to_owned(), "`dimensions` has 3 numbers, expected 2"),
        ("plane", "{\"dimensions\": [1, 1]}".to_owned(), "`dimensions` contains 1 twice, expected two different"),
        ("plane", "{\"dimensions\": [0, 9999]}".to_owned(), "`dimensions[1]` is 9999"),
    ] {
        let answer = server.send(&server.request(&format!("/api/{path}"), &body));
        assert_eq!(answer.status, 400, "{path} {}: {}", body.chars().take(60).collect::<String>(), answer.body);
        let error: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert!(error["error"].as_str().expect("a message").contains(message), "{message}: {error}");
    }
    let noise = json!({ "samples": [vec![0.0; 64]], "noise": "gaussian:-1" });
    assert!(server.post("/api/corrupt", &noise).body.contains("the standard deviation must be finite and at least 0"));
    let noise = server.post("/api/corrupt", &json!({ "samples": [vec![0.0; 64]], "noise": "gaussian:1e39" }));
    assert!(noise.status == 400 && noise.body.contains("`noise` or `samples` is too far from the data"), "{noise:?}");
    assert_eq!(server.get("/api/decode").status, 405);
    // After all of these, it still answers.
    assert_eq!(server.send(&server.request("/api/decode", &codes(256))).status, 200);
}

#[test]
fn a_cvae_needs_a_class_that_it_knows() {
    let sandbox = Sandbox::new();
    let server = Server::start(&sandbox, &VAE.replace("vae", "cvae"));
    let latent = server.model()["latent_dim"].as_u64().expect("a number") as usize;
    let decode =
        |label: serde_json::Value| server.post("/api/decode", &json!({ "codes": [vec![0.0; latent]], "label": label }));
    assert_eq!(decode(json!("7")).status, 200);
    assert_eq!(decode(json!(7)).status, 200);
    for (label, message) in [
        (json!(null), "needs a class, one of 0, 1"),
        (json!("ten"), "there is no class"),
        (json!([]), "expected a text"),
    ] {
        let answer = decode(label);
        assert!(answer.status == 400 && answer.body.contains(message), "{answer:?}");
    }
}

#[test]
fn an_address_that_other_computers_reach_needs_a_flag() {
    let sandbox = Sandbox::new();
    for (flags, code, message) in [
        ("--host 0.0.0.0", 2, "is not a loopback address"),
        ("--host 127.0.0.1 --allow-remote", 2, "--allow-remote has no effect"),
        ("--host example.com", 2, "invalid value 'example.com'"),
        ("--data digits --rows 1", 2, "--rows is 1"),
        ("--rows 5", 2, "--data"),
        ("--part test", 2, "--data"),
        ("--port 70000", 2, "70000"),
        ("--data missing.npy", 1, "missing.npy"),
    ] {
        let outcome = sandbox.run(&format!("explore {VAE} {flags}"));
        assert_eq!(outcome.code, Some(code), "{flags}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{flags}: {}", outcome.stderr);
    }
    let first = Server::start(&sandbox, VAE);
    let port = first.address.rsplit(':').next().expect("a port");
    let outcome = sandbox.run(&format!("explore {VAE} --port {port}"));
    assert!(outcome.code == Some(1) && outcome.stderr.contains("cannot listen on 127.0.0.1:"), "{}", outcome.stderr);
}
