//! The other side: what an engine finds when a supervisor has started it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::status::{Reporter, Role};
use super::system;

/// The variable that makes a process an engine. Set by supervisors alone.
pub(super) const ROLE: &str = "MADRPC_ENGINE";

/// An engine's place under its supervisor.
#[derive(Debug)]
pub struct Supervised {
    /// Who this engine is.
    pub role: Role,
    /// The socket to listen on, bound.
    pub socket: OwnedFd,
    /// How to tell the supervisor how it goes.
    pub reporter: Reporter,
}

impl Supervised {
    /// Takes this process's place under its supervisor, if it has one: from now on it ends with it, and is the first to
    /// go when memory runs out. Called once, on any thread.
    pub fn take() -> io::Result<Option<Supervised>> {
        let Some(role) = std::env::var_os(ROLE) else { return Ok(None) };
        let role: Role = serde_json::from_slice(role.as_encoded_bytes())?;
        system::end_with_parent()?;
        // It may have ended before that was arranged.
        if std::os::unix::process::parent_id() != role.supervisor {
            return Err(io::Error::other(format!("{ROLE} names supervisor {}, which is gone", role.supervisor)));
        }
        system::prefer_to_be_killed();
        system::be_called(c"madrpc-engine");
        let socket = io::stdin().as_fd().try_clone_to_owned()?;
        // The socket must be closed when it is closed.
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        Ok(Some(Supervised { role, socket, reporter: Reporter::to_supervisor()? }))
    }
}
