//! Synthetic series of 6 channels and 100 steps: noisy sine waves, as bytes in NPY files.

use std::{
    f64::consts::TAU,
    fs, io,
    path::{Path, PathBuf},
};

const STEPS: usize = 100;
const CHANNELS: usize = 6;

/// Number of series of the training and the test part.
const ROWS: [usize; 2] = [20_000, 2_000];

/// Returns the files of the training and the test part.
pub(crate) fn files(folder: &Path) -> [PathBuf; 2] {
    ["series-train.npy", "series-test.npy"].map(|name| folder.join(name))
}

/// Writes both parts, `[rows, 6, 100]`, unless they exist.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    let mut random = Random(1);
    for (path, rows) in files(folder).iter().zip(ROWS) {
        let values: Vec<u8> = (0..rows).flat_map(|_| series(&mut random)).collect();
        if path.exists() {
            continue;
        }
        fs::write(path, [header(rows), values].concat())?;
    }
    Ok(())
}

/// Returns the header of an NPY file: magic, version and length, and a dictionary that ends at 128 bytes.
fn header(rows: usize) -> Vec<u8> {
    let fields = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({rows}, {CHANNELS}, {STEPS}), }}");
    [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), format!("{fields:117}\n").as_bytes()].concat()
}

/// Returns one series, `[channels, steps]`. Its channels share the frequency and differ in amplitude and phase.
fn series(random: &mut Random) -> Vec<u8> {
    let frequency = 1.0 + 4.0 * random.next();
    let waves = [(); CHANNELS].map(|()| (0.2 + 0.25 * random.next(), TAU * random.next()));
    let values = waves.into_iter().flat_map(|wave| (0..STEPS).map(move |step| (step, wave)));
    values
        .map(|(step, (amplitude, phase))| {
            let angle = TAU * frequency * step as f64 / STEPS as f64 + phase;
            let value = 0.5 + amplitude * angle.sin() + 0.05 * (random.next() - 0.5);
            (255.0 * value.clamp(0.0, 1.0)).round() as u8
        })
        .collect()
}

/// A linear congruential generator (Knuth's MMIX), which is enough for phases.
struct Random(u64);

impl Random {
    /// Returns the next number in `[0, 1)`.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
