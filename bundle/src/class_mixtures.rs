//! The sampler of a bundle: one mixture over the codes of all rows, or one mixture per class.

use ndarray::{Array1, ArrayView2, ArrayView3, Axis, concatenate};

use crate::{Covariances, Mixture};

/// A fitted sampler. For a decoder that takes a class, every component belongs to a class, so that the mixture is the
/// joint density `p(z, y) = p(y) p(z|y)` and the components of a class are `p(z|y)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    mixture: Mixture,
    classes: Option<ComponentClasses>,
}

#[derive(Debug, Clone, PartialEq)]
struct ComponentClasses {
    /// The class of every component, `[components]`.
    of_component: Vec<usize>,
    /// Number of classes.
    count: usize,
}

impl From<Mixture> for Sampler {
    /// One mixture for the codes of all classes.
    fn from(mixture: Mixture) -> Self {
        Sampler { mixture, classes: None }
    }
}

impl Sampler {
    /// Creates a sampler from a mixture and the class of every component. The weights of the components of a class have
    /// the sum `p(y)`.
    ///
    /// # Errors
    /// A message that says what is wrong: not one class per component, a class outside the number of classes, or a
    /// class without a component of positive weight.
    pub fn with_classes(mixture: Mixture, of_component: Vec<usize>, count: usize) -> Result<Self, String> {
        if of_component.len() != mixture.components() {
            let (found, expected) = (of_component.len(), mixture.components());
            return Err(format!("it has the classes of {found} components, expected those of {expected}"));
        }
        if let Some(class) = of_component.iter().find(|&&class| class >= count) {
            return Err(format!("a component has class {class}, expected a class from 0 below {count}"));
        }
        let mut weights = vec![0.0; count];
        for (&class, weight) in of_component.iter().zip(mixture.weights()) {
            weights[class] += weight;
        }
        // A weight that is too small to divide by would give infinite weights within the class.
        if let Some(class) = weights.iter().position(|&weight| weight < f64::MIN_POSITIVE) {
            return Err(format!("class {class} has no component with a weight above 0"));
        }
        Ok(Sampler { mixture, classes: Some(ComponentClasses { of_component, count }) })
    }

    /// Joins the mixtures `p(z|y)` of all classes, in the order of the classes. `rows` are the numbers of rows of the
    /// classes, from which `p(y)` is computed. All mixtures need the same form of covariance.
    ///
    /// # Errors
    /// A message that says what is wrong: no class, mixtures that do not fit together, or a class without rows.
    pub fn of_classes(mixtures: &[Mixture], rows: &[usize]) -> Result<Self, String> {
        let total = rows.iter().sum::<usize>().max(1) as f64;
        let of_component = mixtures.iter().enumerate();
        let of_component = of_component.flat_map(|(class, mixture)| vec![class; mixture.components()]).collect();
        let weights: Vec<f64> = mixtures
            .iter()
            .zip(rows)
            .flat_map(|(mixture, &rows)| mixture.weights().iter().map(move |weight| weight * rows as f64 / total))
            .collect();
        let means: Vec<ArrayView2<'_, f64>> = mixtures.iter().map(|mixture| mixture.means().view()).collect();
        let mut diagonal: Vec<ArrayView2<'_, f64>> = Vec::new();
        let mut full: Vec<ArrayView3<'_, f64>> = Vec::new();
        for mixture in mixtures {
            match mixture.covariances() {
                Covariances::Diagonal(log_variances) => diagonal.push(log_variances.view()),
                Covariances::Full(factors) => full.push(factors.view()),
            }
        }
        let unfit = |_| "the mixtures of the classes do not fit together".to_owned();
        let covariances = if full.is_empty() {
            Covariances::Diagonal(concatenate(Axis(0), &diagonal).map_err(unfit)?)
        } else {
            Covariances::Full(concatenate(Axis(0), &full).map_err(unfit)?)
        };
        let means = concatenate(Axis(0), &means).map_err(unfit)?;
        let mixture = Mixture::new(Array1::from_vec(weights), means, covariances)?;
        Self::with_classes(mixture, of_component, mixtures.len())
    }

