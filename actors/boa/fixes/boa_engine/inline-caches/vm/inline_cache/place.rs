//! Where a cached property lies, and when that may be believed.
//!
//! An entry holds for an object as long as both of these do:
//!  - the object has the shape that the entry names;
//!  - if the property lies in the object's prototype: that one has the shape that the entry names, too.
//!
//! This is enough, since a shape decides the prototype and all names, places and attributes of an object's
//! properties. A shared shape never changes. A unique shape keeps its identity when a property is added only; so
//! what it *lacks* can't be told by its identity, and a property of the prototype is not cached for an object with
//! a unique shape. Entries are made from the shapes alone, after the access: getters, setters and traps may have
//! changed everything meanwhile. Proxies have a shape without properties and prototype, which has no entries.

use boa_macros::js_str;
use boa_string::StaticJsStrings;

use super::{CacheEntry, InlineCache};
use crate::{
    Context, JsObject, JsResult, JsString, JsValue,
    object::shape::{
        Shape,
        slot::{Slot, SlotAttributes},
    },
    property::PropertyKey,
};

/// A property as an entry has found it.
struct Place {
    /// The prototype, if the property lies there.
    holder: Option<JsObject>,
    slot: Slot,
}

impl Place {
    /// The second value of an accessor.
    fn setter(&self, object: &JsObject) -> JsValue {
        let holder = self.holder.as_ref().unwrap_or(object).borrow();
        holder.properties().storage[self.slot.index as usize + 1].clone()
    }
}

/// Looks a property up as shapes have it.
fn place_by_shape(shape: &Shape, key: &PropertyKey) -> Option<(Slot, Option<Shape>)> {
    if let Some(slot) = shape.lookup(key) {
        return Some((slot, None));
    }
    if shape.is_unique() {
        return None;
    }
    let holder = shape.prototype()?;
    let holder = holder.borrow();
    let slot = holder.shape().lookup(key)?;
    Some((slot, Some(holder.shape().clone())))
}

/// Typed arrays hide what their prototypes have by these names.
fn is_numeric(name: &JsString) -> bool {
    *name == js_str!("NaN") || *name == js_str!("Infinity")
}

impl InlineCache {
    fn place(&self, object: &JsObject) -> Option<Place> {
        let object = object.borrow();
        let (slot, expected) = self.get(object.shape())?;
        let Some(expected) = expected else {
            return Some(Place { holder: None, slot });
        };
        let holder = object.shape().prototype()?;
        if holder.borrow().shape().to_addr_usize() != expected {
            return None;
        }
        Some(Place {
            holder: Some(holder),
            slot,
        })
    }

    fn remember(&self, shape: &Shape, slot: Slot, holder: Option<&Shape>) {
        self.set(
            shape,
            CacheEntry {
                shape: shape.into(),
                slot,
                holder: holder.map(Into::into),
            },
        );
    }

    /// Gets the property, if it is cached. A getter is called with `receiver`.
    #[inline(always)]
    pub(crate) fn read(
        &self,
        object: &JsObject,
    ) -> Option<CachedValue> {
        let object = object.borrow();
        let (slot, expected) = self.get(object.shape())?;
        let index = slot.index as usize;
        let stored = match expected {
            None => object.properties().storage[index].clone(),
            Some(expected) => {
                let holder = object.shape().prototype()?;
                let holder = holder.borrow();
                if holder.shape().to_addr_usize() != expected {
                    return None;
                }
                holder.properties().storage[index].clone()
            }
        };
        Some(if !slot.attributes.is_accessor_descriptor() {
            CachedValue::Data(stored)
        } else if slot.attributes.has_get() {
            CachedValue::Getter(stored)
        } else {
            CachedValue::Data(JsValue::undefined())
        })
    }

    /// Caches where a property was read that `found` says is an ordinary one.
    pub(crate) fn remember_read(&self, object: &JsObject, found: Slot) {
        if !found.is_cacheable() || self.megamorphic.get() {
            return;
        }
        let key = PropertyKey::from(self.name.clone());
        let object = object.borrow();
        if let Some((slot, holder)) = place_by_shape(object.shape(), &key) {
            if holder.is_none() || !is_numeric(&self.name) {
                self.remember(object.shape(), slot, holder.as_ref());
            }
        }
    }

    /// Sets the property, if a cached place says how: a value is stored, a setter is returned to be called.
    pub(crate) fn write(
        &self,
        object: &JsObject,
        value: &JsValue,
        receiver: &JsValue,
    ) -> Option<CachedWrite> {
        let (slot, expected) = self.get(object.borrow().shape())?;
        let is_own_data = expected.is_none() && !slot.attributes.is_accessor_descriptor();
        if is_own_data && receiver.as_object().is_some_and(|receiver| JsObject::equals(&receiver, object)) {
            object.borrow_mut().properties_mut().storage[slot.index as usize] = value.clone();
            return Some(CachedWrite::Stored);
        }
        let place = self.place(object)?;
        if place.slot.attributes.is_accessor_descriptor() {
            // Without a function that is an error in strict code.
            let setter = place.setter(object).as_object()?;
            return Some(CachedWrite::Setter(setter));
        }
        // `super.x = 1` stores into `this`, which is another object.
        None
    }

    /// Caches where a property was set that `found` says is an ordinary one.
    pub(crate) fn remember_write(&self, object: &JsObject, found: Slot) {
        // An array that is given another length may lose elements.
        if !found.is_cacheable()
            || self.megamorphic.get()
            || self.name == StaticJsStrings::LENGTH
            || is_numeric(&self.name)
        {
            return;
        }
        let key = PropertyKey::from(self.name.clone());
        let object = object.borrow();
        if let Some((slot, holder)) = place_by_shape(object.shape(), &key) {
            let settable = if slot.attributes.is_accessor_descriptor() {
                slot.attributes.has_set()
            } else {
                holder.is_none() && slot.attributes.contains(SlotAttributes::WRITABLE)
            };
            if settable {
                self.remember(object.shape(), slot, holder.as_ref());
            }
        }
    }
}

/// What a cached read gives.
pub(crate) enum CachedValue {
    Data(JsValue),
    Getter(JsValue),
}

impl CachedValue {
    /// The property's value for this receiver.
    #[inline]
    pub(crate) fn get(self, receiver: &JsValue, context: &mut Context) -> JsResult<JsValue> {
        match self {
            Self::Data(value) => Ok(value),
            Self::Getter(getter) => match getter.as_object() {
                Some(getter) => getter.call(receiver, &[], context),
                None => Ok(JsValue::undefined()),
            },
        }
    }
}

/// What a cached write has done, or leaves to do.
pub(crate) enum CachedWrite {
    Stored,
    Setter(JsObject),
}
