//! Takes the rest of an array iterator at once, where a script can't see that it does not come step by step.

use super::{ArrayIterator, plain};
use crate::{
    Context, JsValue, builtins::iterable::IteratorRecord, native_function::NativeFunctionObject,
    object::IndexedProperties,
};

/// The values that `iterator` has yet to give, if it is a builtin one over a plain array; then it is at its end.
pub(crate) fn take(iterator: &IteratorRecord, context: &Context) -> Option<Vec<JsValue>> {
    let next = iterator.next_method().as_object()?;
    let next = next.downcast_ref::<NativeFunctionObject>()?;
    if !next.f.is(ArrayIterator::next) {
        return None;
    }
    let (array, from) = iterator
        .iterator()
        .downcast_mut::<ArrayIterator>()?
        .values_left()?;
    let object = array.borrow();
    let len = object.properties().storage.first()?.as_i32()?;
    if !plain::is_plain(&array, u64::try_from(len).ok()?, context) {
        return None;
    }
    let elements = &object.properties().indexed_properties;
    let rest: Vec<JsValue> = match elements {
        IndexedProperties::DenseI32(all) => all.get(from..)?.iter().map(|x| (*x).into()).collect(),
        IndexedProperties::DenseF64(all) => all.get(from..)?.iter().map(|x| (*x).into()).collect(),
        IndexedProperties::DenseElement(all) => all.get(from..)?.to_vec(),
        IndexedProperties::SparseElement(_) | IndexedProperties::SparseProperty(_) => return None,
    };
    drop(object);
    iterator
        .iterator()
        .downcast_mut::<ArrayIterator>()?
        .finish();
    Some(rest)
}