    /// Returns the mixture over the codes of all classes, `p(z) = sum_y p(y) p(z|y)`.
    pub fn mixture(&self) -> &Mixture {
        &self.mixture
    }

    /// Returns the mixture over the codes of all classes, without the classes.
    pub fn into_mixture(self) -> Mixture {
        self.mixture
    }

    /// Returns the class of every component, `[components]`; `None` for one mixture for all classes.
    pub fn classes(&self) -> Option<&[usize]> {
        self.classes.as_ref().map(|classes| classes.of_component.as_slice())
    }

    /// Returns the number of components of every class, in the order of the classes; `None` for one mixture for all
    /// classes.
    pub fn class_components(&self) -> Option<Vec<usize>> {
        let ComponentClasses { of_component, count } = self.classes.as_ref()?;
        let mut components = vec![0; *count];
        of_component.iter().for_each(|&class| components[class] += 1);
        Some(components)
    }

    /// Returns the mixture of a class, `p(z|y)`, whose weights have the sum 1; `None` for one mixture for all classes,
    /// and for an unknown class.
    pub fn of_class(&self, class: usize) -> Option<Mixture> {
        let ComponentClasses { of_component, .. } = self.classes.as_ref()?;
        let members: Vec<usize> =
            (0..of_component.len()).filter(|&component| of_component[component] == class).collect();
        (!members.is_empty()).then(|| self.mixture.part(&members))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn mixture(weights: Array1<f64>) -> Mixture {
        let log_variances = Covariances::Diagonal(array![[0.0], [1.0], [2.0]]);
        Mixture::new(weights, array![[1.0], [2.0], [3.0]], log_variances).expect("valid")
    }

    #[test]
    fn a_class_has_its_components_with_weights_of_the_sum_1() {
        let sampler = Sampler::with_classes(mixture(array![0.2, 0.5, 0.3]), vec![1, 0, 1], 2).expect("valid");
        assert_eq!(sampler.class_components(), Some(vec![1, 2]));
        let one = sampler.of_class(1).expect("a class");
        assert!((one.weights() - &array![0.4, 0.6]).iter().all(|difference| difference.abs() < 1e-15));
        assert_eq!(one.means(), array![[1.0], [3.0]]);
        assert_eq!(one.covariances(), &Covariances::Diagonal(array![[0.0], [2.0]]));
        assert_eq!(sampler.of_class(2), None);
        assert_eq!(Sampler::from(mixture(array![0.2, 0.5, 0.3])).of_class(0), None);
    }

    #[test]
    fn the_mixtures_of_the_classes_are_the_parts_of_the_joint_mixture() {
        let of = |weights: Array1<f64>, mean: f64| {
            let factors = Covariances::Full(ndarray::Array3::from_elem((weights.len(), 1, 1), mean));
            Mixture::new(weights.clone(), ndarray::Array2::from_elem((weights.len(), 1), mean), factors).expect("valid")
        };
        let parts = [of(array![0.25, 0.75], 1.0), of(array![1.0], 5.0)];
        let sampler = Sampler::of_classes(&parts, &[30, 10]).expect("they fit together");
        assert_eq!(sampler.mixture().weights(), array![0.1875, 0.5625, 0.25]);
        assert_eq!(sampler.classes(), Some(&[0, 0, 1][..]));
        assert_eq!(parts.map(Some), [sampler.of_class(0), sampler.of_class(1)]);
    }

    #[test]
    fn classes_that_do_not_fit_are_named() {
        let of = |weights, classes| Sampler::with_classes(mixture(weights), classes, 2).expect_err("invalid");
        let equal = array![0.25, 0.25, 0.5];
        assert!(of(equal.clone(), vec![0, 1]).contains("classes of 2 components, expected those of 3"));
        assert!(of(equal.clone(), vec![0, 1, 2]).contains("class 2, expected a class from 0 below 2"));
        assert!(of(equal, vec![0, 0, 0]).contains("class 1 has no component"));
        assert!(of(array![1.0, 0.0, 0.0], vec![0, 1, 1]).contains("class 1 has no component"));
        assert!(Sampler::of_classes(&[], &[]).is_err());
    }
}
