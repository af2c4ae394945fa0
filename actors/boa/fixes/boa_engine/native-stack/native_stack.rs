//! What calls itself on the native stack goes no deeper than the stack lasts.
//!
//! Internal methods call each other natively: those of proxies, of objects in a chain of prototypes, and of bound functions,
//! which may be chained without bound, or in a circle. So do builtins that go down into a value, and functions of the host
//! that call JavaScript. Each level looks at the stack pointer, which costs less than a count that must be given back, and
//! holds for frames of any size. A level too many is the limit of recursion, which no script can catch; text and values that
//! nest too deeply are a RangeError.

pub use boa_ast::stack::{is_used_up, remaining, set_size};

use crate::builtins::proxy::Proxy;
use crate::error::RuntimeLimitError;
use crate::{JsNativeError, JsObject, JsResult};

/// Fails if nothing more may go a level deeper.
#[inline(always)]
pub fn check() -> JsResult<()> {
    if is_used_up() { used_up() } else { Ok(()) }
}

/// Bytes that a builtin that goes down into a value leaves, for what it calls to go a few levels down.
const NESTING: usize = 256 * 1024;

/// Fails, in a way that a script can catch, if a builtin may not go a level deeper into a value.
pub(crate) fn check_nesting() -> JsResult<()> {
    if remaining() < NESTING { Err(range_error().into()) } else { Ok(()) }
}

#[cold]
fn used_up() -> JsResult<()> {
    Err(RuntimeLimitError::Recursion.into())
}

/// The error of V8.
pub(crate) fn range_error() -> JsNativeError {
    JsNativeError::range().with_message("Maximum call stack size exceeded")
}

/// Whether the compiler leaves out the rest: it nests too deeply, or takes too long.
pub(crate) fn compiler_must_end() -> bool {
    let must_end = is_used_up() || crate::interrupt::check_own().is_err();
    if must_end {
        boa_ast::stack::cut_short();
    }
    must_end
}

/// Fails if the compilation that has just ended has left out something.
pub(crate) fn check_compiled() -> JsResult<()> {
    if boa_ast::stack::take_cut_short() {
        crate::interrupt::check_own()?;
        return Err(range_error().into());
    }
    Ok(())
}

/// Counts the proxies on a walk from prototype to prototype, which may go in a circle through them. V8 has this limit, too.
#[derive(Debug, Default)]
pub(crate) struct PassedProxies(u32);

impl PassedProxies {
    const MOST: u32 = 100 * 1024;

    /// Fails where the walk comes by too many.
    pub(crate) fn pass(&mut self, object: &JsObject) -> JsResult<()> {
        if object.is::<Proxy>() {
            self.0 += 1;
            if self.0 > Self::MOST {
                return Err(range_error().into());
            }
            crate::interrupt::check_own()?;
        }
        Ok(())
    }
}
