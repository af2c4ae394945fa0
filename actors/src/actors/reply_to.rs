//! Where the result of a call goes.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::executor_inbox::{ExecutorInbox, Work};
use crate::engine::CallId;
use crate::protocol::CallResult;
use crate::traces::OpenSpan;

/// Takes one result to whoever waits for it, on whatever thread that is.
#[derive(Debug)]
pub enum ReplyTo {
    /// The caller waits for this call alone.
    One(oneshot::Sender<CallResult>),
    /// The caller waits for many, and hears of each as it finishes.
    Batch {
        /// Which of the batch's calls this is.
        index: usize,
        /// Never holds more than the batch has calls.
        replies: mpsc::UnboundedSender<(usize, CallResult)>,
    },
    /// A script of this very node waits.
    Script {
        /// Where it runs.
        executor: Arc<ExecutorInbox>,
        /// The call that it made.
        call: CallId,
        /// Its place in its trace, where one is kept of it.
        span: Option<OpenSpan>,
    },
}

impl ReplyTo {
    /// Delivers; a caller that has gone away is no error.
    pub fn send(self, result: CallResult) {
        match self {
            ReplyTo::One(reply) => drop(reply.send(result)),
            ReplyTo::Batch { index, replies } => drop(replies.send((index, result))),
            ReplyTo::Script { executor, call, span } => {
                if let Some(span) = span {
                    span.finish(&result);
                }
                executor.send(Work::Settled(vec![(call, result)]));
            }
        }
    }

    /// Resolves once nobody waits any more.
    pub async fn closed(&mut self) {
        match self {
            ReplyTo::One(reply) => reply.closed().await,
            ReplyTo::Batch { replies, .. } => replies.closed().await,
            // See `is_closed`.
            ReplyTo::Script { .. } => std::future::pending().await,
        }
    }

    /// True once nobody waits any more.
    pub fn is_closed(&self) -> bool {
        match self {
            ReplyTo::One(reply) => reply.is_closed(),
            ReplyTo::Batch { replies, .. } => replies.is_closed(),
            // The executor cancels what an ended invocation leaves behind, by name.
            ReplyTo::Script { .. } => false,
        }
    }
}
