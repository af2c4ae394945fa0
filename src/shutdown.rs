//! When this process should end.

use std::io::{self, Read};

use tokio::signal::unix::{signal, Signal, SignalKind};
use tokio::sync::oneshot;

/// Set to 1 by a parent that holds this process's standard input open for as long as it lives itself. It tells a
/// parent that was killed outright, which can send no signal, from one that still runs.
pub const PARENT_STDIN: &str = "MADRPC_PARENT_STDIN";

/// Who wants the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// SIGINT, Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The parent has closed standard input, or is gone.
    ParentGone,
}

/// Hears every reason to end.
#[derive(Debug)]
pub struct Reasons {
    interrupt: Signal,
    terminate: Signal,
    /// Resolves when the parent is gone.
    parent: Option<oneshot::Receiver<()>>,
}

/// Listens from now on. Called inside the runtime.
pub fn listen() -> io::Result<Reasons> {
    let parent = (std::env::var_os(PARENT_STDIN).is_some_and(|value| value == "1"))
        .then(|| at_end_of(io::stdin()))
        .transpose()?;
    Ok(Reasons { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, parent })
}

impl Reasons {
    /// The next reason. May be dropped and called again.
    pub async fn next(&mut self) -> Reason {
        tokio::select! {
            _ = self.interrupt.recv() => Reason::Interrupted,
            _ = self.terminate.recv() => Reason::Terminated,
            () = gone(&mut self.parent) => Reason::ParentGone,
        }
    }
}

/// Resolves once, when the parent is gone.
async fn gone(parent: &mut Option<oneshot::Receiver<()>>) {
    if let Some(end) = parent {
        // An error means that the watching thread is gone, which is no reason to end.
        let ended = end.await.is_ok();
        *parent = None;
        if ended {
            return;
        }
    }
    std::future::pending().await
}

/// Resolves when `input` has ended. Reads on a thread of its own: tokio's would keep the runtime from ending.
fn at_end_of(mut input: impl Read + Send + 'static) -> io::Result<oneshot::Receiver<()>> {
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new().name("parent-watch".into()).spawn(move || {
        let mut buffer = [0; 256];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        let _nobody_listens_any_more = ended.send(());
    })?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_input_is_noticed_and_its_content_is_not() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut end = at_end_of(reader).expect("a thread");
        io::Write::write_all(&mut &writer, b"ignored").expect("written");
        assert_eq!(end.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        drop(writer);
        assert_eq!(end.blocking_recv(), Ok(()));
    }
}
