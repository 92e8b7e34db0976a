//! Compares generated rows with real ones, column by column, pair by pair and row by row.
//!
//! `cargo run --release -p narrows-evaluate --example compare_tables TRAINING REAL GENERATED` reads three tables of
//! numbers with the same columns, separated by commas and without a header, and prints a figure on each line: its name,
//! then its values. `scripts/tables.py` computes the same figures with SciPy.

use std::{env, error::Error, fs, iter::zip};

use narrows_evaluate::{Columns, CopyTest, Correlations, MarginalDistance, NearestRows, neighbour_embedding};
use narrows_runtime::ndarray::{Array2, Axis};

/// The number of training rows in a batch.
const BATCH: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = env::args().skip(1).collect();
    let [training, real, generated] = &paths[..] else { return Err("expected three files".into()) };
    let (training, real, generated) = (table(training)?, table(real)?, table(generated)?);

    for (real, generated) in zip(real.columns(), generated.columns()) {
        let distance =
            MarginalDistance::of(real.iter().copied(), generated.iter().copied()).ok_or("no finite values")?;
        println!("marginal {} {}", distance.kolmogorov_smirnov, distance.wasserstein);
    }

    let correlations = Correlations::of(real.view(), generated.view()).ok_or("different columns")?;
    println!("columns {}", joined(&correlations.columns));
    for (real, generated) in zip(&correlations.real, &correlations.generated) {
        println!("correlation {real} {generated}");
    }
    println!("correlation_difference {}", correlations.mean_absolute_difference().ok_or("fewer than two columns")?);

    let nearest = |samples: &Array2<f32>| -> Option<Vec<(usize, f64)>> {
        let mut search = NearestRows::new(Columns::identity(samples.ncols()), samples.view());
        training.axis_chunks_iter(Axis(0), BATCH).for_each(|rows| search.add(rows));
        search.into_rows().into_iter().map(|nearest| nearest.map(|nearest| (nearest.index, nearest.distance))).collect()
    };
    let generated = nearest(&generated).ok_or("no training rows")?;
    let held_out = nearest(&real).ok_or("no training rows")?;
    for (index, distance) in &generated {
        println!("nearest {index} {distance}");
    }
    let distances = |found: &[(usize, f64)]| -> Vec<f64> { found.iter().map(|(_, distance)| *distance).collect() };
    let test = CopyTest::of(&distances(&generated), &distances(&held_out)).ok_or("no distances")?;
    println!("copies {} {} {}", test.typical_distance, test.farther, test.score);

    let map = neighbour_embedding(training.view(), 0, &|| false).ok_or("interrupted")?;
    for point in map.outer_iter() {
        println!("point {}", joined(&point.to_vec()));
    }
    Ok(())
}

/// Reads a table of numbers.
fn table(path: &str) -> Result<Array2<f32>, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let columns = text.lines().next().map_or(0, |line| line.split(',').count());
    let values =
        text.lines().flat_map(|line| line.split(',')).map(|cell| cell.trim().parse()).collect::<Result<_, _>>();
    Ok(Array2::from_shape_vec((text.lines().count(), columns), values?)?)
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}
