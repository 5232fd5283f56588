//! What is known of a store without asking it: a bounded cache that also knows when it holds everything.
//!
//! Never evicts while a page is worked on: [`Known::trim`] is called between pages.

use std::hash::Hash;

use lru::LruCache;

/// Values by key, as the store has them.
pub(crate) struct Known<K: Hash + Eq, V> {
    values: LruCache<K, (V, usize)>,
    weight: usize,
    budget: usize,
    /// Whether what is not here is not in the store either.
    complete: bool,
}

impl<K: Hash + Eq, V> Known<K, V> {
    /// Nothing; `complete` when the store is known to hold nothing.
    pub(crate) fn new(budget: usize, complete: bool) -> Self {
        Self { values: LruCache::unbounded(), weight: 0, budget, complete }
    }

    /// Whether the store need not be asked.
    pub(crate) fn knows(&self, key: &K) -> bool {
        self.complete || self.values.contains(key)
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(value, _)| value)
    }

    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        self.weight += weight;
        if let Some((_, replaced)) = self.values.put(key, (value, weight)) {
            self.weight -= replaced;
        }
    }

    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        let (value, weight) = self.values.pop(key)?;
        self.weight -= weight;
        Some(value)
    }

    /// Forgets what was used longest ago, until the rest keeps the budget.
    pub(crate) fn trim(&mut self) {
        while self.weight > self.budget {
            let Some((_, (_, weight))) = self.values.pop_lru() else { break };
            self.weight -= weight;
            self.complete = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_is_forgotten_first() {
        let mut known = Known::new(2, true);
        assert!(known.knows(&"never seen"), "while everything is here, absence is knowledge");
        for (key, value) in [("a", 1), ("b", 2), ("c", 3)] {
            known.put(key, value, 1);
        }
        assert_eq!(known.get(&"a"), Some(&1), "nothing goes before the page's end");
        known.trim();
        assert_eq!((known.knows(&"a"), known.knows(&"b"), known.knows(&"c")), (true, false, true));
        assert!(!known.knows(&"never seen"), "once something went, absence says nothing");
    }

    #[test]
    fn a_value_replaced_or_taken_weighs_nothing() {
        let mut known = Known::new(10, false);
        known.put("a", 1, 6);
        known.put("a", 2, 7);
        known.put("b", 3, 3);
        known.trim();
        assert_eq!(known.take(&"a"), Some(2));
        known.put("c", 4, 7);
        known.trim();
        assert!(known.knows(&"b") && known.knows(&"c") && !known.knows(&"a"));
    }
}
