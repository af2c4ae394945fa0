//! Concatenation that does not copy a long text for each piece that is put to it, and slices that keep no more
//! alive than they are worth.
use crate::vtable::{BufferString, SliceString};
use crate::{JsStr, JsString, JsStringKind, StaticJsStrings, alloc_overflow};
use std::ptr::NonNull;

/// Texts from this length on may get room to grow.
const GROWING: usize = 256;

/// A slice up to this length is a copy, which is smaller than what it takes to point at the original.
const TINY: usize = 64;

/// A slice up to this length is a copy, if the original is longer by `MUCH`.
const SHORT: usize = 2048;
const MUCH: usize = 16;

impl JsString {
    /// The concatenation of `parts`.
    ///
    /// A long part that ends, or begins, where the written units of a buffer do is left where it is, and the
    /// others are written beside it. So pieces that are put to one text one after the other, at either end, are
    /// copied a constant number of times each. The first concatenation of a text takes no more room than it needs.
    #[must_use]
    pub fn concat_growing(parts: &[JsString]) -> JsString {
        let mut total = 0_usize;
        let mut base = 0;
        for (index, part) in parts.iter().enumerate() {
            let Some(sum) = total.checked_add(part.len()) else {
                alloc_overflow()
            };
            total = sum;
            if part.len() > parts[base].len() {
                base = index;
            }
        }
        let Some(long) = parts.get(base) else {
            return StaticJsStrings::EMPTY_STRING;
        };
        if long.len() == total {
            return long.clone();
        }
        if long.len() < GROWING {
            return Self::concat_array(&parts.iter().map(JsString::as_str).collect::<Vec<_>>());
        }
        let before = &parts[..base];
        let behind = &parts[base + 1..];
        let front: usize = before.iter().map(JsString::len).sum();
        let back: usize = behind.iter().map(JsString::len).sum();
        let latin1 = |texts: &[JsString]| texts.iter().all(|text| text.as_str().is_latin1());
        let narrow = latin1(before) && latin1(behind);

        // Room for the next pieces, if this is not the first piece that comes to the text.
        let (mut room_before, mut room_behind) = (0, 0);
        if let Some((buffer, from)) = long.buffer() {
            let to = from + long.len();
            // SAFETY: `long` keeps the buffer alive.
            let head = unsafe { buffer.as_ref() };
            if (front == 0 || from == head.begin()) && (back == 0 || to == head.end()) {
                let fits = front <= head.room_before() && back <= head.room_behind();
                if fits && (head.is_wide() || narrow) {
                    // SAFETY: there is room on both sides, and the width has been looked at.
                    unsafe {
                        BufferString::prepend(buffer, before);
                        BufferString::append(buffer, behind);
                        return Self::stretch(buffer, long.owner(), from - front, to + back);
                    }
                }
                let more = total / 2 + GROWING;
                let kept = |room: usize| room.min(total / 2);
                room_before = if front > 0 { more } else { kept(head.room_before()) };
                room_behind = if back > 0 { more } else { kept(head.room_behind()) };
            }
        }
        let Some(capacity) = total
            .checked_add(room_before)
            .and_then(|sum| sum.checked_add(room_behind))
        else {
            alloc_overflow()
        };
        let wide = !(narrow && long.as_str().is_latin1());
        let buffer = BufferString::allocate(capacity, wide, room_before);
        // SAFETY: the buffer is new and has room for `total` units of the right width; `owner` is its only reference.
        unsafe {
            let owner = JsString::from_ptr(buffer.cast());
            BufferString::append(buffer, parts);
            Self::stretch(buffer, &owner, room_before, room_before + total)
        }
    }

    /// The buffer that this string is a stretch of, and the place of its first unit there.
    fn buffer(&self) -> Option<(NonNull<BufferString>, usize)> {
        let owner = self.owner();
        if owner.kind() != JsStringKind::Buffer {
            return None;
        }
        let buffer = owner.ptr.cast::<BufferString>();
        Some((buffer, BufferString::place_of(buffer, self.as_str())))
    }

    /// What holds this string's units.
    fn owner(&self) -> &JsString {
        if self.kind() == JsStringKind::Slice {
            // SAFETY: just verified the kind.
            unsafe { self.as_inner::<SliceString>() }.owned()
        } else {
            self
        }
    }

    /// # Safety
    /// `owner` is the `buffer`, whose units from `from` to `to` are written.
    unsafe fn stretch(
        buffer: NonNull<BufferString>,
        owner: &JsString,
        from: usize,
        to: usize,
    ) -> JsString {
        // SAFETY: promised by the caller; the slice keeps the owner alive.
        unsafe { Self::point_at(owner, BufferString::text(buffer, from, to)) }
    }

    /// # Safety
    /// `text` lies in what `owner` holds.
    unsafe fn point_at(owner: &JsString, text: JsStr<'_>) -> JsString {
        // SAFETY: promised by the caller.
        let slice = Box::new(unsafe { SliceString::of(owner, text) });
        JsString {
            ptr: NonNull::from(Box::leak(slice)).cast(),
        }
    }

    /// The units of this string from `start` to `end`. No slice points at a slice.
    ///
    /// # Safety
    /// `start` is not behind `end`, and `end` not behind the length.
    pub(crate) unsafe fn part_unchecked(&self, start: usize, end: usize) -> JsString {
        let len = end - start;
        if len == 0 {
            return StaticJsStrings::EMPTY_STRING;
        }
        if len == self.len() {
            return self.clone();
        }
        // SAFETY: promised by the caller.
        let text = unsafe { self.as_str().get_unchecked(start..end) };
        let owner = self.owner();
        if len <= TINY || (len <= SHORT && len < owner.len() / MUCH) {
            return Self::from_slice_skip_interning(text);
        }
        // SAFETY: `text` is a part of this string, whose units `owner` holds.
        unsafe { Self::point_at(owner, text) }
    }
}
