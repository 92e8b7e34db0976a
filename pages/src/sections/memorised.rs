//! Generated samples beside the most similar rows of the data: did the model learn rows by heart?

use maud::{Markup, html};
use narrows_evaluate::{CopyTest, NearestRow};
use narrows_runtime::bundle::counted;
use ndarray::{Array2, ArrayView1};

use super::table::{LARGEST_ERRORS, columns_with_largest_errors, values_table};
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Gathered, Generated, Nearest},
    look::{Cells, Look, Pictures},
    number::short,
};

/// Number of samples that are shown, those nearest to a row.
const SHOWN: usize = 12;

/// Below this standard score, samples are said to be significantly nearer to the rows than real rows are.
const SIGNIFICANT: f64 = -3.0;

/// Returns the section; `None` if no samples were compared with rows.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    let Some(generated) = &gathered.generated else { return Ok(None) };
    let Some(nearest) = &generated.nearest else { return Ok(None) };
    let mut order: Vec<usize> = (0..nearest.of_samples.len()).collect();
    order.sort_by(|&one, &other| nearest.of_samples[one].distance.total_cmp(&nearest.of_samples[other].distance));
    order.truncate(SHOWN);
    let shown = match &Look::of(gathered) {
        Look::Pictures(pictures) => cards((generated, nearest), &order, pictures, &gathered.about.noun)?,
        Look::Table { columns, cells } => table(gathered, (generated, nearest), &order, (columns, cells)),
    };
    let (all, noun) = (nearest.of_samples.len(), &gathered.about.noun);
    let chosen = if order.len() < all {
        format!("Shown are the {} of {all} samples with the smallest distances", order.len())
    } else {
        format!("Each sample is shown with its nearest {noun}")
    };
    let body = html! {
        p { (verdict(nearest, noun)) }
        p.note {
            (chosen) ": " (arrangement(gathered)) " Distances are Euclidean in scaled units"
            @if gathered.manifest.sample.table.is_some() {
                ", and two different levels of a category are at the distance 1"
            }
            @if nearest.test.typical_distance > 0.0 {
                "; the number before × is the distance divided by the typical one of a real " (noun)
            }
            "."
        }
        (shown)
    };
    Ok(Some(Section { id: "memorised", title: "Memorised or new?".to_owned(), body }))
}

/// Returns the comparison of the distances of samples with those of real rows, in words.
fn verdict(nearest: &Nearest, noun: &str) -> Markup {
    let test = &nearest.test;
    html! {
        "The nearest of " (nearest.searched) " has a typical distance of " (short(test.typical_distance))
        " from a real " (noun) " that was not searched (median of " (counted(nearest.held_out, noun)) "). A generated \
         sample is farther from its nearest " (noun) " than a real " (noun) " is with a probability of "
        (format!("{:.2}", test.farther))
        ": 0.5 is expected of new samples, and 0 of copies (three-sample test, Meehan et al. 2020; standard score "
        (format!("{:.1}", test.score)) "). "
        @if test.score < SIGNIFICANT {
            "The samples are significantly nearer to these " (noun) "s than real " (noun) "s are. They are means without \
             noise, which makes them nearer; it is also what a model does that repeats " (noun) "s, so compare the pairs \
             below."
        } @else if CopyTest::smallest_score(nearest.of_samples.len(), nearest.held_out) >= SIGNIFICANT {
            "These are too few samples to tell whether the model copies " (noun) "s."
        } @else if test.score > -SIGNIFICANT {
            "The samples are significantly farther from these " (noun) "s than real " (noun) "s are: they are no copies, \
             but they are unlike the data."
        } @else {
            "There is no sign that the model copies " (noun) "s."
        }
    }
}

fn arrangement(gathered: &Gathered) -> String {
    let noun = &gathered.about.noun;
    match Look::of(gathered) {
        Look::Pictures(Pictures::Images { .. }) => format!("the sample above, the nearest {noun} below."),
        Look::Pictures(Pictures::Series { .. }) => format!("the sample coloured, the nearest {noun} grey."),
        Look::Table { .. } => format!("the sample, and below it the nearest {noun}."),
    }
}

fn cards(
    (generated, nearest): (&Generated, &Nearest),
    order: &[usize],
    pictures: &Pictures,
    noun: &str,
) -> Result<Markup, PageError> {
    let card = |&index: &usize| {
        let NearestRow { index: number, distance, row } = &nearest.of_samples[index];
        let name = format!("sample {index} and the nearest {noun}, {number}");
        let picture = pictures.draw_neighbours(generated.values.row(index), row.view(), &name)?;
        let ratio = nearest.test.ratio(*distance);
        Ok(html! {
            figure.card {
                (picture)
                figcaption { span.figure { (noun) " " (number) } br;
                    span.figure { (short(*distance)) @if ratio.is_some() { "," } }
                    @if let Some(ratio) = ratio { " " span.figure { (format!("{ratio:.2} ×")) } }
                }
            }
        })
    };
    let cards = order.iter().map(card).collect::<Result<Vec<Markup>, PageError>>()?;
    Ok(html! { div class=(pictures.gallery()) { @for card in cards { (card) } } })
}

fn table(
    gathered: &Gathered,
    (generated, nearest): (&Generated, &Nearest),
    order: &[usize],
    (names, cells): (&[String], &Cells),
) -> Markup {
    let mut headings = Vec::new();
    let mut rows: Vec<ArrayView1<'_, f32>> = Vec::new();
    for &index in order {
        let neighbour = &nearest.of_samples[index];
        headings.push(format!("sample {index}"));
        rows.push(generated.values.row(index));
        let ratio = nearest.test.ratio(neighbour.distance).map_or(String::new(), |ratio| format!(", {ratio:.2} ×"));
        headings.push(format!("row {}, distance {}{ratio}", neighbour.index, short(neighbour.distance)));
        rows.push(neighbour.row.view());
    }
    let values = Array2::from_shape_fn((rows.len(), names.len()), |(row, column)| rows[row][column]);
    let chosen = columns_with_largest_errors(&gathered.figures);
    values_table(("", &headings), values.view(), (names, cells), (&chosen, LARGEST_ERRORS))
}
