//! How much each latent dimension is used: the KL divergence of a variational model, or the explained variance of a
//! principal component analysis.

use maud::html;
use narrows_evaluate::{Bar, PosteriorFigures, bars};

use super::summary::HANDFUL;
use crate::{chart::chart, error::PageError, frame::Section, gathered::Gathered, number::percent};

/// Returns the section; `None` for other models, and for a learned prior.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    if let Some(PosteriorFigures { kl_per_dimension: Some(kl), active, .. }) = &gathered.figures.posterior {
        return divergence(gathered, kl, active).map(Some);
    }
    match &gathered.manifest.training.explained_variance_ratio {
        Some(ratios) => variance(gathered, ratios).map(Some),
        None => Ok(None),
    }
}

fn divergence(gathered: &Gathered, kl: &[f64], active: &[bool]) -> Result<Section, PageError> {
    let (rows, noun) = (&gathered.about.rows, &gathered.about.noun);
    // The variance over a few rows says nothing.
    let has_active = gathered.figures.rows >= HANDFUL;
    let bar = |(dimension, (&value, &is_active)): (usize, (&f64, &bool))| Bar {
        name: format!("z{dimension}"),
        value,
        is_highlighted: is_active && has_active,
    };
    let all: Vec<Bar> = kl.iter().zip(active).enumerate().map(bar).collect();
    let svg = bars("KL divergence of each latent dimension", &format!("nats per {noun}"), &all)?;
    let used = active.iter().filter(|&&is_active| is_active).count();
    let used = format!("{used} of {} {} active", kl.len(), if used == 1 { "is" } else { "are" });
    let mut description = "Bar chart of the KL divergence of each latent dimension".to_owned();
    if has_active {
        description += &format!("; {used}");
    }
    let body = html! {
        p {
            "The KL divergence between the code of a " (noun) " and the prior, mean over " (rows) ". "
            @if has_active {
                "Coloured dimensions are active: the variance of their mean over the " (noun) "s is above 0.01 (Burda et \
                 al. 2016). " (used) ". "
            }
            "A dimension without divergence carries nothing."
        }
        (chart(&svg, &description))
    };
    Ok(Section { id: "divergence", title: "How much each latent dimension carries".to_owned(), body })
}

fn variance(gathered: &Gathered, ratios: &[f64]) -> Result<Section, PageError> {
    let bar = |(dimension, &value)| Bar { name: format!("z{dimension}"), value, is_highlighted: true };
    let all: Vec<Bar> = ratios.iter().enumerate().map(bar).collect();
    let svg = bars("Explained variance of each component", "fraction of the variance", &all)?;
    let total = percent(ratios.iter().sum());
    let body = html! {
        p { "Together the components explain " (total) " of the variance of the training " (gathered.about.noun) "s." }
        (chart(&svg, &format!("Bar chart of the explained variance of each component, together {total}")))
    };
    Ok(Section { id: "explained-variance", title: "How much each component explains".to_owned(), body })
}
