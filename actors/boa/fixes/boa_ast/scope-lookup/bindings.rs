//! The bindings of a scope, in order and by name.

use super::Binding;
use boa_string::JsString;
use rustc_hash::FxHashMap;
use std::ops::{Deref, DerefMut};

/// Up to this number the bindings are looked through.
const FEW: usize = 16;

/// The bindings of a scope; of many of them, each is found by its name at once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Bindings {
    list: Vec<Binding>,
    /// Indices by name, once there are more than a few.
    places: FxHashMap<JsString, usize>,
}

impl Bindings {
    /// Adds a binding, whose name is a new one.
    pub(super) fn push(&mut self, binding: Binding) {
        self.list.push(binding);
        if self.list.len() > FEW {
            let from = self.places.len();
            for (index, binding) in self.list.iter().enumerate().skip(from) {
                self.places.insert(binding.name.clone(), index);
            }
        }
    }

    /// The binding of `name`.
    pub(super) fn named(&self, name: &JsString) -> Option<&Binding> {
        if self.list.len() > FEW {
            self.places.get(name).map(|index| &self.list[*index])
        } else {
            self.list.iter().find(|binding| &binding.name == name)
        }
    }

    /// The binding of `name`, to be changed.
    pub(super) fn named_mut(&mut self, name: &JsString) -> Option<&mut Binding> {
        if self.list.len() > FEW {
            self.places.get(name).map(|index| &mut self.list[*index])
        } else {
            self.list.iter_mut().find(|binding| &binding.name == name)
        }
    }
}

impl Deref for Bindings {
    type Target = [Binding];

    fn deref(&self) -> &[Binding] {
        &self.list
    }
}

impl DerefMut for Bindings {
    fn deref_mut(&mut self) -> &mut [Binding] {
        &mut self.list
    }
}
