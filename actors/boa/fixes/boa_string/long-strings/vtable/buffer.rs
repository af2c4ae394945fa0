//! Memory that several strings share, each of which is a stretch of it, and that has room for more at its ends.
use crate::iter::CodePointsIter;
use crate::vtable::JsStringVTable;
use crate::{JsStr, JsString, JsStringKind, JsStrVariant, alloc_overflow};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::process::abort;
use std::ptr::{self, NonNull};

/// The head of such memory; the units follow it.
///
/// Units between `begin` and `end` are written and never change, so that strings can point at them; all others
/// are not. It is a string for its slices only, which own it.
#[repr(C)]
pub(crate) struct BufferString {
    /// Embedded `VTable` - must be the first field for vtable dispatch.
    vtable: JsStringVTable,
    refcount: Cell<usize>,
    capacity: usize,
    begin: Cell<usize>,
    end: Cell<usize>,
    wide: bool,
}

impl BufferString {
    fn layout(capacity: usize, wide: bool) -> Option<Layout> {
        let units = if wide {
            Layout::array::<u16>(capacity)
        } else {
            Layout::array::<u8>(capacity)
        };
        let (layout, offset) = Layout::new::<Self>().extend(units.ok()?).ok()?;
        debug_assert_eq!(offset, size_of::<Self>());
        Some(layout.pad_to_align())
    }

    /// Allocates room for `capacity` units, of which those from `begin` on are to be used first.
    pub(crate) fn allocate(capacity: usize, wide: bool, begin: usize) -> NonNull<Self> {
        let Some(layout) = Self::layout(capacity, wide) else {
            alloc_overflow()
        };
        // SAFETY: the head is not of size zero.
        let memory = unsafe { alloc(layout) };
        #[allow(clippy::cast_ptr_alignment)]
        let Some(this) = NonNull::new(memory.cast::<Self>()) else {
            handle_alloc_error(layout)
        };
        let head = Self {
            vtable: JsStringVTable {
                clone: buffer_clone,
                drop: buffer_drop,
                as_str: buffer_as_str,
                code_points: buffer_code_points,
                refcount: buffer_refcount,
                len: capacity,
                kind: JsStringKind::Buffer,
            },
            refcount: Cell::new(1),
            capacity,
            begin: Cell::new(begin),
            end: Cell::new(begin),
            wide,
        };
        // SAFETY: the layout begins with a head.
        unsafe { this.as_ptr().write(head) };
        this
    }

    /// Whether the units are 16 bits wide.
    pub(crate) fn is_wide(&self) -> bool {
        self.wide
    }

    /// The room before the written units.
    pub(crate) fn room_before(&self) -> usize {
        self.begin.get()
    }

    /// The room behind the written units.
    pub(crate) fn room_behind(&self) -> usize {
        self.capacity - self.end.get()
    }

    /// The first written place.
    pub(crate) fn begin(&self) -> usize {
        self.begin.get()
    }

    /// The place behind the last written one.
    pub(crate) fn end(&self) -> usize {
        self.end.get()
    }

    /// # Safety
    /// `this` comes from [`Self::allocate`] and `place` is not behind the capacity.
    unsafe fn unit(this: NonNull<Self>, place: usize) -> *mut u8 {
        // SAFETY: promised by the caller; units follow the head.
        unsafe {
            let width = 1 + usize::from(this.as_ref().wide);
            this.cast::<u8>().as_ptr().add(size_of::<Self>() + place * width)
        }
    }

