//! A set that keeps the order of insertion; see [`OrderedMap`].

use crate::{
    JsData, JsValue,
    builtins::map::ordered_map::{Cursor, OrderedMap},
};
use boa_gc::{Finalize, Trace};
use std::fmt::Debug;

/// A set that keeps the order of insertion.
#[derive(Clone, Default, Finalize, Trace, JsData)]
pub struct OrderedSet {
    inner: OrderedMap<()>,
}

impl Debug for OrderedSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> Result<(), std::fmt::Error> {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

impl OrderedSet {
    /// Creates an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty set with room for `capacity` elements.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            inner: OrderedMap::with_capacity(capacity),
        }
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Adds `value` as the last element; returns whether it is new.
    pub fn add(&mut self, value: JsValue) -> bool {
        self.inner.insert(value, ()).is_none()
    }

    /// Removes `value`; returns whether it was there.
    pub fn delete(&mut self, value: &JsValue) -> bool {
        self.inner.remove(value).is_some()
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        self.inner.clear();
    }

    /// Whether `value` is there.
    #[must_use]
    pub fn contains(&self, value: &JsValue) -> bool {
        self.inner.contains_key(value)
    }

    /// The elements in their order.
    pub fn iter(&self) -> impl Iterator<Item = &JsValue> {
        self.inner.iter().map(|(value, ())| value)
    }

    /// The first element that `cursor` has not visited. The set may change between two calls.
    pub fn next(&self, cursor: &mut Cursor) -> Option<&JsValue> {
        self.inner.next(cursor).map(|(value, ())| value)
    }
}
