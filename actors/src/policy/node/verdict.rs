//! What the end of a call says about the node that had it.

use crate::protocol::{CallError, CallResult, Code, Fault};

/// What the end of a call says about the node that had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did its part.
    Worked,
    /// It did not.
    Failed,
    /// A connection was lost, perhaps with others and with the calls of all of them.
    Lost,
    /// It had not answered when the time was up: a failure if nothing else was heard of it either. A node that is slow,
    /// or runs a slow method, is not to be taken for a dead one.
    Silent,
    /// Nothing either way.
    Nothing,
}

/// How a call went to its node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// To a server that is not one of ours.
    pub foreign: bool,
    /// By a connection that others shared: when it can't be had, that is one failure for all of them.
    pub shared: bool,
}

impl Verdict {
    /// Judges `result` of a call.
    pub fn of(result: &CallResult, way: Way) -> Verdict {
        match result {
            Ok(_) => Verdict::Worked,
            Err(CallError::Cancelled) => Verdict::Nothing,
            Err(CallError::Remote(remote)) => match remote.fault {
                // It would not even look at the call, as an overloaded node should.
                Some(Fault::Refused | Fault::Draining) => Verdict::Nothing,
                // It lives, and says so itself.
                Some(Fault::Failed) if remote.code == Code::TIMEOUT => Verdict::Nothing,
                Some(Fault::Failed) => Verdict::Failed,
                // Nodes of ours say whose fault an error is. Of another server's codes, only those of JSON-RPC are known.
                None if way.foreign && remote.code == Code::INTERNAL => Verdict::Failed,
                None => Verdict::Worked,
            },
            Err(error) if !error.meaning().breaker_counts => Verdict::Worked,
            Err(CallError::Timeout) => Verdict::Silent,
            Err(CallError::Unreachable { sent }) if *sent || way.shared => Verdict::Lost,
            Err(_) => Verdict::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::error::RemoteError;
    use crate::protocol::JsonText;

    const OURS: Way = Way { foreign: false, shared: false };
    const FOREIGN: Way = Way { foreign: true, shared: false };
    const SHARED: Way = Way { foreign: false, shared: true };

    fn remote(code: Code, fault: Option<Fault>) -> CallResult {
        let object = JsonText::parse("{}").expect("valid");
        Err(CallError::Remote(Box::new(RemoteError { object, code, fault })))
    }

    #[test]
    fn a_script_can_not_forge_a_failure() {
        assert_eq!(Verdict::of(&Ok(JsonText::NULL), OURS), Verdict::Worked);
        for code in [Code::UNREACHABLE, Code::INTERNAL, Code::TIMEOUT] {
            assert_eq!(Verdict::of(&remote(code, None), OURS), Verdict::Worked, "{code:?}");
        }
        assert_eq!(Verdict::of(&remote(Code::INTERNAL, Some(Fault::Failed)), OURS), Verdict::Failed);
        assert_eq!(Verdict::of(&remote(Code::OVERLOADED, Some(Fault::Refused)), OURS), Verdict::Nothing);
        assert_eq!(Verdict::of(&remote(Code::TIMEOUT, Some(Fault::Failed)), OURS), Verdict::Nothing, "it lives");
    }

    #[test]
    fn an_internal_error_of_another_server_is_its_failure() {
        assert_eq!(Verdict::of(&remote(Code::INTERNAL, None), FOREIGN), Verdict::Failed);
        for code in [Code::SCRIPT, Code::TIMEOUT, Code::UNREACHABLE, Code::METHOD_NOT_FOUND, Code(1)] {
            assert_eq!(Verdict::of(&remote(code, None), FOREIGN), Verdict::Worked, "{code:?}");
        }
    }

    #[test]
    fn calls_that_share_a_connection_fail_to_get_it_together() {
        let unreachable = |sent| Err(CallError::Unreachable { sent });
        assert_eq!(Verdict::of(&unreachable(true), OURS), Verdict::Lost);
        assert_eq!(Verdict::of(&unreachable(false), OURS), Verdict::Failed);
        assert_eq!(Verdict::of(&unreachable(false), SHARED), Verdict::Lost);
        assert_eq!(Verdict::of(&Err(CallError::Timeout), OURS), Verdict::Silent);
        assert_eq!(Verdict::of(&Err(CallError::Cancelled), OURS), Verdict::Nothing);
    }
}