    /// The written units from `from` to `to`.
    ///
    /// # Safety
    /// `this` is alive for as long as the result is used; the units from `from` to `to` are written.
    pub(crate) unsafe fn text(this: NonNull<Self>, from: usize, to: usize) -> JsStr<'static> {
        // SAFETY: promised by the caller; written units do not change.
        unsafe {
            let first = Self::unit(this, from);
            if this.as_ref().wide {
                #[allow(clippy::cast_ptr_alignment)]
                JsStr::utf16(std::slice::from_raw_parts(first.cast::<u16>(), to - from))
            } else {
                JsStr::latin1(std::slice::from_raw_parts(first, to - from))
            }
        }
    }

    /// The place of the first unit of `text`, which lies in this buffer.
    pub(crate) fn place_of(this: NonNull<Self>, text: JsStr<'_>) -> usize {
        let first = this.as_ptr() as usize + size_of::<Self>();
        match text.variant() {
            JsStrVariant::Latin1(units) => units.as_ptr() as usize - first,
            JsStrVariant::Utf16(units) => (units.as_ptr() as usize - first) / 2,
        }
    }

    /// Writes `texts` before the written units, which have room for them.
    ///
    /// # Safety
    /// `this` is alive; there is room; all is Latin-1 unless the buffer is wide.
    pub(crate) unsafe fn prepend(this: NonNull<Self>, texts: &[JsString]) {
        // SAFETY: promised by the caller.
        unsafe {
            for text in texts.iter().rev() {
                let begin = this.as_ref().begin.get() - text.len();
                Self::write(this, begin, text.as_str());
                this.as_ref().begin.set(begin);
            }
        }
    }

    /// Writes `texts` behind the written units, which have room for them.
    ///
    /// # Safety
    /// `this` is alive; there is room; all is Latin-1 unless the buffer is wide.
    pub(crate) unsafe fn append(this: NonNull<Self>, texts: &[JsString]) {
        // SAFETY: promised by the caller.
        unsafe {
            for text in texts {
                let end = this.as_ref().end.get();
                Self::write(this, end, text.as_str());
                this.as_ref().end.set(end + text.len());
            }
        }
    }

    /// # Safety
    /// The places from `place` on are not written, and have room for `text`; see [`Self::append`].
    unsafe fn write(this: NonNull<Self>, place: usize, text: JsStr<'_>) {
        // SAFETY: promised by the caller. `text` may lie in this buffer, but then where it is written.
        unsafe {
            let to = Self::unit(this, place);
            #[allow(clippy::cast_ptr_alignment)]
            match (this.as_ref().wide, text.variant()) {
                (false, JsStrVariant::Latin1(units)) => {
                    ptr::copy_nonoverlapping(units.as_ptr(), to, units.len());
                }
                (true, JsStrVariant::Utf16(units)) => {
                    ptr::copy_nonoverlapping(units.as_ptr(), to.cast::<u16>(), units.len());
                }
                (true, JsStrVariant::Latin1(units)) => {
                    for (index, unit) in units.iter().enumerate() {
                        to.cast::<u16>().add(index).write(u16::from(*unit));
                    }
                }
                (false, JsStrVariant::Utf16(_)) => unreachable!("the caller has looked at it"),
            }
        }
    }
}

fn buffer_clone(vtable: NonNull<JsStringVTable>) -> JsString {
    // SAFETY: This is part of the correct vtable which is validated on construction.
    let this: &BufferString = unsafe { vtable.cast().as_ref() };
    let Some(strong) = this.refcount.get().checked_add(1) else {
        abort();
    };
    this.refcount.set(strong);
    // SAFETY: validated the string outside this function.
    unsafe { JsString::from_ptr(vtable) }
}

fn buffer_drop(vtable: NonNull<JsStringVTable>) {
    // SAFETY: This is part of the correct vtable which is validated on construction.
    let this: &BufferString = unsafe { vtable.cast().as_ref() };
    let Some(new) = this.refcount.get().checked_sub(1) else {
        abort();
    };
    this.refcount.set(new);
    if new == 0
        && let Some(layout) = BufferString::layout(this.capacity, this.wide)
    {
        // SAFETY: this was the last reference; the layout is the one of the allocation.
        unsafe { dealloc(vtable.as_ptr().cast(), layout) };
    }
}

fn buffer_as_str(vtable: NonNull<JsStringVTable>) -> JsStr<'static> {
    let this = vtable.cast::<BufferString>();
    // SAFETY: This is part of the correct vtable; units between `begin` and `end` are written.
    unsafe { BufferString::text(this, this.as_ref().begin(), this.as_ref().end()) }
}

fn buffer_code_points(vtable: NonNull<JsStringVTable>) -> CodePointsIter<'static> {
    CodePointsIter::new(buffer_as_str(vtable))
}

#[allow(clippy::unnecessary_wraps)]
fn buffer_refcount(vtable: NonNull<JsStringVTable>) -> Option<usize> {
    // SAFETY: This is part of the correct vtable which is validated on construction.
    let this: &BufferString = unsafe { vtable.cast().as_ref() };
    Some(this.refcount.get())
}
