//! Removes properties, and makes data properties accessors, in amortised constant time.
//!
//! The last property of a shared shape is undone by going back to the shape before it. A short shared shape is
//! rebuilt without the property. Any other becomes a unique shape, where a removed property leaves a gap in the
//! table and in the storage, so that no other property moves. A gap's key is an index, which is never the key of
//! a property in a table. When more places are gaps than properties the properties move together.
//!
//! A data property of a unique shape that becomes an accessor needs a second value: unless it is the last, its values
//! move behind all others, and a place at the end of the table, which is no property's, keeps them free.

use super::{
    Inner, Shape, SharedShape, UniqueShape,
    property_table::PropertyTableInner,
    slot::SlotAttributes,
};
use crate::{JsValue, property::PropertyKey};

/// The most transitions from the root for which a shared shape is rebuilt.
const SHORT: u16 = 16;

/// The number of gaps that are kept in any case.
const FEW: usize = 16;

impl Shape {
    /// Removes a property from the shape, and its value from `storage`.
    ///
    /// NOTE: This assumes that there is a property with the given key!
    pub(crate) fn remove_property(&self, key: &PropertyKey, storage: &mut Vec<JsValue>) -> Self {
        match &self.inner {
            Inner::Shared(shape) if shape.transition_count() <= SHORT || shape.ends_with(key) => {
                remove_from_shared(shape, key, storage).into()
            }
            Inner::Shared(shape) => remove_from_unique(&shape.to_unique(), key, storage).into(),
            Inner::Unique(shape) => remove_from_unique(shape, key, storage).into(),
        }
    }
}

fn remove_from_shared(
    shape: &SharedShape,
    key: &PropertyKey,
    storage: &mut Vec<JsValue>,
) -> SharedShape {
    if let Some(slot) = shape.lookup(key) {
        storage.drain(slot.index as usize..(slot.index + slot.width()) as usize);
    }
    shape.remove_property_transition(key)
}

fn remove_from_unique(
    shape: &UniqueShape,
    key: &PropertyKey,
    storage: &mut Vec<JsValue>,
) -> UniqueShape {
    // The shape is a new one, so that inline caches of the old one are void.
    let (prototype, mut table) = shape.take();
    if let Some((index, slot)) = table.map.remove(key) {
        for place in slot.index..slot.index + slot.width() {
            storage[place as usize] = JsValue::undefined();
        }
        table.keys[index as usize].0 = gap();
    }
    while let Some((_, slot)) = table.keys.last().filter(|(key, _)| *key == gap()) {
        storage.truncate(slot.index as usize);
        table.keys.pop();
    }
    if is_sparse(&table) {
        close_up(&mut table, storage);
    }
    UniqueShape::new(prototype, table)
}

/// Makes a data property an accessor, or the other way round; see the head of the file.
pub(super) fn change_width(
    table: &mut PropertyTableInner,
    key: &PropertyKey,
    attributes: SlotAttributes,
) {
    let end = table.keys.last().map_or(0, |(_, slot)| slot.index + slot.width());
    let length = table.keys.len();
    let Some((index, slot)) = table.map.get_mut(key) else {
        return;
    };
    let is_last = *index as usize + 1 == length;
    slot.attributes = attributes;
    if attributes.is_accessor_descriptor() && !is_last {
        slot.index = end;
        table.keys.push((taken(), *slot));
    }
    table.keys[*index as usize].1 = *slot;
}

impl Shape {
    /// Where too many places are no property's, moves the properties together.
    pub(crate) fn close_up_if_sparse(&self, storage: &mut Vec<JsValue>) -> Option<Self> {
        let shape = self.as_unique().filter(|shape| shape.is_sparse())?;
        let (prototype, mut table) = shape.take();
        close_up(&mut table, storage);
        Some(UniqueShape::new(prototype, table).into())
    }
}

pub(super) fn is_sparse(table: &PropertyTableInner) -> bool {
    table.keys.len() > 2 * table.map.len() + FEW
}

/// The key of a place whose values are those of a property that stands elsewhere.
fn taken() -> PropertyKey {
    PropertyKey::from(1_u8)
}

fn gap() -> PropertyKey {
    PropertyKey::from(0_u8)
}

/// Whether this is the key of a place that is no property's.
fn is_gap(key: &PropertyKey) -> bool {
    matches!(key, PropertyKey::Index(_))
}

fn close_up(table: &mut PropertyTableInner, storage: &mut Vec<JsValue>) {
    table.keys.retain(|(key, _)| !is_gap(key));
    let mut moved = Vec::with_capacity(2 * table.keys.len());
    for (index, (key, slot)) in table.keys.iter_mut().enumerate() {
        let from = slot.index as usize;
        slot.index = moved.len() as u32;
        for place in from..from + slot.width() as usize {
            moved.push(std::mem::take(&mut storage[place]));
        }
        if let Some(place) = table.map.get_mut(key) {
            *place = (index as u32, *slot);
        }
    }
    *storage = moved;
    storage.shrink_to(storage.len() * 2);
    table.keys.shrink_to(table.keys.len() * 2);
    table.map.shrink_to(table.map.len() * 2);
}
