//! One thread of a load, and its connections.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::{sleep, sleep_until, timeout};

use super::caller::Caller;
use super::pace::{counted_from, Pace, Turn};
use super::tally::{Ended, Tally};
use super::{Plan, Progress};
use crate::transport::OneShot;

/// After a call that could not be sent: nobody is helped by thousands of attempts a second.
const PAUSE: Duration = Duration::from_millis(50);

/// A server that has answered nothing for so long from the start, and refuses connections, is not there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which part of the load is this thread's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) start: Instant,
}

struct Lane {
    plan: Arc<Plan>,
    start: Instant,
    pace: Pace,
    progress: Arc<Progress>,
    client: OneShot,
    tally: RefCell<Tally>,
}

/// Runs this thread's part to its end.
pub(super) fn drive(plan: Arc<Plan>, share: Share, progress: Arc<Progress>) -> Tally {
    let connections = (plan.connections + share.of - 1 - share.number) / share.of;
    let rate = plan.rate.map(|rate| rate / share.of as f64);
    let pace = Pace::new(share.start, plan.duration, rate, share.number as f64 / share.of as f64);
    actix_rt::System::new().block_on(async move {
        let client = OneShot::new(plan.tls.clone());
        let lane = Rc::new(Lane { plan, start: share.start, pace, progress, client, tally: RefCell::default() });
        join_all((0..connections).map(|_| lane.work())).await;
        let mut tally = lane.tally.take();
        tally.missed = lane.pace.missed();
        tally
    })
}

impl Lane {
    /// The calls of one connection, one after the other.
    async fn work(&self) {
        let mut caller = Caller::new(&self.plan, &self.client);
        while let Some(turn) = self.pace.next(Instant::now()) {
            let began = match turn {
                Turn::Now => Instant::now(),
                Turn::At(intended) => {
                    let was_free = Instant::now() <= intended;
                    sleep_until(intended.into()).await;
                    counted_from(intended, was_free, Instant::now())
                }
            };
            let ended = timeout(self.plan.timeout, caller.call()).await.unwrap_or(Ended::TimedOut);
            if ended == Ended::TimedOut {
                caller.start_afresh();
            }
            self.settle(ended, began.elapsed());
            if ended == Ended::Unreachable && self.gives_up() {
                return;
            }
            if matches!(ended, Ended::Unreachable | Ended::Lost) {
                sleep(PAUSE).await;
            }
        }
    }

    fn settle(&self, ended: Ended, took: Duration) {
        self.tally.borrow_mut().record(ended, took);
        let progress = &self.progress;
        progress.calls.fetch_add(1, Ordering::Relaxed);
        progress.errors.fetch_add(u64::from(ended != Ended::Well), Ordering::Relaxed);
        progress.replies.fetch_add(u64::from(ended.is_reply()), Ordering::Relaxed);
    }

    /// Nobody is there, and was from the start.
    fn gives_up(&self) -> bool {
        let progress = &self.progress;
        if progress.replies.load(Ordering::Relaxed) == 0 && self.start.elapsed() >= PATIENCE {
            progress.given_up.store(true, Ordering::Relaxed);
        }
        progress.given_up.load(Ordering::Relaxed)
    }
}
