//! HTTP/1.1 over a plain connection: as much of a client as the tests need.

use std::{
    fmt,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use narrows_runtime::ndarray::Array2;

/// A request; its bytes are all that is sent.
pub(crate) struct Question {
    head: String,
    body: Vec<u8>,
    declared: usize,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: String,
    body: Vec<u8>,
    closes: bool,
}

/// A caller that keeps its connection for as long as the service does.
pub(crate) struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Question {
    pub(crate) fn get(path: &str) -> Self {
        Question { head: format!("GET {path} HTTP/1.1\r\nhost: test\r\n"), body: Vec::new(), declared: 0 }
    }

    pub(crate) fn post(content_type: &str, body: &[u8]) -> Self {
        let head = format!("POST /encode HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\n");
        Question { head, body: body.to_vec(), declared: body.len() }
    }

    /// One that announces a body and never sends it.
    pub(crate) fn declaring(bytes: usize) -> Self {
        Question { declared: bytes, ..Self::post("application/json", b"") }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    /// The same with a query after its path.
    pub(crate) fn asking(mut self, query: &str) -> Self {
        self.head = self.head.replacen(" HTTP", &format!("?{query} HTTP"), 1);
        self
    }

    /// What goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let head = format!("{}content-length: {}\r\n\r\n", self.head, self.declared);
        [head.as_bytes(), &self.body].concat()
    }

    /// The same with another part in its body.
    pub(crate) fn replaced(self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.body).expect("JSON");
        assert!(text.contains(from), "{from} in {text}");
        let body = text.replacen(from, to, 1).into_bytes();
        Question { head: self.head, declared: body.len(), body }
    }
}

pub(crate) fn json(rows: &Array2<f32>) -> Question {
    let rows: Vec<Vec<f32>> = rows.outer_iter().map(|row| row.to_vec()).collect();
    let body = serde_json::json!({ "rows": rows }).to_string();
    Question::post("application/json; charset=utf-8", body.as_bytes())
}

pub(crate) fn octets(rows: &Array2<f32>, dtype: &str) -> Question {
    let body: Vec<u8> = match dtype {
        "u8" => rows.iter().map(|&value| value as u8).collect(),
        _ => rows.iter().flat_map(|value| value.to_le_bytes()).collect(),
    };
    Question::post("application/octet-stream", &body).with("x-dtype", dtype)
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Client { address, connection: None }
    }

    /// The answer, or none where not a byte of one came: nobody listens, or the connection was closed.
    ///
    /// # Panics
    /// If an answer begins and does not end.
    pub(crate) fn ask(&mut self, question: &Question) -> Option<Answer> {
        self.send(&question.bytes())?;
        let answer = self.receive()?;
        if question.declared != question.body.len() {
            self.connection = None;
        }
        Some(answer)
    }

    /// Sends bytes over the connection of the last question, or a new one.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Option<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(connect(self.address)?),
        };
        connection.get_mut().write_all(bytes).ok()
    }

    /// Waits for an answer to what was sent.
    pub(crate) fn receive(&mut self) -> Option<Answer> {
        let mut connection = self.connection.take()?;
        // An empty line or an error here is a connection that was closed.
        let mut line = String::new();
        connection.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        let answer = read(&mut connection, &line);
        self.connection = (!answer.closes).then_some(connection);
        Some(answer)
    }
}

fn connect(address: SocketAddr) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a connection");
    Some(BufReader::new(stream))
}

fn read(connection: &mut BufReader<TcpStream>, first: &str) -> Answer {
    let status = first.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    let (mut content_type, mut length, mut closes) = (String::new(), None, false);
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).expect("a whole head");
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name {
            "content-type" => value.clone_into(&mut content_type),
            "content-length" => length = value.parse().ok(),
            "connection" => closes = value == "close",
            _ => (),
        }
    }
    let mut body = vec![0; length.expect("a length")];
    connection.read_exact(&mut body).expect("a whole body");
    Answer { status, content_type, body, closes }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status, self.content_type, String::from_utf8_lossy(&self.body))
    }
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.content_type, "application/json");
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The error's text; every error is JSON.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// All codes of a good answer, row after row.
    pub(crate) fn codes(&self) -> Vec<f32> {
        assert_eq!(self.status, 200, "{self:?}");
        if self.content_type == "application/octet-stream" {
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
