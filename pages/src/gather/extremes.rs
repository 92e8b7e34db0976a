//! The rows with the smallest and with the largest errors.

use std::cmp::Ordering;

/// Keeps the `capacity` first items in an order; of equal ones, those that came first.
#[derive(Debug)]
pub(crate) struct Extremes<T> {
    capacity: usize,
    /// How a key compares with another one: `Less` if it comes first.
    order: fn(&f64, &f64) -> Ordering,
    kept: Vec<(f64, T)>,
}

impl<T> Extremes<T> {
    /// Keeps the items with the smallest keys.
    pub(crate) fn smallest(capacity: usize) -> Self {
        Extremes { capacity, order: f64::total_cmp, kept: Vec::new() }
    }

    /// Keeps the items with the largest keys.
    pub(crate) fn largest(capacity: usize) -> Self {
        Extremes { capacity, order: |one, other| other.total_cmp(one), kept: Vec::new() }
    }

    /// Passes an item. `item` is called only if the item is kept.
    pub(crate) fn add(&mut self, key: f64, item: impl FnOnce() -> T) {
        let position = self.kept.partition_point(|(kept, _)| (self.order)(kept, &key) != Ordering::Greater);
        if position < self.capacity {
            self.kept.truncate(self.capacity - 1);
            self.kept.insert(position, (key, item()));
        }
    }

    /// Returns the items in order.
    pub(crate) fn into_items(self) -> Vec<T> {
        self.kept.into_iter().map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extreme_items_are_kept_in_order_and_of_equal_ones_the_first() {
        let (mut smallest, mut largest) = (Extremes::smallest(3), Extremes::largest(2));
        for (item, key) in [5.0, 1.0, 3.0, 1.0, 7.0, 0.5].into_iter().enumerate() {
            smallest.add(key, || item);
            largest.add(key, || item);
        }
        assert_eq!((smallest.into_items(), largest.into_items()), (vec![5, 1, 3], vec![4, 0]));
        let mut none = Extremes::smallest(0);
        none.add(1.0, || 0);
        assert!(none.into_items().is_empty());
    }
}
