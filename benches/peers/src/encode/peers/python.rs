//! onnxruntime in Python, in a child process that lives as long as the peer and measures its own time.
//!
//! A request is a line, `prepare ROWS` or `time SECONDS`. A response is a line `ok BYTES` or `error TEXT`. The line
//! `ok BYTES` is followed by this number of bytes: the codes in `f32`, or the seconds of each call in `f64`.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use ndarray::Array2;

use crate::encode::{images::Images, model::Model, network::LATENT, peer::Peer};

pub(crate) struct Python {
    /// The versions of onnxruntime, numpy and Python.
    pub(crate) versions: String,
    child: Child,
    requests: Option<ChildStdin>,
    responses: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `python`, which loads the encoder and all images.
    pub(crate) fn start(python: &Path, model: &Model, images: &Images) -> Result<Self> {
        let script = model.scratch("peer.py");
        fs::write(&script, include_str!("python_peer.py"))?;
        let pixels = model.scratch("images");
        fs::write(&pixels, images.all_bytes().to_slice().context("images in standard layout")?)?;

        let mut child = Command::new(python)
            .args([&script, &model.encoder_path(), &pixels])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", python.display()))?;
        let requests = child.stdin.take();
        let responses = BufReader::new(child.stdout.take().context("the child has no output")?);
        let mut peer = Python { versions: String::new(), child, requests, responses };
        peer.versions = String::from_utf8(peer.response()?)?;
        Ok(peer)
    }

    fn ask(&mut self, request: &str) -> Result<Vec<u8>> {
        let requests = self.requests.as_mut().context("the child has no input")?;
        writeln!(requests, "{request}")?;
        requests.flush()?;
        self.response()
    }

    fn response(&mut self) -> Result<Vec<u8>> {
        let mut line = String::new();
        self.responses.read_line(&mut line)?;
        match line.trim_end().split_once(' ') {
            Some(("ok", count)) => {
                let mut bytes = vec![0; count.parse()?];
                self.responses.read_exact(&mut bytes)?;
                Ok(bytes)
            }
            Some(("error", text)) => bail!("{text}"),
            _ => bail!("Python exited early; its error message is above"),
        }
    }
}

impl Peer for Python {
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>> {
        let bytes = self.ask(&format!("prepare {rows}"))?;
        let codes = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        Ok(Array2::from_shape_vec((rows, LATENT), codes)?)
    }

    fn call(&mut self) -> Result<()> {
        self.time(Duration::ZERO).map(drop)
    }

    fn time(&mut self, length: Duration) -> Result<Vec<Duration>> {
        let bytes = self.ask(&format!("time {}", length.as_secs_f64()))?;
        let seconds = bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes));
        Ok(seconds.map(Duration::from_secs_f64).collect())
    }
}

impl Drop for Python {
    /// Closes the input of the child, which then exits.
    fn drop(&mut self) {
        drop(self.requests.take());
        // The exit status is no longer of interest.
        let _ = self.child.wait();
    }
}
