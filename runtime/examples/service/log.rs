//! The log: one JSON object per line, written by a thread of its own.
//!
//! A terminal or a pipe that takes no more lines must not hold up requests, so lines that do not fit into the queue
//! are dropped and counted.

use std::{
    io::Write,
    sync::{
        Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use prometheus_client::metrics::counter::Counter;
use serde::Serialize;

/// Number of lines that wait to be written.
const QUEUE: usize = 4096;

/// A log to which any thread can write.
pub(crate) struct Log {
    lines: Mutex<Option<SyncSender<Vec<u8>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: Counter,
}

impl Log {
    /// Starts the thread that writes to `output`. Lines that are lost are added to `lost`.
    pub(crate) fn new(mut output: impl Write + Send + 'static, lost: Counter) -> Self {
        let (lines, queue) = sync_channel::<Vec<u8>>(QUEUE);
        let writer = thread::spawn(move || {
            // If nobody reads the log any more, the service goes on without it.
            while let Ok(line) = queue.recv() {
                let _ = output.write_all(&line);
            }
            let _ = output.flush();
        });
        Log { lines: Mutex::new(Some(lines)), writer: Mutex::new(Some(writer)), lost }
    }

    /// Adds a line.
    pub(crate) fn line(&self, record: &impl Serialize) {
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.as_ref().is_none_or(|lines| lines.try_send(line).is_err()) {
            self.lost.inc();
        }
    }

    /// Waits until all lines are written, at most for `limit`. Later lines are lost.
    pub(crate) fn close(&self, limit: Duration) {
        drop(self.lines.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let deadline = Instant::now() + limit;
        while !writer.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}
