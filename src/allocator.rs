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

/// Lets the system have the memory that this thread has freed; mimalloc would keep some of it for later. So would the system
/// itself keep what a deep recursion has made of the thread's stack: up to all of its 64 MB.
pub fn give_back() {
    give_back_stack();
    #[allow(unsafe_code, reason = "mimalloc's own interface is C")]
    // SAFETY: callable at any time, on any thread.
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}

/// Left alone below the frame that runs: what is called from here lies there.
#[cfg(target_os = "linux")]
const IN_USE: usize = 64 << 10;

#[cfg(target_os = "linux")]
fn give_back_stack() {
    // The first thread's stack grows by itself, and runs no JavaScript.
    if rustix::process::getpid() == rustix::thread::gettid() {
        return;
    }
    let mark = std::hint::black_box(0_u8);
    let here = std::ptr::from_ref(&mark).addr();
    #[allow(unsafe_code, reason = "the C library's own interface; no safe one tells where a thread's stack is")]
    // SAFETY: `attributes` is filled by `pthread_getattr_np` before it is read, and destroyed. The range is whole pages of
    // this thread's own stack, from its lowest one to 64 KiB below the frame that runs: nothing lives there, as a stack is
    // used from above, and the call needs less than that. They read as zeros from here on.
    unsafe {
        let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return;
        }
        let (mut bottom, mut size) = (std::ptr::null_mut(), 0);
        if libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut bottom, &raw mut size) == 0 {
            let unused = here.saturating_sub(IN_USE).saturating_sub(bottom.addr()).min(size);
            let _kept = libc::madvise(
                bottom,
                unused / rustix::param::page_size() * rustix::param::page_size(),
                libc::MADV_DONTNEED,
            );
        }
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
    }
}

#[cfg(not(target_os = "linux"))]
fn give_back_stack() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Takes about 16 KiB of the stack per level.
    fn recurse(levels: usize) -> u8 {
        let block = [1_u8; 16 << 10];
        // By reference: an unoptimised build makes a copy of what is passed by value.
        std::hint::black_box(&block);
        if levels == 0 {
            return block[0];
        }
        block[levels % block.len()].wrapping_add(recurse(levels - 1))
    }

    #[test]
    fn what_a_recursion_has_left_of_the_stack_goes_back() {
        let resident = || {
            let statm = std::fs::read_to_string("/proc/self/statm").expect("/proc is mounted");
            let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
            pages * rustix::param::page_size()
        };
        let body = move || {
            let before = resident();
            std::hint::black_box(recurse(3_000));
            let deep = resident();
            let mark = std::hint::black_box([7_u8; 1 << 10]);
            give_back_stack();
            (deep - before, deep - resident(), mark.iter().all(|byte| *byte == 7))
        };
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(body).expect("a thread");
        let (grown, given, whole) = thread.join().expect("no panic");
        assert!(whole && grown > 40 << 20 && given > 40 << 20, "{given} of {grown}");
    }
}
