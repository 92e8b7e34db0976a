//! Lower bound of the time of an epoch: only its matrix products, computed by the library that Candle uses.
//!
//! Every core computes an equal fraction: forward `x W` and backward `dy Wt` for its rows of the batch, `xt dy` for
//! its rows of the weight. There is no synchronisation between the products.
//!
//! A convolution is the product of patches, one row per position of its output, in blocks that stay in the caches.
//! Where the map was upsampled before, a patch has the values of the smaller map, which are fewer. Copying the patches
//! is not included.
#![expect(unsafe_code, reason = "`gemm` takes pointers; their bounds are checked here")]

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use gemm::{Parallelism, gemm};
use serde::{Deserialize, Serialize};

use super::job::{ConvolutionsJob, Job};

/// Duration for which the products are repeated.
const DURATION: Duration = Duration::from_millis(1500);

/// The measured matrix products of an epoch.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Floor {
    /// Seconds for the products of an epoch.
    pub(crate) seconds: f64,
    /// Floating point operations of an epoch, in 10^9.
    pub(crate) gflop: f64,
}

/// A row-major matrix.
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// The weight of a layer, and its input and output gradient in a step or in a block of it.
struct Layer {
    /// Number of blocks in a step.
    blocks: usize,
    x: Matrix,
    weight: Matrix,
    dy: Matrix,
    /// Whether the gradient of the input is computed. The first layer does not need the gradient of the data.
    has_input_gradient: bool,
}

/// The results of one core.
struct Results {
    y: Matrix,
    dx: Matrix,
    dw: Matrix,
}

/// A strided matrix: its values, the stride between columns and the stride between rows.
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
            (0..job.cores).map(|core| scope.spawn(move || seconds_per_step(layers, core, job.cores, start))).collect();
        threads.into_iter().try_fold(0.0, |slowest, thread| {
            Ok::<_, anyhow::Error>(f64::max(slowest, thread.join().map_err(|_| anyhow!("a thread panicked"))?))
        })
    })?;
    let steps = job.rows as f64 / job.batch_size as f64;
    let products = layers.iter().map(|layer| {
        let rows = (layer.x.rows * layer.blocks) as f64 * steps;
        let size = layer.weight.values.len() as f64 * rows;
        if layer.has_input_gradient { 3.0 * size } else { 2.0 * size }
    });
    Ok(Floor { seconds: slowest * steps, gflop: 2.0 * products.sum::<f64>() / 1e9 })
}

fn layers(job: &Job) -> Vec<Layer> {
    let maps = job.convolutions.as_ref();
    let mut widths = vec![maps.map_or(job.features, ConvolutionsJob::features)];
    widths.extend(&job.hidden);
    let body = widths.windows(2).map(|pair| (pair[0], pair[1]));
    let last = widths.last().copied().unwrap_or_default();
    let heads = if job.kind.is_variational() { 2 } else { 1 };
    let back = widths.windows(2).rev().map(|pair| (pair[1], pair[0]));
    let shapes = body.chain(vec![(last, job.latent); heads]).chain([(job.latent, last)]).chain(back);
    let dense = shapes.map(|(inputs, outputs)| (job.batch_size, inputs, outputs));
    let (down, up) = maps.map_or_else(Default::default, |maps| patches(maps, job.batch_size));
    let layer = |(index, (rows, inputs, outputs)): (usize, Shape)| {
        let blocks = (rows / LARGEST_BLOCK).max(1);
        Layer {
            blocks,
            x: Matrix::new(rows / blocks, inputs),
            weight: Matrix::new(inputs, outputs),
            dy: Matrix::new(rows / blocks, outputs),
            has_input_gradient: index > 0,
        }
    };
    down.into_iter().chain(dense).chain(up).enumerate().map(layer).collect()
}

/// Largest number of rows of a product, to which the positions of maps are split.
const LARGEST_BLOCK: usize = 4096;

/// Rows, inputs and outputs of a product.
type Shape = (usize, usize, usize);

