//! When a node reads its scripts again: on SIGHUP, and with `--watch` when one of their files changes.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{signal, Signal, SignalKind};

/// Between looks at the files. A change is taken up at the look after the one that saw it, when it has come to rest.
const LOOK: Duration = Duration::from_millis(200);

/// What tells a file from the one that was there before, whether it was written in place or replaced.
type Stamp = Option<(SystemTime, u64, u64)>;

/// Listens from now on. Without a listener SIGHUP would end the process. Called inside the runtime.
pub fn on_hangup() -> io::Result<Hangup> {
    signal(SignalKind::hangup()).map(Hangup)
}

/// SIGHUP, as often as it comes.
#[derive(Debug)]
pub struct Hangup(Signal);

impl Hangup {
    /// Waits for the next one; false when there will be none.
    pub async fn comes(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

/// Runs `reload` each time that somebody asks for it. With `watched`, which tells the files that the scripts were read
/// from, also each time that one of those changes; at once if they are `stale` already.
pub async fn whenever_asked<F: Future<Output = ()>>(
    Hangup(mut hangup): Hangup,
    watched: Option<impl Fn() -> Vec<PathBuf>>,
    stale: impl FnOnce() -> bool,
    reload: impl Fn() -> F,
) {
    let mut files = watched.map(Files::new);
    // Looked at after the first stamps were taken, so that no change falls in between.
    if files.is_some() && stale() {
        reload().await;
    }
    loop {
        let changed = async {
            match &mut files {
                Some(files) => files.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            hung_up = hangup.recv() => match hung_up {
                Some(()) => log::info!("SIGHUP: reading the scripts again"),
                None => return,
            },
            () = changed => log::info!("a script has changed: reading the scripts again"),
        }
        if let Some(files) = &mut files {
            files.mark();
        }
        reload().await;
        if let Some(files) = &mut files {
            files.relist();
        }
    }
}

/// The files behind the scripts, as they were when they were last read.
struct Files<W> {
    list: W,
    seen: BTreeMap<PathBuf, Stamp>,
}

impl<W: Fn() -> Vec<PathBuf>> Files<W> {
    fn new(list: W) -> Self {
        let seen = stamps(list());
        Files { list, seen }
    }

    /// Takes the files as they are now for those that are about to be read: what changes from here on is told.
    fn mark(&mut self) {
        self.seen = stamps(self.seen.keys().cloned().collect());
    }

    /// After reading: other files may be behind the scripts now.
    fn relist(&mut self) {
        let mut listed = stamps((self.list)());
        for (path, stamp) in &mut listed {
            *stamp = *self.seen.get(path).unwrap_or(stamp);
        }
        self.seen = listed;
    }

    /// Resolves when a file is not what it was, and has been the same for two looks.
    async fn changed(&mut self) {
        let mut last = self.seen.clone();
        loop {
            actix_rt::time::sleep(LOOK).await;
            let now = stamps(self.seen.keys().cloned().collect());
            if now != self.seen && now == last {
                return;
            }
            last = now;
        }
    }
}

fn stamps(paths: Vec<PathBuf>) -> BTreeMap<PathBuf, Stamp> {
    use std::os::unix::fs::MetadataExt;
    let stamp = |path: &PathBuf| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len(), file.ino()))
    };
    paths
        .into_iter()
        .map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_or_replaced_is_told_once() {
        actix_rt::System::new().block_on(async {
            let path = std::env::temp_dir().join(format!("madrpc-reload-{}.js", std::process::id()));
            std::fs::write(&path, "1").expect("written");
            let listed = path.clone();
            let mut files = Files::new(move || vec![listed.clone()]);
            std::fs::write(&path, "22").expect("written");
            files.changed().await;
            files.mark();
            let other = path.with_extension("new");
            std::fs::write(&other, "33").expect("written");
            std::fs::rename(&other, &path).expect("replaced");
            files.changed().await;
            files.mark();
            files.relist();
            let unchanged = actix_rt::time::timeout(LOOK * 5, files.changed()).await;
            std::fs::remove_file(&path).expect("removed");
            assert!(unchanged.is_err());
        });
    }
}
