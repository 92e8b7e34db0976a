//! The floor under an epoch: its bare matrix products, with the library that Candle multiplies by.
//!
//! Every core computes its half of them on its own: forward `x W` and backward `dy Wt` for its part of the
//! batch's rows, `xt dy` for its part of the weight's. Nothing waits for anything in between.
#![expect(unsafe_code, reason = "`gemm` takes pointers alone")]

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use gemm::{Parallelism, gemm};
use serde::{Deserialize, Serialize};

use super::job::Job;

/// How long the products are repeated.
const LENGTH: Duration = Duration::from_millis(1500);

/// What was measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Floor {
    /// Seconds that the products of an epoch take.
    pub(crate) seconds: f64,
    /// Multiplications and additions of an epoch, in thousand millions.
    pub(crate) gflop: f64,
}

/// A matrix, row by row.
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// A layer's weight and what goes through it in a step.
struct Layer {
    x: Matrix,
    weight: Matrix,
    dy: Matrix,
    /// The first layer's input is the data, whose gradient nobody wants.
    passes_back: bool,
}

/// What one core writes.
struct Part {
    y: Matrix,
    dx: Matrix,
    dw: Matrix,
}

/// A matrix as `gemm` takes it: the numbers, the steps from column to column and from row to row.
type Strided<'a> = (&'a [f32], usize, usize);

/// Measures the products of a job.
///
/// # Errors
/// If a thread panics.
pub(crate) fn measure(job: &Job) -> Result<Floor> {
    let layers = &layers(job);
    let start = &Barrier::new(job.cores);
    let slowest = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..job.cores).map(|core| scope.spawn(move || a_step(layers, core, job.cores, start))).collect();
        threads.into_iter().try_fold(0.0, |slowest, thread| {
            Ok::<_, anyhow::Error>(f64::max(slowest, thread.join().map_err(|_| anyhow!("a thread panicked"))?))
        })
    })?;
    let steps = job.rows as f64 / job.batch_size as f64;
    let products = layers.iter().map(|layer| {
        let size = layer.weight.values.len() as f64 * job.rows as f64;
        if layer.passes_back { 3.0 * size } else { 2.0 * size }
    });
    Ok(Floor { seconds: slowest * steps, gflop: 2.0 * products.sum::<f64>() / 1e9 })
}

fn layers(job: &Job) -> Vec<Layer> {
    let mut widths = vec![job.features];
    widths.extend(&job.hidden);
    let body = widths.windows(2).map(|pair| (pair[0], pair[1]));
    let last = widths.last().copied().unwrap_or_default();
    let heads = if job.kind.is_variational() { 2 } else { 1 };
    let back = widths.windows(2).rev().map(|pair| (pair[1], pair[0]));
    let shapes = body.chain(vec![(last, job.latent); heads]).chain([(job.latent, last)]).chain(back);
    let layer = |(index, (inputs, outputs))| Layer {
        x: Matrix::new(job.batch_size, inputs),
        weight: Matrix::new(inputs, outputs),
        dy: Matrix::new(job.batch_size, outputs),
        passes_back: index > 0,
    };
    shapes.enumerate().map(layer).collect()
}

/// Seconds a step on one core.
fn a_step(layers: &[Layer], core: usize, cores: usize, start: &Barrier) -> f64 {
    let share = |count: usize| count * core / cores..count * (core + 1) / cores;
    let mut parts: Vec<Part> = layers
        .iter()
        .map(|Layer { x, weight, .. }| {
            let rows = share(x.rows).len();
            Part {
                y: Matrix::new(rows, weight.columns),
                dx: Matrix::new(rows, weight.rows),
                dw: Matrix::new(share(weight.rows).len(), weight.columns),
            }
        })
        .collect();
    let mut step = || {
        for (layer, part) in layers.iter().zip(&mut parts) {
            let x = layer.x.rows_from(share(layer.x.rows).start);
            multiply(&mut part.y, x, layer.weight.rows_from(0), layer.weight.rows);
        }
        for (layer, part) in layers.iter().zip(&mut parts).rev() {
            let dy = layer.dy.rows_from(share(layer.dy.rows).start);
            if layer.passes_back {
                multiply(&mut part.dx, dy, layer.weight.transposed_from(0), layer.weight.columns);
            }
            let x = layer.x.transposed_from(share(layer.weight.rows).start);
            multiply(&mut part.dw, x, layer.dy.rows_from(0), layer.x.rows);
        }
        black_box(&mut parts);
    };
    step();
    start.wait();
    let (mut steps, begin) = (0, Instant::now());
    while begin.elapsed() < LENGTH {
        step();
        steps += 1;
    }
    begin.elapsed().as_secs_f64() / f64::from(steps)
}

impl Matrix {
    /// Filled with numbers between 0 and 1 that are neither equal nor tiny.
    fn new(rows: usize, columns: usize) -> Self {
        let values = (0..rows * columns).map(|index| 0.1 + 0.8 * (index as f32 * 0.618).fract()).collect();
        Matrix { rows, columns, values }
    }

    fn rows_from(&self, row: usize) -> Strided<'_> {
        (&self.values[row * self.columns..], 1, self.columns)
    }

    /// The transpose from one of its rows on.
    fn transposed_from(&self, row: usize) -> Strided<'_> {
        (&self.values[row..], self.columns, 1)
    }
}

/// `into = left right`, with so many terms in every sum.
fn multiply(into: &mut Matrix, left: Strided<'_>, right: Strided<'_>, terms: usize) {
    let (m, n) = (into.rows, into.columns);
    if m == 0 || n == 0 || terms == 0 {
        return;
    }
    let last = |rows: usize, columns: usize, (_, column_step, row_step): Strided<'_>| {
        (rows - 1) * row_step + (columns - 1) * column_step
    };
    assert!(into.values.len() == m * n && last(m, terms, left) < left.0.len() && last(terms, n, right) < right.0.len());
    let step = usize::cast_signed;
    // SAFETY: the last element of each matrix lies within its slice, as was just checked, and so do all
    // others; what is written is borrowed by nobody else.
    unsafe {
        gemm(
            m,
            n,
            terms,
            into.values.as_mut_ptr(),
            1,
            step(n),
            false,
            left.0.as_ptr(),
            step(left.1),
            step(left.2),
            right.0.as_ptr(),
            step(right.1),
            step(right.2),
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
