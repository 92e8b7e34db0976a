//! A minimal HTTP/1.1 client for the tests.

use std::{
    fmt,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use narrows_runtime::ndarray::Array2;

/// A request. The declared length can differ from the length of the body.
pub(crate) struct TestRequest {
    head: String,
    body: Vec<u8>,
    declared: usize,
}

/// A response.
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A client that reuses its connection until the service closes it.
pub(crate) struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl TestRequest {
    pub(crate) fn get(path: &str) -> Self {
        TestRequest { head: format!("GET {path} HTTP/1.1\r\nhost: test\r\n"), body: Vec::new(), declared: 0 }
    }

    pub(crate) fn post(content_type: &str, body: &[u8]) -> Self {
        let head = format!("POST /encode HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\n");
        TestRequest { head, body: body.to_vec(), declared: body.len() }
    }

    /// Creates a request that declares a body and never sends it.
    pub(crate) fn declaring(bytes: usize) -> Self {
        TestRequest { declared: bytes, ..Self::post("application/json", b"") }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// Sends the request to another path than `/encode`.
    pub(crate) fn to(mut self, path: &str) -> Self {
        self.head = self.head.replacen("/encode", path, 1);
        self
    }

    /// Adds a query to the path.
    pub(crate) fn with_query(mut self, query: &str) -> Self {
        self.head = self.head.replacen(" HTTP", &format!("?{query} HTTP"), 1);
        self
    }

    /// Returns the bytes of the request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let head = format!("{}content-length: {}\r\n\r\n", self.head, self.declared);
        [head.as_bytes(), &self.body].concat()
    }

    /// Replaces a text in the body.
    pub(crate) fn replaced(self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.body).expect("JSON");
        assert!(text.contains(from), "`{from}` is not in {text}");
        let body = text.replacen(from, to, 1).into_bytes();
        TestRequest { head: self.head, declared: body.len(), body }
    }
}

pub(crate) fn json(rows: &Array2<f32>) -> TestRequest {
    let rows: Vec<Vec<f32>> = rows.outer_iter().map(|row| row.to_vec()).collect();
    let body = serde_json::json!({ "rows": rows }).to_string();
    TestRequest::post("application/json; charset=utf-8", body.as_bytes())
}

pub(crate) fn octets(rows: &Array2<f32>, dtype: &str) -> TestRequest {
    let body: Vec<u8> = match dtype {
        "u8" => rows.iter().map(|&value| value as u8).collect(),
        _ => rows.iter().flat_map(|value| value.to_le_bytes()).collect(),
    };
    TestRequest::post("application/octet-stream", &body).with("x-dtype", dtype)
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Client { address, connection: None }
    }

    /// Sends a request and returns the response, or `None` if no byte of it arrived: nobody listens, or the connection
    /// was closed.
    ///
    /// # Panics
    /// If a response is incomplete.
    pub(crate) fn request(&mut self, request: &TestRequest) -> Option<TestResponse> {
        self.send(&request.bytes())?;
        let response = self.receive()?;
        if request.declared != request.body.len() {
            self.connection = None;
        }
        Some(response)
    }

    /// Waits until the service closes the connection, and returns the number of bytes that it has sent before.
    pub(crate) fn wait_for_end(&mut self) -> usize {
        let Some(mut connection) = self.connection.take() else { return 0 };
        let mut discarded = [0; 4096];
        let mut bytes = 0;
        loop {
            match connection.read(&mut discarded) {
                Ok(0) => return bytes,
                Ok(read) => bytes += read,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
                Err(error) => panic!("the connection is still open: {error}"),
            }
        }
    }

    /// Sends bytes over the existing connection, or a new one.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Option<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connect(self.address)?),
        };
        connection.get_mut().write_all(bytes).ok()
    }

    /// Waits for the response.
    pub(crate) fn receive(&mut self) -> Option<TestResponse> {
        let mut connection = self.connection.take()?;
        // An empty line or an error means that the connection was closed.
        let mut line = String::new();
        connection.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        let response = read(&mut connection, &line);
        self.connection = (response.header("connection") != Some("close")).then_some(connection);
        Some(response)
    }
}

fn connect(address: SocketAddr) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a connection");
    stream.set_write_timeout(Some(Duration::from_secs(60))).expect("a connection");
    Some(BufReader::new(stream))
}

fn read(connection: &mut BufReader<TcpStream>, first: &str) -> TestResponse {
    let status = first.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    let mut response = TestResponse { status, headers: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).expect("complete headers");
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        response.headers.push((name.to_owned(), value.to_owned()));
    }
    let length = response.header("content-length").and_then(|length| length.parse().ok());
    response.body.resize(length.expect("a length"), 0);
    connection.read_exact(&mut response.body).expect("a complete body");
    response
}

impl fmt::Debug for TestResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}: {}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

impl TestResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Returns the error message; every error response is JSON.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns all codes of a successful response, in row-major order.
    pub(crate) fn codes(&self) -> Vec<f32> {
        assert_eq!(self.status, 200, "{self:?}");
        if self.header("content-type") == Some("application/octet-stream") {
            let (words, rest) = self.body.as_chunks::<4>();
            assert!(rest.is_empty());
            return words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        }
        #[derive(serde::Deserialize)]
        struct Codes {
            codes: Vec<Vec<f32>>,
        }
        let Codes { codes } = serde_json::from_slice(&self.body).expect("codes");
        codes.concat()
    }
}
