//! mimalloc, with every allocation reported to the engine's accounts: the only way to know how much a script holds.

use std::alloc::{GlobalAlloc, Layout};

use madrpc_actors::engine::heap;
use mimalloc::MiMalloc;

/// The allocator of the process.
#[derive(Clone, Copy, Debug)]
pub struct ReportingAllocator;

/// No allocation is larger than `isize::MAX`: `Layout` sees to that.
fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

#[allow(unsafe_code, reason = "GlobalAlloc is an unsafe trait; every method hands its arguments on unchanged")]
// SAFETY: mimalloc keeps the contract; reporting neither allocates nor unwinds.
unsafe impl GlobalAlloc for ReportingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        heap::report(signed(layout.size()));
        // SAFETY: the caller's promises are those that mimalloc asks for; so below.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        heap::report(signed(layout.size()));
        // SAFETY: see `alloc`.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        heap::report(-signed(layout.size()));
        // SAFETY: see `alloc`.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        heap::report(signed(size).wrapping_sub(signed(layout.size())));
        // SAFETY: see `alloc`.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }
}

/// Lets the system have the memory that this thread has freed; mimalloc would keep some of it for later.
pub fn give_back() {
    #[allow(unsafe_code, reason = "mimalloc's own interface is C")]
    // SAFETY: callable at any time, on any thread.
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
