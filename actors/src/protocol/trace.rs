//! W3C Trace Context: the `traceparent` header (<https://www.w3.org/TR/trace-context/>, section 3.2).

use std::fmt;

/// The bit of the flags that says so.
const SAMPLED: u8 = 1;

/// Which trace a call belongs to, and the call itself within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Shared by every call that one outside call led to.
    pub trace_id: u128,
    /// This call. Also its request id in the log.
    pub span_id: u64,
    /// The sampled bit and its neighbours, passed on as they came.
    pub flags: u8,
}

impl TraceContext {
    /// A new trace. Ids are random, not secret.
    pub fn root() -> Self {
        TraceContext { trace_id: fastrand::u128(1..), span_id: fastrand::u64(1..), flags: 0 }
    }

    /// Whether whoever began the trace keeps it (section 3.2.2.3.1 of the specification).
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The same, with or without the sampled bit.
    pub fn sampled(self, sampled: bool) -> Self {
        let flags = if sampled { self.flags | SAMPLED } else { self.flags & !SAMPLED };
        TraceContext { flags, ..self }
    }

    /// A further call of the same trace.
    pub fn child(&self) -> Self {
        TraceContext { span_id: fastrand::u64(1..), ..*self }
    }

    /// Reads `00-<32 hex>-<16 hex>-<2 hex>`; all-zero ids and unknown shapes are no trace, as the specification says.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower_hex = |part: &str, len: usize| {
            part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let sane = lower_hex(version, 2)
            && version != "ff"
            && lower_hex(trace, 32)
            && lower_hex(span, 16)
            && lower_hex(flags, 2);
        // Version 00 has exactly four fields; later versions may add some, which are ignored.
        if !sane || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let context = TraceContext {
            trace_id: u128::from_str_radix(trace, 16).ok()?,
            span_id: u64::from_str_radix(span, 16).ok()?,
            flags: u8::from_str_radix(flags, 16).ok()?,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_specification_example() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = TraceContext::parse(text).expect("valid");
        assert_eq!((context.flags, context.to_string().as_str()), (1, text));
        assert_ne!(context.child().span_id, context.span_id);
        assert_eq!(context.child().trace_id, context.trace_id);
    }

    #[test]
    fn the_sampled_bit_leaves_its_neighbours_alone() {
        let context = TraceContext { trace_id: 1, span_id: 2, flags: 0b110 };
        assert!(!context.is_sampled() && context.sampled(true).is_sampled());
        assert_eq!((context.sampled(true).flags, context.sampled(true).sampled(false)), (0b111, context));
    }

    #[test]
    fn refuses_malformed_and_zero_ids() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }
}
