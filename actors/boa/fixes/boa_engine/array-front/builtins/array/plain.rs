//! Moves the elements of plain arrays at once, where a script can't see that they do not move one by one.

use crate::{
    Context, JsValue,
    object::{IndexedProperties, JsObject},
};

/// The most elements of an array.
const MOST: u64 = (1 << 32) - 2;

/// Whether `o` is an array of `len` elements without holes that is as it was made, and so are its prototypes: to
/// get and set its elements calls nothing and always works.
pub(super) fn is_plain(o: &JsObject, len: u64, context: &Context) -> bool {
    let intrinsics = context.intrinsics();
    let template = intrinsics.templates().array().shape().to_addr_usize();
    let object = o.borrow();
    let elements = match &object.properties().indexed_properties {
        IndexedProperties::DenseI32(elements) => elements.len(),
        IndexedProperties::DenseF64(elements) => elements.len(),
        IndexedProperties::DenseElement(elements) => elements.len(),
        IndexedProperties::SparseElement(_) | IndexedProperties::SparseProperty(_) => return false,
    };
    let has_no_elements = |prototype: &JsObject| {
        prototype.borrow().properties().index_properties().len() == 0
    };
    let array = intrinsics.constructors().array().prototype();
    let base = intrinsics.constructors().object().prototype();
    o.is_array()
        && object.extensible
        && object.properties().shape.to_addr_usize() == template
        && elements as u64 == len
        && has_no_elements(&array)
        && array.prototype().as_ref() == Some(&base)
        && has_no_elements(&base)
        && base.prototype().is_none()
}

/// What `Array.prototype.splice` does behind its step 12, or `false`: then nothing has been done.
pub(super) fn splice(
    o: &JsObject,
    len: u64,
    range: std::ops::Range<u64>,
    items: &[JsValue],
    removed: &JsObject,
    context: &Context,
) -> bool {
    let count = range.end - range.start;
    let new_len = len - count + items.len() as u64;
    if new_len > MOST
        || JsObject::equals(o, removed)
        || !is_plain(o, len, context)
        || !(is_plain(removed, 0, context) && removed.borrow().properties().storage[0] == JsValue::new(count))
    {
        return false;
    }
    let Some(elements) = take(o, range, items) else {
        return false;
    };
    removed.borrow_mut().properties_mut().indexed_properties = elements;
    o.borrow_mut().properties_mut().storage[0] = JsValue::new(new_len);
    true
}

/// What `Array.prototype.unshift` does with a plain array, or `false`: then nothing has been done.
pub(super) fn unshift(o: &JsObject, len: u64, items: &[JsValue], context: &Context) -> bool {
    let new_len = len + items.len() as u64;
    if new_len > MOST || !is_plain(o, len, context) || take(o, 0..0, items).is_none() {
        return false;
    }
    o.borrow_mut().properties_mut().storage[0] = JsValue::new(new_len);
    true
}

/// Puts `items` in the place of a range of elements; `None` if the elements are numbers and the items are not.
fn take(
    o: &JsObject,
    range: std::ops::Range<u64>,
    items: &[JsValue],
) -> Option<IndexedProperties> {
    let start = usize::try_from(range.start).ok()?;
    let count = usize::try_from(range.end - range.start).ok()?;
    let mut object = o.borrow_mut();
    Some(match &mut object.properties_mut().indexed_properties {
        IndexedProperties::DenseI32(elements) => {
            let items: Option<Vec<i32>> = items.iter().map(JsValue::as_i32).collect();
            IndexedProperties::DenseI32(elements.splice(start, count, &items?))
        }
        IndexedProperties::DenseF64(elements) => {
            let items: Option<Vec<f64>> = items.iter().map(JsValue::as_number).collect();
            IndexedProperties::DenseF64(elements.splice(start, count, &items?))
        }
        IndexedProperties::DenseElement(elements) => {
            IndexedProperties::DenseElement(elements.splice(start, count, items))
        }
        IndexedProperties::SparseElement(_) | IndexedProperties::SparseProperty(_) => return None,
    })
}
