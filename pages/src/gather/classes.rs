//! The classes that occur in a data set, by name.

use std::collections::HashMap;

/// Names of classes with the indices in which they first occurred.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    names: Vec<String>,
    indices: HashMap<String, usize>,
}

impl Classes {
    /// Returns the index of a class, in the order of their first occurrence.
    pub(crate) fn index_of(&mut self, name: &str) -> usize {
        match self.indices.get(name) {
            Some(&index) => index,
            None => {
                let index = self.names.len();
                self.names.push(name.to_owned());
                self.indices.insert(name.to_owned(), index);
                index
            }
        }
    }

    /// Returns the names in their final order, and the new index of every old one: the order of `known` if it has all
    /// of them, otherwise numbers by size or names by the alphabet.
    pub(crate) fn ordered(self, known: &[String]) -> (Vec<String>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        let positions: HashMap<&str, usize> =
            known.iter().enumerate().map(|(position, name)| (name.as_str(), position)).collect();
        let numbers: Option<Vec<f64>> = self.names.iter().map(|name| name.parse().ok()).collect();
        if self.names.iter().all(|name| positions.contains_key(name.as_str())) {
            order.sort_by_key(|&index| positions.get(self.names[index].as_str()));
        } else if let Some(numbers) = numbers {
            order.sort_by(|&one, &other| numbers[one].total_cmp(&numbers[other]));
        } else {
            order.sort_by(|&one, &other| self.names[one].cmp(&self.names[other]));
        }
        let mut new = vec![0; order.len()];
        order.iter().enumerate().for_each(|(position, &index)| new[index] = position);
        (order.into_iter().map(|index| self.names[index].clone()).collect(), new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(names: &[&str], known: &[&str]) -> (Vec<String>, Vec<usize>) {
        let mut classes = Classes::default();
        for name in names {
            classes.index_of(name);
        }
        classes.ordered(&known.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn classes_are_in_the_order_of_the_model_or_of_numbers_or_of_the_alphabet() {
        assert_eq!(ordered(&["b", "a", "b"], &["b", "c", "a"]), (vec!["b".to_owned(), "a".to_owned()], vec![0, 1]));
        assert_eq!(ordered(&["10", "9"], &[]), (vec!["9".to_owned(), "10".to_owned()], vec![1, 0]));
        assert_eq!(ordered(&["b", "a", "10"], &["a"]).0, ["10", "a", "b"]);
    }
}
