//! A map that keeps the order of insertion and deletes in constant time, also while it is walked.
//!
//! A deleted entry leaves an empty place, so that no other entry moves. When more places are empty than
//! taken the entries move together. Each entry has a serial number that is never used again; a [`Cursor`]
//! remembers the number from which it goes on, so it finds its place after such a move, and after `clear`.

use crate::{JsData, JsValue};
use boa_gc::{Finalize, Trace, custom_trace};
use hashbrown::HashTable;
use std::{
    fmt::Debug,
    hash::{BuildHasher, RandomState},
};

/// The number of empty places that are kept in any case.
const FEW: usize = 32;

#[derive(Clone)]
struct Entry<V> {
    hash: u64,
    serial: u64,
    pair: Option<(JsValue, V)>,
}

/// A map that keeps the order of insertion.
#[derive(Clone, Finalize, JsData)]
pub struct OrderedMap<V> {
    entries: Vec<Entry<V>>,
    /// Places in `entries` by key.
    places: HashTable<usize>,
    hasher: RandomState,
    next_serial: u64,
    /// All places before this one are empty.
    first: usize,
    /// How often the entries have moved.
    moves: u64,
}

/// A place in the order of an [`OrderedMap`], which stays right whatever happens to the map.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    /// Entries with smaller serial numbers have been visited.
    serial: u64,
    /// The place of the first entry that has not been visited, if the entries have moved `moves` times.
    place: usize,
    moves: u64,
}

// SAFETY: keys and values are all that a collector can find here.
unsafe impl<V: Trace> Trace for OrderedMap<V> {
    custom_trace!(this, mark, {
        for (key, value) in this.entries.iter().filter_map(|entry| entry.pair.as_ref()) {
            mark(key);
            mark(value);
        }
    });
}

impl<V: Debug> Debug for OrderedMap<V> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> Result<(), std::fmt::Error> {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

impl<V> Default for OrderedMap<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> OrderedMap<V> {
    /// Creates an empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// Creates an empty map with room for `capacity` entries.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: Vec::with_capacity(capacity),
            places: HashTable::with_capacity(capacity),
            hasher: RandomState::new(),
            next_serial: 0,
            first: 0,
            moves: 0,
        }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn place(&self, hash: u64, key: &JsValue) -> Option<usize> {
        self.places
            .find(hash, |&place| self.has_at(place, key))
            .copied()
    }

    fn has_at(&self, place: usize, key: &JsValue) -> bool {
        matches!(&self.entries[place].pair, Some((other, _)) if other == key)
    }

    /// Sets the value of `key`, and returns the one that it had. A new key comes last.
    pub fn insert(&mut self, key: JsValue, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        if let Some(place) = self.place(hash, &key) {
            let (_, old) = self.entries[place].pair.as_mut()?;
            return Some(std::mem::replace(old, value));
        }
        let (place, serial) = (self.entries.len(), self.next_serial);
        self.next_serial += 1;
        self.entries.push(Entry {
            hash,
            serial,
            pair: Some((key, value)),
        });
        let entries = &self.entries;
        self.places
            .insert_unique(hash, place, |&place| entries[place].hash);
        None
    }

    /// Removes `key`, and returns its value.
    pub fn remove(&mut self, key: &JsValue) -> Option<V> {
        let hash = self.hasher.hash_one(key);
        let entries = &mut self.entries;
        let place = self
            .places
            .find_entry(hash, |&place| {
                matches!(&entries[place].pair, Some((other, _)) if other == key)
            })
            .ok()?
            .remove()
            .0;
        let (_, value) = entries[place].pair.take()?;
        while entries.get(self.first).is_some_and(|e| e.pair.is_none()) {
            self.first += 1;
        }
        if entries.len() - self.places.len() > self.places.len() + FEW {
            self.close_up();
        }
        Some(value)
    }

    /// Moves the entries together.
    fn close_up(&mut self) {
        self.entries.retain(|entry| entry.pair.is_some());
        self.entries.shrink_to(self.entries.len() * 2);
        let entries = &self.entries;
        self.places.clear();
        for (place, entry) in entries.iter().enumerate() {
            self.places
                .insert_unique(entry.hash, place, |&place| entries[place].hash);
        }
        self.places
            .shrink_to(entries.len() * 2, |&place| entries[place].hash);
        self.first = 0;
        self.moves += 1;
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.entries = Vec::new();
        self.places = HashTable::new();
        self.first = 0;
        self.moves += 1;
    }

    /// The value of `key`.
    pub fn get(&self, key: &JsValue) -> Option<&V> {
        let place = self.place(self.hasher.hash_one(key), key)?;
        self.entries[place].pair.as_ref().map(|(_, value)| value)
    }

    /// Whether there is an entry of `key`.
    #[must_use]
    pub fn contains_key(&self, key: &JsValue) -> bool {
        self.place(self.hasher.hash_one(key), key).is_some()
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&JsValue, &V)> {
        self.entries[self.first..]
            .iter()
            .filter_map(|entry| entry.pair.as_ref().map(|(key, value)| (key, value)))
    }

    /// The first entry that `cursor` has not visited. The map may change between two calls.
    pub fn next(&self, cursor: &mut Cursor) -> Option<(&JsValue, &V)> {
        if cursor.moves != self.moves {
            cursor.place = self.entries.partition_point(|e| e.serial < cursor.serial);
            cursor.moves = self.moves;
        }
        let mut place = cursor.place.max(self.first);
        while let Some(entry) = self.entries.get(place) {
            place += 1;
            if let Some((key, value)) = &entry.pair {
                (cursor.place, cursor.serial) = (place, entry.serial + 1);
                return Some((key, value));
            }
        }
        (cursor.place, cursor.serial) = (place, self.next_serial);
        None
    }
}