/// Returns the products of the convolutions of the encoder and of the decoder.
fn patches(maps: &ConvolutionsJob, batch_size: usize) -> (Vec<Shape>, Vec<Shape>) {
    let positions = |[height, width]: [usize; 2]| batch_size * height * width;
    let taps: usize = maps.kernel.iter().product();
    // Values of the smaller map under a kernel, for each axis.
    let smaller = |(kernel, stride): (usize, usize)| (kernel - 1).div_ceil(stride) + 1;
    let taps_up: usize = maps.kernel.into_iter().zip(maps.stride).map(smaller).product();
    let widths: Vec<usize> = [maps.channels].into_iter().chain(maps.filters.iter().copied()).collect();
    let layers = || widths.windows(2).zip(maps.sizes.windows(2));
    // The two convolutions of each residual block after a layer of the encoder, and before the layer that mirrors it.
    let blocks =
        |width: &[usize], size: &[[usize; 2]]| vec![(positions(size[1]), taps * width[1], width[1]); 2 * maps.blocks];
    let down = layers().flat_map(|(width, size)| {
        [vec![(positions(size[1]), taps * width[0], width[1])], blocks(width, size)].concat()
    });
    let up = layers().rev().flat_map(|(width, size)| {
        [blocks(width, size), vec![(positions(size[0]), taps_up * width[1], width[0])]].concat()
    });
    (down.collect(), up.collect())
}

/// Returns the seconds per step on one core.
fn seconds_per_step(layers: &[Layer], core: usize, cores: usize, start: &Barrier) -> f64 {
    let range_of = |count: usize| count * core / cores..count * (core + 1) / cores;
    let mut results: Vec<Results> = layers
        .iter()
        .map(|Layer { x, weight, .. }| {
            let rows = range_of(x.rows).len();
            Results {
                y: Matrix::new(rows, weight.columns),
                dx: Matrix::new(rows, weight.rows),
                dw: Matrix::new(range_of(weight.rows).len(), weight.columns),
            }
        })
        .collect();
    let mut step = || {
        for (layer, result) in layers.iter().zip(&mut results) {
            let x = layer.x.rows_from(range_of(layer.x.rows).start);
            for _ in 0..layer.blocks {
                multiply(&mut result.y, x, layer.weight.rows_from(0), layer.weight.rows);
            }
        }
        for (layer, result) in layers.iter().zip(&mut results).rev() {
            let dy = layer.dy.rows_from(range_of(layer.dy.rows).start);
            let x = layer.x.transposed_from(range_of(layer.weight.rows).start);
            for _ in 0..layer.blocks {
                if layer.has_input_gradient {
                    multiply(&mut result.dx, dy, layer.weight.transposed_from(0), layer.weight.columns);
                }
                multiply(&mut result.dw, x, layer.dy.rows_from(0), layer.x.rows);
            }
        }
        black_box(&mut results);
    };
    step();
    start.wait();
    let (mut steps, begin) = (0, Instant::now());
    while begin.elapsed() < DURATION {
        step();
        steps += 1;
    }
    begin.elapsed().as_secs_f64() / f64::from(steps)
}

impl Matrix {
    /// Creates a matrix of different values between 0.1 and 0.9.
    fn new(rows: usize, columns: usize) -> Self {
        let values = (0..rows * columns).map(|index| 0.1 + 0.8 * (index as f32 * 0.618).fract()).collect();
        Matrix { rows, columns, values }
    }

    fn rows_from(&self, row: usize) -> Strided<'_> {
        (&self.values[row * self.columns..], 1, self.columns)
    }

    /// Returns the transpose, starting at one of its rows.
    fn transposed_from(&self, row: usize) -> Strided<'_> {
        (&self.values[row..], self.columns, 1)
    }
}

/// Computes `into = left right`, where `terms` is the inner dimension.
fn multiply(into: &mut Matrix, left: Strided<'_>, right: Strided<'_>, terms: usize) {
    let (m, n) = (into.rows, into.columns);
    if m == 0 || n == 0 || terms == 0 {
        return;
    }
    let last_index = |rows: usize, columns: usize, (_, column_step, row_step): Strided<'_>| {
        (rows - 1) * row_step + (columns - 1) * column_step
    };
    assert!(
        into.values.len() == m * n
            && last_index(m, terms, left) < left.0.len()
            && last_index(terms, n, right) < right.0.len()
    );
    let step = usize::cast_signed;
    // SAFETY: the assertion guarantees that the last element of each matrix is within its slice, and so are all others.
    // `into` is borrowed mutably, so it overlaps with neither operand.
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
