//! A running explorer, and requests to it over plain TCP.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::sandbox::Sandbox;

/// A running explorer. It is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(super) address: String,
    pub(super) token: String,
}

/// Status, head and body of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Server {
    /// Starts `narrows explore` with these arguments and waits for its address.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &str) -> Self {
        let mut command = sandbox.command(&format!("explore {arguments} --json --quiet"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("text");
        let Ok(printed) = serde_json::from_str::<Value>(&line) else {
            let mut message = String::new();
            child.stderr.take().expect("piped").read_to_string(&mut message).expect("text");
            panic!("narrows explore {arguments}: {message}");
        };
        let text = |name: &str| printed[name].as_str().expect("a text").to_owned();
        assert_eq!(text("url"), format!("http://{}/?token={}", text("address"), text("token")));
        Server { child, address: text("address"), token: text("token") }
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
        stream
    }

    /// Sends bytes as they are and reads the answer to its end.
    pub(super) fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes);
        read(&mut stream)
    }

    /// Returns the bytes of a request with a valid head.
    pub(super) fn request(&self, path: &str, body: &str) -> Vec<u8> {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let Server { address, token, .. } = self;
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nx-narrows-token: {token}\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send(&self.request(path, ""))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&self.request(path, &body.to_string()))
    }

    /// Posts a request that must succeed, and returns the answer.
    pub(crate) fn ask(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).expect("JSON")
    }

    pub(super) fn model(&self) -> Value {
        serde_json::from_str(&self.get("/api/model").body).expect("JSON")
    }

    /// Sends a signal to the program.
    pub(super) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.expect("every unix has kill").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer to the end of the connection.
pub(super) fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A connection that the server closes while the client still sends is reset after the answer.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Returns rows of numbers in an answer.
pub(super) fn matrix(value: &Value) -> Vec<Vec<f32>> {
    let numbers = |row: &Value| {
        row.as_array().expect("a row").iter().map(|number| number.as_f64().expect("a number") as f32).collect()
    };
    value.as_array().expect("rows").iter().map(numbers).collect()
}
