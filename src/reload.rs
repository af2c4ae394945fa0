//! What SIGHUP asks of an engine: to read its scripts again.

use std::io;

use tokio::signal::unix::{signal, SignalKind};

/// Listens from now on. Without a listener the signal would end the process. Called inside the runtime.
pub fn listen() -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    actix_rt::spawn(async move {
        while hangup.recv().await.is_some() {
            log::warn!("SIGHUP: reload is not available yet");
        }
    });
    Ok(())
}
