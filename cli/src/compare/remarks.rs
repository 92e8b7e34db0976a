//! Sentences below the table: where PCA has a lower error than the autoencoders, and which figures are not comparable.

use narrows_bundle::Kind;

use super::{
    Cell, Figures,
    column::Column,
    rates::{RateCurve, rate_curves},
    rows::Row,
};
use crate::digits::significant;

/// Says for each latent size which models have a higher and which a lower error than PCA.
pub(super) fn about_pca(rows: &[Row]) -> Vec<String> {
    let sizes = rows.chunk_by(|one, other| one.group.latent_dim == other.group.latent_dim);
    sizes.filter_map(about_pca_at).collect()
}

fn about_pca_at(rows: &[Row]) -> Option<String> {
    let error = |row: &Row| row.figure(Column::Mse).map(|spread| spread.mean);
    let pca = rows.iter().find(|row| row.group.kind == Kind::Pca)?;
    let pca_error = error(pca)?;
    let named = |is_selected: &dyn Fn(f64) -> bool| {
        let others = rows.iter().filter(|row| row.group != pca.group);
        let selected = others.filter_map(|row| Some((row, error(row)?))).filter(|(_, error)| is_selected(*error));
        let text = |(row, error): (&Row, f64)| format!("{} ({})", row.group.name(), significant(error));
        selected.map(text).collect::<Vec<_>>().join(", ")
    };
    let (worse, better) = (named(&|error| error > pca_error), named(&|error| error <= pca_error));
    let pca_error = significant(pca_error);
    let (size, name) = (pca.group.latent_dim, pca.group.name());
    match (worse.is_empty(), better.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("latent {size}: {name} has the lowest MSE ({pca_error}), below {worse}")),
        (true, false) => Some(format!("latent {size}: {name} has the highest MSE ({pca_error}), above {better}")),
        (false, false) => Some(format!(
            "latent {size}: {name} ({pca_error}) has a lower MSE than {worse}, a higher one than {better}"
        )),
    }
}

/// Lists rate and distortion for each weight of the KL term, if there are several.
pub(super) fn about_rates(cells: &[(Cell, Figures)]) -> Vec<String> {
    let sentence = |curve: RateCurve| {
        let point = |(beta, rate, distortion): &(f64, f64, f64)| {
            format!("beta {beta}: {} and {}", significant(*rate), significant(*distortion))
        };
        let points: Vec<String> = curve.points.iter().map(point).collect();
        format!("{}: rate and distortion in nats: {}", curve.name(), points.join("; "))
    };
    rate_curves(cells).into_iter().map(sentence).collect()
}

/// Warns of bundles whose errors are in other units than those of the other models.
pub(super) fn about_scaling(cells: &[(Cell, Figures)]) -> Vec<String> {
    let (loaded, trained): (Vec<_>, Vec<_>) = cells.iter().partition(|(cell, _)| cell.group.bundle.is_some());
    let reference: Vec<&str> = match (&trained[..], &loaded[..]) {
        ([], [(_, first), ..]) => vec![&first.scaling],
        (trained, _) => trained.iter().map(|(_, figures)| figures.scaling.as_str()).collect(),
    };
    let differs = |(_, figures): &&&(Cell, Figures)| !reference.contains(&figures.scaling.as_str());
    let warning = |(cell, _): &&(Cell, Figures)| {
        format!(
            "{} scales the data differently, so its MSE and NLL are in other units: do not compare them",
            cell.group.name()
        )
    };
    loaded.iter().filter(differs).map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::rows::{rows, tests::cell},
        *,
    };

    #[test]
    fn pca_is_compared_with_every_model_of_its_latent_size() {
        let cells = [
            cell(Kind::Pca, 2, 0, 0.3),
            cell(Kind::Ae, 2, 0, 0.4),
            cell(Kind::Pca, 8, 0, 0.2),
            cell(Kind::Ae, 8, 0, 0.1),
            cell(Kind::Vae, 8, 0, 0.25),
            cell(Kind::Ae, 32, 0, 0.01),
        ];
        assert_eq!(
            about_pca(&rows(&cells)),
            [
                "latent 2: pca has the lowest MSE (0.3000), below ae (0.4000)",
                "latent 8: pca (0.2000) has a lower MSE than vae (0.2500), a higher one than ae (0.1000)",
            ]
        );
    }

    #[test]
    fn a_bundle_with_another_scaling_is_reported() {
        let (mut loaded, mut figures) = cell(Kind::Ae, 2, 0, 0.4);
        (loaded.group.bundle, figures.scaling) = (Some("b".to_owned()), "other".to_owned());
        let cells = [cell(Kind::Pca, 2, 0, 0.3), (loaded, figures)];
        assert_eq!(about_scaling(&cells).len(), 1);
        assert!(about_scaling(&cells[..1]).is_empty() && about_scaling(&cells[1..]).is_empty());
    }
}
