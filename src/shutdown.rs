//! When this process should end.

use std::future::Future;
use std::io::{self, Read};

use tokio::signal::unix::{signal, SignalKind};
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

/// Listens from now on; the future resolves once, with the first reason to end. Called inside the runtime.
pub fn listen() -> io::Result<impl Future<Output = Reason>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let parent = (std::env::var_os(PARENT_STDIN).is_some_and(|value| value == "1"))
        .then(|| at_end_of(io::stdin()))
        .transpose()?;
    Ok(async move {
        let parent_gone = async {
            let ended = match parent {
                Some(parent) => parent.await,
                None => std::future::pending().await,
            };
            // An error means that the watching thread is gone, which is no reason to end.
            if ended.is_err() {
                std::future::pending().await
            }
        };
        tokio::select! {
            _ = interrupt.recv() => Reason::Interrupted,
            _ = terminate.recv() => Reason::Terminated,
            () = parent_gone => Reason::ParentGone,
        }
    })
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
