//! Bytes in and out of buffers and their views.

use boa_engine::object::builtins::{
    AlignedVec, JsArrayBuffer, JsDataView, JsSharedArrayBuffer, JsTypedArray, JsUint8Array,
};
use boa_engine::{Context, JsObject, JsResult, JsValue};

use super::class::type_error;

/// Alignment of new buffers, which the engine's own have.
const ALIGNMENT: usize = 64;

/// The part of a buffer that a view shows, in bytes.
pub(super) struct Window {
    /// The buffer.
    pub(super) buffer: JsObject,
    /// Where the window begins.
    pub(super) offset: usize,
    /// How long it is.
    pub(super) length: usize,
}

/// What a typed array or a DataView shows; none for anything else.
pub(super) fn window(view: &JsObject, context: &mut Context) -> JsResult<Option<Window>> {
    let (buffer, offset, length) = if let Ok(array) = JsTypedArray::from_object(view.clone()) {
        (array.buffer(context)?, array.byte_offset(context)?, array.byte_length(context)?)
    } else if let Ok(view) = JsDataView::from_object(view.clone()) {
        let usize = |bytes: u64| usize::try_from(bytes).map_err(|_| type_error("the view is too long"));
        (view.buffer(context)?, usize(view.byte_offset(context)?)?, usize(view.byte_length(context)?)?)
    } else {
        return Ok(None);
    };
    Ok(buffer.as_object().map(|buffer| Window { buffer, offset, length }))
}

/// `BufferSource`: a copy of the bytes of a buffer or view; none for any other value. A detached one has no bytes.
pub(super) fn bytes_of(value: &JsValue, context: &mut Context) -> JsResult<Option<Vec<u8>>> {
    let Some(object) = value.as_object() else { return Ok(None) };
    match window(&object, context)? {
        Some(window) => {
            let bytes = all_bytes(&window.buffer).unwrap_or_default();
            Ok(Some(bytes.get(window.offset..window.offset + window.length).unwrap_or_default().to_vec()))
        }
        None => Ok(all_bytes(&object)),
    }
}

fn all_bytes(buffer: &JsObject) -> Option<Vec<u8>> {
    if let Ok(buffer) = JsArrayBuffer::from_object(buffer.clone()) {
        return Some(buffer.to_vec().unwrap_or_default());
    }
    JsSharedArrayBuffer::from_object(buffer.clone()).ok().map(|buffer| buffer.to_vec())
}

/// Writes to the begin of a window; what does not fit is left out.
pub(super) fn write(window: &Window, bytes: &[u8]) -> JsResult<()> {
    let buffer = JsArrayBuffer::from_object(window.buffer.clone())
        .map_err(|_| type_error("views of shared memory can't be written here"))?;
    if let Some(mut data) = buffer.data_mut() {
        let length = bytes.len().min(window.length);
        if let Some(place) = data.get_mut(window.offset..window.offset + length) {
            place.copy_from_slice(&bytes[..length]);
        }
    }
    Ok(())
}

/// A new ArrayBuffer.
pub(super) fn array_buffer(bytes: &[u8], context: &mut Context) -> JsResult<JsArrayBuffer> {
    JsArrayBuffer::from_byte_block(AlignedVec::from_slice(ALIGNMENT, bytes), context)
}

/// A new Uint8Array over a buffer of its own.
pub(super) fn uint8_array(bytes: &[u8], context: &mut Context) -> JsResult<JsValue> {
    let buffer = array_buffer(bytes, context)?;
    Ok(JsUint8Array::from_array_buffer(buffer, context)?.into())
}
