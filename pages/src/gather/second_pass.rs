//! The pass through the rows that the model and its samples are compared with, and what is computed without the data.

use narrows_evaluate::Reservoir;
use narrows_runtime::Autoencoder;
use ndarray::{Array1, Array2, ArrayView2};

use super::{
    baseline::baseline,
    first_pass::Gatherer,
    generation::{compared_samples, shown_samples},
    nearest::{HeldOut, NearestSearch},
    planes::planes,
    traversals::traversals,
};
use crate::{
    error::PageError,
    gathered::{About, Gathered, Generated, Reconstructed, Row},
};

/// Largest number of rows that principal components are fitted to.
const FITTED: usize = 5000;
/// The same for rows with many features, for which the components use no more rows.
const FITTED_WIDE: usize = 1024;
const MANY_FEATURES: usize = 1024;

/// The rows that the model and its samples are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedPart {
    /// The training rows, which are not among the shown ones.
    Training,
    /// The shown rows, because there are no others.
    Shown,
}

/// The second half of gathering, after [`Gatherer`].
#[derive(Debug)]
pub struct Comparison<'m> {
    first: Gatherer<'m>,
    points: Vec<Row>,
    generated: Option<Generated>,
    search: Option<NearestSearch>,
    fitted: Reservoir<Array1<f32>>,
}

impl<'m> Comparison<'m> {
    /// Ends the shown rows, and generates the samples that are compared with the rows of a part.
    ///
    /// # Errors
    /// [`PageError::NoRows`] without rows, and [`PageError::Runtime`] if the model fails.
    pub fn start(mut first: Gatherer<'m>, part: ComparedPart) -> Result<Self, PageError> {
        if first.errors.is_empty() {
            return Err(PageError::NoRows);
        }
        let empty = Reservoir::new(0, 0);
        let mut points = std::mem::replace(&mut first.points, empty).into_rows();
        points.sort_by_key(|row| row.number);
        let generated = shown_samples(first.model, &first.options)?;
        let held_out = match part {
            ComparedPart::Training => HeldOut::Elsewhere,
            ComparedPart::Shown => HeldOut::Among,
        };
        let search =
            |generated: &Generated| NearestSearch::new(first.model, generated.values.view(), &points, held_out);
        let search = generated.as_ref().and_then(search);
        let features = first.model.manifest().sample.features();
        let fitted_rows = if features > MANY_FEATURES { FITTED_WIDE } else { FITTED };
        let fitted = Reservoir::new(fitted_rows, first.options.seed);
        Ok(Comparison { first, points, generated, search, fitted })
    }

    /// Adds rows of the part, `[rows, features]` as they are in the data, in their order.
    pub fn add(&mut self, originals: ArrayView2<'_, f32>) {
        for row in originals.outer_iter() {
            self.fitted.add(|| row.to_owned());
        }
        if let Some(search) = &mut self.search {
            search.add(originals);
        }
    }

    /// Computes the rest: planes, walks, and comparisons.
    ///
    /// # Errors
    /// [`PageError::Runtime`] if the model fails, and [`PageError::Interrupted`] as soon as `should_stop` returns true.
    pub fn gathered(self, about: About, should_stop: &dyn Fn() -> bool) -> Result<Gathered, PageError> {
        let Comparison { first, mut points, mut generated, search, fitted } = self;
        let Gatherer { model, options, evaluator, errors, classes, points: _, random, best, worst } = first;
        let check = || if should_stop() { Err(PageError::Interrupted) } else { Ok(()) };
        check()?;
        let fitted = stacked(model, fitted.into_rows());
        let baseline = baseline(model, &fitted, &points, about.compared(fitted.nrows()));
        check()?;
        if let Some(generated) = &mut generated {
            generated.nearest = search.and_then(|search| search.found(&about));
            let described = about.compared(fitted.nrows());
            generated.quality = compared_samples(model, &points, (&fitted, &described), options.seed)?;
        }
        check()?;
        let planes = planes(&points, options.seed, should_stop)?;
        let (traversals, traversal_class) = traversals(model, evaluator.codes())?;
        check()?;
        let (classes, new) = classes.ordered(model.classes());
        let mut random = random.into_rows();
        random.sort_by_key(|shown| shown.row.number);
        let (mut best, mut worst) = (best.into_items(), worst.into_items());
        let renumber = |row: &mut Row| row.class = row.class.and_then(|class| new.get(class)).copied();
        points.iter_mut().for_each(renumber);
        let of = |shown: &mut Reconstructed| renumber(&mut shown.row);
        [&mut random, &mut best, &mut worst].into_iter().flatten().for_each(of);
        Ok(Gathered {
            manifest: model.manifest().clone(),
            about,
            seed: options.seed,
            figures: evaluator.figures(),
            errors,
            classes,
            points,
            planes,
            random,
            best,
            worst,
            generated,
            traversals,
            is_generative: model.is_generative(),
            traversal_class,
            baseline,
        })
    }
}

/// Copies rows to one array, `[rows, features]`.
fn stacked(model: &Autoencoder, rows: Vec<Array1<f32>>) -> Array2<f32> {
    let mut stacked = Array2::zeros((rows.len(), model.manifest().sample.features()));
    stacked.outer_iter_mut().zip(&rows).for_each(|(mut into, row)| into.assign(row));
    stacked
}
