//! The three computations of a convolution, chunk by chunk.

use std::ops::Range;

use super::{
    super::{matrix::Matrix, write::Write},
    chunks::Chunk,
    geometry::{Form, Region},
    order::Order,
    products::{faster_order, product_of_rows, product_over_rows},
    scratch::{ChunkBuffers, Scratch, sized},
};

impl Region {
    /// Writes the products of the patches and the weight to the positions.
    pub(super) fn read_patches(
        &self,
        maps: &[f32],
        weight: Matrix<'_>,
        positions: &mut [f32],
        how: Write,
        scratch: &mut Scratch,
    ) {
        let weight = self.arranged(weight, Order::ByPatch, &mut scratch.weights);
        let channels = self.position_channels;
        for chunk in self.chunks(maps.len() / self.map_size(), self.patch()) {
            let patches = sized(&mut scratch.chunk.patches, chunk.positions() * self.patch());
            self.gather(maps, &chunk, 0..self.map_channels, self.patch(), patches);
            if let Some(range) = self.contiguous(&chunk) {
                product_of_rows(patches, weight, channels, &mut positions[range], how);
                continue;
            }
            let copy = sized(&mut scratch.chunk.positions, chunk.positions() * channels);
            product_of_rows(patches, weight, channels, copy, Write::Set);
            for (range, copy) in self.lines(&chunk).zip(copy.chunks_exact(self.line())) {
                positions[range].iter_mut().zip(copy).for_each(|(into, value)| how.write(into, *value));
            }
        }
    }

    /// Adds the products of the positions and the weight to the patches.
    pub(super) fn add_to_patches(
        &self,
        positions: &[f32],
        weight: Matrix<'_>,
        maps: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let weight = self.arranged(weight, Order::ByPosition, &mut scratch.weights);
        let ChunkBuffers { patches, positions: copy } = &mut scratch.chunk;
        for chunk in self.chunks(maps.len() / self.map_size(), self.patch()) {
            let positions = self.positions_of(positions, &chunk, copy);
            let patches = sized(patches, chunk.positions() * self.patch());
            product_of_rows(positions, weight, self.patch(), patches, Write::Set);
            self.scatter(patches, &chunk, maps);
        }
    }

    /// Computes the sums of the products of patches and positions, the gradient of the arranged weight of some input
    /// channels. Returns the order in which they are stored.
    pub(super) fn sum_products(
        &self,
        maps: &[f32],
        positions: &[f32],
        channels: Range<usize>,
        gradient: &mut [f32],
        ChunkBuffers { patches, positions: copy }: &mut ChunkBuffers,
    ) -> Order {
        let (of_map, of_positions) = match self.form {
            Form::Direct => (channels, 0..self.position_channels),
            Form::Dual => (0..self.map_channels, channels),
        };
        let patch = self.taps() * of_map.len();
        // The product reads columns. Values of a column at multiples of 2 KB would displace each other in the cache.
        let stride = if patch.is_multiple_of(512) { patch + 16 } else { patch };
        let order = faster_order(patch, of_positions.len());
        gradient.fill(0.0);
        for chunk in self.chunks(maps.len() / self.map_size(), patch) {
            let positions = &self.positions_of(positions, &chunk, copy)[of_positions.start..];
            let (shape, strides) = ((chunk.positions(), of_positions.len()), (self.position_channels, 1));
            let Some(positions) = Matrix::strided(positions, shape, strides) else {
                unreachable!("every position has these channels");
            };
            let patches = sized(patches, chunk.positions() * stride);
            self.gather(maps, &chunk, of_map.clone(), stride, patches);
            let Some(patches) = Matrix::strided(patches, (chunk.positions(), patch), (stride, 1)) else {
                unreachable!("the rows of the patches have this stride");
            };
            product_over_rows(patches, positions, order, gradient);
        }
        order
    }

    /// The values of the positions of a chunk, copied if they are not contiguous.
    fn positions_of<'a>(&self, positions: &'a [f32], chunk: &Chunk, copy: &'a mut Vec<f32>) -> &'a [f32] {
        if let Some(range) = self.contiguous(chunk) {
            return &positions[range];
        }
        let copy = sized(copy, chunk.positions() * self.position_channels);
        for (range, copy) in self.lines(chunk).zip(copy.chunks_exact_mut(self.line())) {
            copy.copy_from_slice(&positions[range]);
        }
        copy
    }

    /// The range of the values of the positions of a chunk, if they are contiguous.
    fn contiguous(&self, chunk: &Chunk) -> Option<Range<usize>> {
        let first = self.lines(chunk).next().filter(|_| self.is_whole())?;
        Some(first.start..first.start + chunk.positions() * self.position_channels)
    }

    /// The ranges of the values of the lines of positions of a chunk.
    fn lines(&self, chunk: &Chunk) -> impl Iterator<Item = Range<usize>> + use<> {
        let [height, width] = self.axes.clone().map(|axis| axis.side);
        let (first, channels) = (self.axes[1].positions.start, self.position_channels);
        let (length, lines) = (self.line(), chunk.lines.clone());
        chunk.rows.clone().flat_map(move |row| {
            lines.clone().map(move |line| {
                let start = ((row * height + line) * width + first) * channels;
                start..start + length
            })
        })
    }

    /// Number of values in a line of positions.
    fn line(&self) -> usize {
        self.axes[1].positions.len() * self.position_channels
    }
}
