//! Where the result of a call goes.

use tokio::sync::{mpsc, oneshot};

use crate::protocol::CallResult;

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
}

impl ReplyTo {
    /// Delivers; a caller that has gone away is no error.
    pub fn send(self, result: CallResult) {
        match self {
            ReplyTo::One(reply) => drop(reply.send(result)),
            ReplyTo::Batch { index, replies } => drop(replies.send((index, result))),
        }
    }

    /// Resolves once nobody waits any more.
    pub async fn closed(&mut self) {
        match self {
            ReplyTo::One(reply) => reply.closed().await,
            ReplyTo::Batch { replies, .. } => replies.closed().await,
        }
    }

    /// True once nobody waits any more.
    pub fn is_closed(&self) -> bool {
        match self {
            ReplyTo::One(reply) => reply.is_closed(),
            ReplyTo::Batch { replies, .. } => replies.is_closed(),
        }
    }
}
