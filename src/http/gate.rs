//! Who is let in, and how often.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use madrpc_actors::policy::access::{Access, Identity};
use madrpc_actors::policy::joining::is_private;
use madrpc_actors::policy::rate_limit::{Client, Granted, RateLimiter};
use madrpc_actors::protocol::CallError;

use super::head::Head;
use super::service::HttpConfig;

/// By which a node becomes and stays a member.
const MEMBERSHIP: [&str; 3] = ["_register", "_heartbeat", "_deregister"];

/// One for all threads of a process.
#[derive(Debug)]
pub(super) struct Gate {
    access: Access,
    limiter: Option<Mutex<RateLimiter>>,
}

impl Gate {
    pub(super) fn new(config: &HttpConfig) -> Self {
        let limiter = config.rate_limit.map(|limit| Mutex::new(RateLimiter::new(limit)));
        Gate { access: config.access.clone(), limiter }
    }

    /// Who the caller is. Those who try keys are counted by their address, as clients without keys are.
    pub(super) fn identify(&self, head: &Head<'_>, ip: IpAddr) -> Result<Identity, CallError> {
        self.access.identify(&head.presented()).map_err(|error| match self.take_from(Client::from(ip), 1) {
            Granted { calls: 0, retry_after_s } => CallError::RateLimited { retry_after_s },
            _ => error,
        })
    }

    /// Whether clients need a key.
    pub(super) fn asks_for_keys(&self) -> bool {
        !self.access.keys.is_empty()
    }

    /// Takes `calls` from the caller's allowance. Members need none.
    pub(super) fn take(&self, identity: Identity, ip: IpAddr, calls: usize) -> Granted {
        match identity {
            Identity::Member => Granted { calls, retry_after_s: 0 },
            Identity::Client(key) => self.take_from(Client::Key(key), calls),
            Identity::Anyone => self.take_from(Client::from(ip), calls),
        }
    }

    /// Whether a call is one by which members keep up the cluster. Where there is no token to know them by, it is
    /// whoever may register.
    pub(super) fn keeps_up_the_cluster(&self, method: &str, ip: IpAddr) -> bool {
        MEMBERSHIP.contains(&method) && self.access.token.is_none() && is_private(ip)
    }

    fn take_from(&self, client: Client, calls: usize) -> Granted {
        match &self.limiter {
            None => Granted { calls, retry_after_s: 0 },
            Some(limiter) => {
                let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
                limiter.take(client, calls, Instant::now())
            }
        }
    }
}
