//! The elements of an array without holes, which can be taken from the front in amortised constant time.

use boa_gc::{Finalize, Trace, custom_trace};
use std::ops::{Deref, DerefMut};
use thin_vec::ThinVec;

/// The number of places at the front that may be unused in any case.
const FEW: usize = 16;

/// A vector whose first places may be unused: at most half of them, or a few.
#[derive(Debug, Finalize)]
pub struct Dense<T> {
    places: ThinVec<T>,
    unused: usize,
}

// SAFETY: all elements are marked; what is unused is a default value.
unsafe impl<T: Trace> Trace for Dense<T> {
    custom_trace!(this, mark, {
        mark(&this.places);
    });
}

impl<T> Dense<T> {
    /// No elements.
    #[must_use]
    pub fn new() -> Self {
        Self {
            places: ThinVec::new(),
            unused: 0,
        }
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: T) {
        self.places.push(element);
    }

    /// Removes the last element.
    pub fn pop(&mut self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        self.places.pop()
    }
}

impl<T: Clone + Default> Dense<T> {
    /// Removes the first element.
    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let first = self.first_mut().map(std::mem::take)?;
        self.drop_front(1);
        Some(first)
    }

    fn drop_front(&mut self, count: usize) {
        self[..count].fill(T::default());
        self.unused += count;
        if self.unused > FEW && self.unused > self.len() {
            self.places.drain(..self.unused);
            self.unused = 0;
            if self.places.capacity() / 4 > self.places.len() + FEW {
                self.places.shrink_to_fit();
            }
        }
    }

    fn grow_front(&mut self, count: usize) {
        if self.unused < count {
            // Room for the next ones that come to the front, too.
            let room = self.len() / 2 + count;
            let mut places = ThinVec::with_capacity(room + self.len());
            places.resize(room, T::default());
            places.extend(self.places.drain(self.unused..));
            (self.places, self.unused) = (places, room);
        }
        self.unused -= count;
    }

    /// Puts `items` in the place of `count` elements from `start` on, and gives those.
    pub(crate) fn splice(&mut self, start: usize, count: usize, items: &[T]) -> Self {
        let removed = self[start..start + count].iter().cloned().collect();
        if start == 0 {
            if items.len() < count {
                self.drop_front(count - items.len());
            } else {
                self.grow_front(items.len() - count);
            }
            self[..items.len()].clone_from_slice(items);
        } else {
            let behind = self.places.split_off(self.unused + start + count);
            self.places.truncate(self.unused + start);
            self.places.extend_from_slice(items);
            self.places.extend(behind);
        }
        removed
    }
}

impl<T> Deref for Dense<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.places[self.unused..]
    }
}

impl<T> DerefMut for Dense<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.places[self.unused..]
    }
}

impl<T> Default for Dense<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for Dense<T> {
    fn clone(&self) -> Self {
        self.iter().cloned().collect()
    }
}

impl<T> FromIterator<T> for Dense<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self {
            places: elements.into_iter().collect(),
            unused: 0,
        }
    }
}

impl<T> IntoIterator for Dense<T> {
    type Item = T;
    type IntoIter = std::iter::Skip<thin_vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.places.into_iter().skip(self.unused)
    }
}

impl<'a, T> IntoIterator for &'a Dense<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
