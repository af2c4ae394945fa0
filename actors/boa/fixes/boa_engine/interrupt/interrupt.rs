//! Stopping what a thread runs, from another thread or from whoever counts its memory.
//!
//! An [`Interrupt`] is a flag. The virtual machine looks at it at each iteration of a loop and at each call, and builtins
//! that may work for long do so in between; what they find raised ends everything that runs, up to the host, with an
//! error that no script can catch. It stays raised until the host clears it, so that nothing in between goes on by
//! itself: no `finally`, no `return()` of an iterator, no reaction.
//!
//! All contexts of a thread share one flag, since only one of them runs at a time. That makes it known to code that has
//! no context: the matcher of regular expressions, arithmetic, strings.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::error::EngineError;
use crate::{Context, JsResult};

/// Requests of memory below this are not asked about one by one: whoever counts memory raises the flag in time.
const SMALL: usize = 1 << 20;

/// Ends what one thread runs.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

thread_local! {
    static OWN: Interrupt = Interrupt(Arc::default());
}

static MEMORY_GUARD: OnceLock<fn(usize) -> bool> = OnceLock::new();

impl Interrupt {
    /// The flag of the thread that asks.
    #[must_use]
    pub fn of_thread() -> Self {
        OWN.with(Clone::clone)
    }

    /// Raises the flag of the thread that asks. Allocates nothing once a context was made on this thread.
    pub fn raise_own() {
        let _ends = OWN.try_with(Self::raise);
    }

    /// Ends what runs on the thread, as soon as it looks.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets the thread run again.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether what runs must end.
    #[inline(always)]
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails if what runs must end.
    #[inline(always)]
    pub(crate) fn check(&self) -> JsResult<()> {
        if self.is_raised() { interrupted() } else { Ok(()) }
    }
}

#[cold]
fn interrupted() -> JsResult<()> {
    Err(EngineError::Interrupted.into())
}

/// Sets who is asked before a builtin takes so many bytes at once; whoever is asked says whether it may. One that may not
/// ends what runs, as an interrupt does. The first of two calls counts.
pub fn set_memory_guard(guard: fn(usize) -> bool) {
    let _first = MEMORY_GUARD.set(guard);
}

/// Fails if what runs on this thread must end, for code that has no context at hand.
pub(crate) fn check_own() -> JsResult<()> {
    OWN.with(Interrupt::check)
}

/// Whether what runs on this thread must end.
fn own_is_raised() -> bool {
    OWN.try_with(Interrupt::is_raised).unwrap_or(true)
}

/// Asks for `bytes` that are about to be taken at once.
#[inline]
pub(crate) fn reserve(bytes: usize) -> JsResult<()> {
    if bytes < SMALL { Ok(()) } else { reserve_much(bytes) }
}

#[cold]
fn reserve_much(bytes: usize) -> JsResult<()> {
    if MEMORY_GUARD.get().is_some_and(|may_take| !may_take(bytes)) {
        Interrupt::raise_own();
    }
    check_own()
}

/// The flag, for the virtual machine of a new context.
pub(crate) fn prepare() -> Interrupt {
    regress::set_interrupt(own_is_raised);
    boa_parser::set_interrupt(own_is_raised);
    Interrupt::of_thread()
}

impl Context {
    /// What ends the JavaScript of this context, from any thread.
    #[must_use]
    pub fn interrupt_handle(&self) -> Interrupt {
        self.vm.interrupt.clone()
    }

    /// Gives back what deep recursion has made the virtual machine's stacks grow to, while nothing runs.
    pub fn shrink_stack(&mut self) {
        self.vm.stack.shrink();
        self.vm.frames.shrink_to(16);
    }

    /// Fails if what runs must end: for native functions that may work for long.
    #[inline(always)]
    pub fn check_interrupt(&self) -> JsResult<()> {
        self.vm.interrupt.check()
    }
}
