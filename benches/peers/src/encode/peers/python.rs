//! Python's onnxruntime in a process of its own, which lives as long as the peer and times itself.
//!
//! A request is a line, `prepare ROWS` or `time SECONDS`. An answer is a line, too, `ok BYTES` or
//! `error TEXT`; after `ok` come so many bytes: the codes in `f32`, or each call's seconds in `f64`.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use ndarray::Array2;

use crate::encode::{
    images::Images,
    model::{LATENT, Model},
    peer::Peer,
};

pub(crate) struct Python {
    /// The versions of onnxruntime, numpy and Python.
    pub(crate) versions: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `python`, which loads the encoder and all of the images.
    pub(crate) fn start(python: &Path, model: &Model, images: &Images, rows: usize) -> Result<Self> {
        let script = model.scratch("peer.py");
        fs::write(&script, include_str!("python_peer.py"))?;
        let pixels = model.scratch("images");
        fs::write(&pixels, images.bytes(rows).to_slice().context("images in standard layout")?)?;

        let mut child = Command::new(python)
            .args([&script, &model.encoder_path(), &pixels])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", python.display()))?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the child has no output")?);
        let mut peer = Python { versions: String::new(), child, requests, answers };
        peer.versions = String::from_utf8(peer.answer()?)?;
        Ok(peer)
    }

    fn ask(&mut self, request: &str) -> Result<Vec<u8>> {
        let requests = self.requests.as_mut().context("the child has no input")?;
        writeln!(requests, "{request}")?;
        requests.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Vec<u8>> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        match line.trim_end().split_once(' ') {
            Some(("ok", count)) => {
                let mut bytes = vec![0; count.parse()?];
                self.answers.read_exact(&mut bytes)?;
                Ok(bytes)
            }
            Some(("error", text)) => bail!("{text}"),
            _ => bail!("python ended early; what it says stands above"),
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
    /// The child ends when its input does.
    fn drop(&mut self) {
        drop(self.requests.take());
        // Nobody is left to be told how it ended.
        let _ = self.child.wait();
    }
}
