//! The protocol of Chromium's developer tools over pipes: JSON messages that end with a zero byte.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// Longest wait for an answer or an event. A busy machine takes seconds to start a browser.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connection to a browser.
pub(crate) struct Pipe {
    input: Box<dyn Write>,
    messages: Receiver<Value>,
    /// Events that nobody has asked for yet.
    events: VecDeque<Value>,
    last_id: u64,
}

impl Pipe {
    pub(crate) fn new(input: impl Write + 'static, output: impl Read + Send + 'static) -> Self {
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|bytes| bytes > 0) {
                message.pop();
                let value = serde_json::from_slice(&message).expect("the browser writes JSON");
                message.clear();
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Pipe { input: Box::new(input), messages, events: VecDeque::new(), last_id: 0 }
    }

    /// Calls a method and returns its result. An error of the browser fails the test.
    pub(crate) fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        let id = self.send(session, method, parameters).unwrap_or_else(|| panic!("the browser has ended: {method}"));
        let started = Instant::now();
        loop {
            let mut message = self.receive(started).unwrap_or_else(|| panic!("no answer to {method}"));
            if message["id"] != id {
                self.events.push_back(message);
                continue;
            }
            assert!(message["error"].is_null(), "{method}: {}", message["error"]);
            return message["result"].take();
        }
    }

    /// Calls a method without waiting for its result. Returns the number of the call, or `None` if the browser has
    /// ended.
    pub(crate) fn send(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Option<u64> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).and_then(|()| self.input.flush()).ok()?;
        Some(self.last_id)
    }

    /// Waits for an event of this name, and returns it with all events before it.
    pub(crate) fn wait_for(&mut self, session: &str, method: &str) -> Vec<Value> {
        let started = Instant::now();
        let mut seen = Vec::new();
        loop {
            let event = self.events.pop_front().or_else(|| self.receive(started));
            let event = event.unwrap_or_else(|| panic!("no event {method}"));
            let is_last = event["method"] == method && event["sessionId"] == session;
            seen.push(event);
            if is_last {
                return seen;
            }
        }
    }

    /// Returns the events that have come so far.
    pub(crate) fn events(&mut self) -> Vec<Value> {
        self.events.extend(self.messages.try_iter());
        self.events.drain(..).collect()
    }

    fn receive(&self, started: Instant) -> Option<Value> {
        match self.messages.recv_timeout(PATIENCE.saturating_sub(started.elapsed())) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the browser has ended"),
        }
    }
}
