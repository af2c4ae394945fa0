//! The way of calls that came together: those for the same node of ours travel in one request.

use std::collections::BTreeMap;
use std::pin::Pin;

use futures_util::future::{select, Either};
use futures_util::stream::{self, LocalBoxStream, SelectAll, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, Sleep};

use super::forward::{Attempt, Forwarder, Journey};
use crate::actors::clock;
use crate::policy::node::NodeId;
use crate::protocol::{Call, CallError, CallResult, PeerUrl};

/// Calls in one request. More of them travel in several, which nodes work at in parallel.
const CHUNK: usize = 128;

/// A call of the batch, on its way to a node.
struct Passenger {
    index: usize,
    journey: Journey,
    attempt: Attempt,
}

/// What became of a call of the batch.
enum Event {
    Done(usize, CallResult),
    /// Its node failed it, and it may try another, alone.
    Stranded(usize, Box<Journey>),
}

impl Forwarder {
    /// Sends each result as soon as it is there.
    pub(super) async fn forward_batch(
        &self,
        calls: Vec<(usize, Call)>,
        replies: &mpsc::UnboundedSender<(usize, CallResult)>,
    ) {
        let mut ways: SelectAll<LocalBoxStream<'_, Event>> = SelectAll::new();
        // Leave in the order of the nodes: the simulation plays the same history for the same seed.
        let mut groups: BTreeMap<NodeId, (PeerUrl, Vec<Passenger>)> = BTreeMap::new();
        for (index, call) in calls {
            let mut journey = self.begin(call);
            match self.depart(&mut journey) {
                Err(error) => drop(replies.send((index, Err(error)))),
                Ok(attempt) => {
                    let passenger = Passenger { index, journey, attempt };
                    if passenger.attempt.picked.is_foreign() || passenger.journey.hedged {
                        ways.push(self.alone(passenger));
                        continue;
                    }
                    let (id, url) = (passenger.attempt.picked.id(), passenger.attempt.picked.url());
                    let group = groups.entry(id).or_insert_with(|| (url.clone(), Vec::new()));
                    group.1.push(passenger);
                }
            }
        }
        for (url, mut group) in groups.into_values() {
            while !group.is_empty() {
                let rest = group.split_off(group.len().min(CHUNK));
                let mut chunk = std::mem::replace(&mut group, rest);
                match chunk.pop() {
                    Some(passenger) if chunk.is_empty() => ways.push(self.alone(passenger)),
                    last => {
                        chunk.extend(last);
                        ways.push(self.together(&url, chunk));
                    }
                }
            }
        }
        while let Some(event) = ways.next().await {
            match event {
                Event::Done(index, result) => drop(replies.send((index, result))),
                Event::Stranded(index, journey) => {
                    let retry = async move { Event::Done(index, self.travel(*journey).await) };
                    ways.push(stream::once(retry).boxed_local());
                }
            }
        }
    }

    /// One request for one call.
    fn alone(&self, passenger: Passenger) -> LocalBoxStream<'_, Event> {
        let Passenger { index, mut journey, attempt } = passenger;
        let way = async move {
            match self.attempt(&mut journey, attempt).await {
                Some(result) => Event::Done(index, result),
                None => Event::Stranded(index, Box::new(journey)),
            }
        };
        stream::once(way).boxed_local()
    }

    /// One request for many calls of one node.
    fn together(&self, url: &PeerUrl, passengers: Vec<Passenger>) -> LocalBoxStream<'_, Event> {
        let calls = passengers.iter().map(|passenger| passenger.journey.call.clone()).collect();
        let ride = Ride {
            replies: self.peers.batch(url, calls),
            waiting: passengers.len(),
            passengers: passengers.into_iter().map(Some).collect(),
            overdue: Vec::new(),
            alarm: None,
        };
        stream::unfold(ride, move |mut ride| async move {
            let (passenger, result) = ride.next().await?;
            let Passenger { index, mut journey, attempt } = passenger;
            let event = match self.arrive(&mut journey, attempt, result, true) {
                Some(result) => Event::Done(index, result),
                None => Event::Stranded(index, Box::new(journey)),
            };
            Some((event, ride))
        })
        .boxed_local()
    }
}

/// A request for many calls, under way.
struct Ride {
    replies: LocalBoxStream<'static, (usize, CallResult)>,
    passengers: Vec<Option<Passenger>>,
    /// How many of them have come to nothing yet.
    waiting: usize,
    /// Those whose deadline passed and who were not told yet.
    overdue: Vec<Passenger>,
    /// Rings at the earliest deadline of those who wait.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Ride {
    /// The next call that has come to something; `None` when all have.
    async fn next(&mut self) -> Option<(Passenger, CallResult)> {
        self.waiting = self.waiting.checked_sub(1)?;
        loop {
            if let Some(passenger) = self.overdue.pop() {
                return Some((passenger, Err(CallError::Timeout)));
            }
            let alarm = match &mut self.alarm {
                Some(alarm) => alarm,
                None => {
                    let deadlines = self.passengers.iter().flatten().map(|passenger| passenger.journey.deadline());
                    let earliest = deadlines.min()?;
                    self.alarm.insert(Box::pin(sleep_until(earliest.into())))
                }
            };
            match select(self.replies.next(), alarm.as_mut()).await {
                Either::Left((Some((index, result)), _)) => {
                    // A reply that comes after its call's deadline finds nobody.
                    if let Some(passenger) = self.passengers.get_mut(index).and_then(Option::take) {
                        return Some((passenger, result));
                    }
                }
                Either::Left((None, _)) => {
                    let passenger = self.passengers.iter_mut().find_map(Option::take)?;
                    return Some((passenger, Err(CallError::Unreachable { sent: true })));
                }
                Either::Right(_) => {
                    let now = clock::now();
                    let late = |passenger: &mut Passenger| passenger.journey.deadline() <= now;
                    self.overdue = self.passengers.iter_mut().filter_map(|seat| seat.take_if(late)).collect();
                    self.alarm = None;
                }
            }
        }
    }
}
