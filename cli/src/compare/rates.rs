//! Rate and distortion of the variational models, for several weights of the KL term (Alemi et al. 2018).

use narrows_bundle::Kind;

use super::{Cell, Figures};

/// Rate and distortion for each weight of the KL term, averaged over the seeds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RateCurve {
    latent_dim: usize,
    kind: Kind,
    /// Weight, rate and distortion, in ascending order of the weights.
    pub(super) points: Vec<(f64, f64, f64)>,
}

impl RateCurve {
    /// Returns the name of the models: `vae, latent 8`.
    pub(super) fn name(&self) -> String {
        format!("{}, latent {}", self.kind, self.latent_dim)
    }
}

/// Returns a curve for each kind and latent size with at least two weights of the KL term.
pub(super) fn rate_curves(cells: &[(Cell, Figures)]) -> Vec<RateCurve> {
    let mut curves: Vec<RateCurve> = Vec::new();
    let trained = cells.iter().filter(|(cell, _)| cell.group.bundle.is_none());
    for (cell, _) in trained.clone() {
        let (latent_dim, kind, Some(beta)) = (cell.group.latent_dim, cell.group.kind, cell.group.beta) else {
            continue;
        };
        let own = trained.clone().filter(|(other, _)| other.group == cell.group);
        let pairs: Vec<(f64, f64)> =
            own.filter_map(|(_, figures)| Some((figures.rate?, figures.distortion?))).collect();
        if pairs.is_empty() {
            continue;
        }
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
        let point = (beta, mean(|pair| pair.0), mean(|pair| pair.1));
        match curves.iter_mut().find(|curve| curve.latent_dim == latent_dim && curve.kind == kind) {
            Some(curve) if curve.points.contains(&point) => {}
            Some(curve) => curve.points.push(point),
            None => curves.push(RateCurve { latent_dim, kind, points: vec![point] }),
        }
    }
    curves.retain(|curve| curve.points.len() > 1);
    curves.iter_mut().for_each(|curve| curve.points.sort_by(|one, other| one.0.total_cmp(&other.0)));
    curves
}

#[cfg(test)]
mod tests {
    use super::{super::rows::tests::cell, *};

    #[test]
    fn a_curve_has_a_point_for_each_weight_averaged_over_the_seeds() {
        let of = |beta: f64, seed, rate, distortion| {
            let (mut cell, mut figures) = cell(Kind::Vae, 8, seed, 0.1);
            cell.group.beta = Some(beta);
            (figures.rate, figures.distortion) = (Some(rate), Some(distortion));
            (cell, figures)
        };
        let cells = [of(4.0, 0, 1.0, 30.0), of(4.0, 1, 3.0, 28.0), of(1.0, 0, 9.0, 20.0), cell(Kind::Ae, 8, 0, 0.1)];
        let curves = rate_curves(&cells);
        assert_eq!(curves.len(), 1);
        assert_eq!(curves[0].name(), "vae, latent 8");
        assert_eq!(curves[0].points, [(1.0, 9.0, 20.0), (4.0, 2.0, 29.0)]);
        assert!(rate_curves(&cells[..2]).is_empty(), "a single weight is no curve");
    }
}
