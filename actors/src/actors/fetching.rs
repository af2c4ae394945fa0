//! Fetching: sends the fetches of a node's scripts where `--allow-net` lets them go, and takes the answers back to their
//! executors.
//!
//! Every hop of a redirect is decided anew, by the host and then by its addresses, and the connection goes to an address
//! that was decided about: what a name stands for a moment later plays no part.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, Message};
use futures_util::future::LocalBoxFuture;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use url::Host;

use super::executor_inbox::{ExecutorInbox, Work};
use crate::engine::{CallId, OutgoingFetch};
use crate::policy::admission::{Admission, Permit};
use crate::policy::egress::{Destination, Egress};
use crate::policy::redirect::{self, MAX_REDIRECTS};
use crate::protocol::fetch::HeaderList;
use crate::protocol::{CallScope, FetchError, FetchResult, HttpRequest, HttpResponse, Redirect};

#[cfg(test)]
mod tests;

/// Fetches of one node that are on the wire at once; further ones wait their turn.
pub const ON_THE_WIRE: usize = 64;

/// Fetches of one node that may be open at once, those that wait included. Beyond it `fetch` rejects.
pub const MAX_OPEN: usize = 10_000;

/// Looks up names and exchanges single requests. Bound to the thread that made it. Dropping a future ends what it does.
pub trait Fetcher: 'static {
    /// The addresses that a name stands for.
    fn resolve(&self, name: &str) -> LocalBoxFuture<'static, io::Result<Vec<IpAddr>>>;

    /// Sends `request` to exactly this address and gives the answer, wherever it leads. Where it will be followed, the
    /// body may be left out.
    fn exchange(&self, to: SocketAddr, request: &HttpRequest) -> LocalBoxFuture<'static, Result<Answer, Failure>>;
}

/// Makes the fetcher of a thread.
pub type FetcherFactory = Arc<dyn Fn() -> Rc<dyn Fetcher> + Send + Sync>;

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The phrase that goes with it.
    pub status_text: String,
    /// The headers as they came.
    pub headers: HeaderList,
    /// All of the body.
    pub body: Option<bytes::Bytes>,
}

/// Why one exchange came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection: another address may be tried. Holds what the log gets.
    Unconnected(String),
    /// The connection or the answer broke off. Holds what the log gets.
    Broken(String),
    /// The request has no form in HTTP. Holds what the log gets.
    Unsendable(String),
    /// The answer is not what this client can read. Holds what a script is told.
    Unreadable(&'static str),
    /// The head of the answer did not come in time.
    Silent,
    /// The body is longer than this.
    TooLarge(usize),
}

/// A handle to the actor.
#[derive(Clone, Debug)]
pub struct Fetching {
    actor: Addr<FetchingActor>,
    /// Counted here, before the mailbox, which has no bound of its own.
    open: Admission,
}

impl Fetching {
    /// Starts the actor on the current arbiter.
    pub fn start(egress: Egress, fetchers: &FetcherFactory) -> Self {
        let actor = FetchingActor {
            egress: Rc::new(egress),
            fetcher: fetchers(),
            wire: Rc::new(Semaphore::new(ON_THE_WIRE)),
            running: Running::default(),
        };
        Fetching { actor: actor.start(), open: Admission::new(MAX_OPEN) }
    }

    /// Sends fetches that scripts on `from` began; each comes back to it as `Work::Fetched`.
    pub fn send(&self, from: &Arc<ExecutorInbox>, fetches: Vec<OutgoingFetch>) {
        let mut admitted = Vec::with_capacity(fetches.len());
        for fetch in fetches {
            match self.open.admit(1, 0) {
                Ok(permit) => admitted.push((fetch, permit)),
                Err(_) => {
                    let refused = Err(FetchError(format!("this node has {MAX_OPEN} fetches open")));
                    from.send(Work::Fetched(fetch.id, Box::new(refused)));
                }
            }
        }
        if !admitted.is_empty() {
            self.actor.do_send(Begin { from: from.clone(), fetches: admitted });
        }
    }

    /// Nobody waits for these any more.
    pub fn call_off(&self, ids: Vec<CallId>) {
        self.actor.do_send(CallOff { ids });
    }

    /// Nobody waits for anything that this executor sent.
    pub fn call_off_all(&self, executor: usize) {
        self.actor.do_send(CallOffAll { executor });
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Begin {
    from: Arc<ExecutorInbox>,
    fetches: Vec<(OutgoingFetch, Permit)>,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct CallOff {
    ids: Vec<CallId>,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
struct CallOffAll {
    executor: usize,
}

/// The fetches that are open, with the numbers of their executors.
type Running = Rc<RefCell<HashMap<CallId, (usize, AbortHandle)>>>;

struct FetchingActor {
    egress: Rc<Egress>,
    fetcher: Rc<dyn Fetcher>,
    wire: Rc<Semaphore>,
    running: Running,
}

impl Actor for FetchingActor {
    type Context = Context<Self>;
}

impl Handler<Begin> for FetchingActor {
    type Result = ();

    fn handle(&mut self, message: Begin, _context: &mut Self::Context) {
        let number = message.from.number;
        for (OutgoingFetch { id, scope, request }, permit) in message.fetches {
            let (egress, fetcher, wire) = (self.egress.clone(), self.fetcher.clone(), self.wire.clone());
            let (from, running) = (message.from.clone(), self.running.clone());
            // Context::spawn would poll every fetch on each wake-up of the actor.
            let task = actix_rt::spawn(async move {
                let result = in_time(&egress, &*fetcher, &wire, &scope, request).await;
                running.borrow_mut().remove(&id);
                // Whoever has the answer may fetch again at once.
                drop(permit);
                from.send_soon(Work::Fetched(id, Box::new(result)));
            });
            self.running.borrow_mut().insert(id, (number, task.abort_handle()));
        }
    }
}

impl Handler<CallOff> for FetchingActor {
    type Result = ();

    fn handle(&mut self, message: CallOff, _context: &mut Self::Context) {
        let mut running = self.running.borrow_mut();
        for (_, task) in message.ids.iter().filter_map(|id| running.remove(id)) {
            task.abort();
        }
    }
}

impl Handler<CallOffAll> for FetchingActor {
    type Result = ();

    fn handle(&mut self, message: CallOffAll, _context: &mut Self::Context) {
        self.running.borrow_mut().retain(|_, (executor, task)| {
            let stays = *executor != message.executor;
            if !stays {
                task.abort();
            }
            stays
        });
    }
}

/// One fetch, its turn waited for, within the deadline of the call that made it.
async fn in_time(
    egress: &Egress,
    fetcher: &dyn Fetcher,
    wire: &Semaphore,
    scope: &CallScope,
    request: HttpRequest,
) -> FetchResult {
    let whole = async {
        let _place = wire.acquire().await;
        fetch(egress, fetcher, scope, request).await
    };
    let in_time = tokio::time::timeout_at(scope.deadline.into(), whole).await;
    in_time.unwrap_or_else(|_| Err(FetchError("the deadline of the call has passed".into())))
}

/// Follows a request to where its answer is.
async fn fetch(egress: &Egress, fetcher: &dyn Fetcher, scope: &CallScope, mut request: HttpRequest) -> FetchResult {
    for redirects in 0..=MAX_REDIRECTS {
        let answer = hop(egress, fetcher, scope, &request).await?;
        let leads_to = redirect::location(answer.status, &answer.headers);
        match (leads_to, request.redirect) {
            (None, _) | (Some(_), Redirect::Manual) => return Ok(response(request, redirects > 0, answer)),
            (Some(_), Redirect::Error) => return Err(FetchError("it was redirected, and redirect is 'error'".into())),
            (Some(location), Redirect::Follow) => redirect::follow(&mut request, answer.status, location)
                .map_err(|astray| FetchError(astray.to_string()))?,
        }
    }
    Err(FetchError(format!("it was redirected more than {MAX_REDIRECTS} times")))
}

fn response(request: HttpRequest, redirected: bool, answer: Answer) -> HttpResponse {
    let Answer { status, status_text, headers, body } = answer;
    HttpResponse { url: request.url, redirected, status, status_text, headers, body }
}

/// One request to one server, if it may be asked.
async fn hop(
    egress: &Egress,
    fetcher: &dyn Fetcher,
    scope: &CallScope,
    request: &HttpRequest,
) -> Result<Answer, FetchError> {
    let to = egress.admit(&request.url).map_err(|refusal| refused(&refusal))?;
    let server = format!("{}:{}", to.host, to.port);
    let resolved = match &to.host {
        Host::Ipv4(address) => vec![IpAddr::V4(*address)],
        Host::Ipv6(address) => vec![IpAddr::V6(*address)],
        Host::Domain(name) => fetcher.resolve(name).await.map_err(|error| {
            log::info!(target: "script", "fetch: {name} can't be looked up: {error} call={scope}");
            FetchError(format!("{name} can't be looked up"))
        })?,
    };
    let addresses = egress.connectable(&to, &resolved).map_err(|refusal| refused(&refusal))?;
    let failure = match ask_in_turn(fetcher, &to, addresses, request).await {
        Ok(answer) => return Ok(answer),
        Err(failure) => failure,
    };
    let told = match failure {
        Failure::Unconnected(why) => {
            log::info!(target: "script", "fetch: no connection to {server}: {why} call={scope}");
            format!("{server} can't be reached")
        }
        Failure::Broken(why) => {
            log::info!(target: "script", "fetch: {server} broke off: {why} call={scope}");
            format!("{server} closed the connection before its answer was complete")
        }
        Failure::Unsendable(why) => {
            log::info!(target: "script", "fetch: a request to {server} has no form: {why} call={scope}");
            "the request can't be written as HTTP".into()
        }
        Failure::Unreadable(why) => format!("the answer of {server} {why}"),
        Failure::Silent => format!("{server} did not answer in time"),
        Failure::TooLarge(limit) => {
            format!("the answer of {server} is longer than {limit} bytes, the limit of --max-body")
        }
    };
    Err(FetchError(told))
}

fn refused(refusal: &crate::policy::egress::Refusal) -> FetchError {
    FetchError(refusal.to_string())
}

/// Asks at one address after the other until there is a connection.
async fn ask_in_turn(
    fetcher: &dyn Fetcher,
    to: &Destination,
    addresses: Vec<IpAddr>,
    request: &HttpRequest,
) -> Result<Answer, Failure> {
    let mut last = Failure::Unconnected("no address".into());
    for address in addresses {
        match fetcher.exchange(SocketAddr::new(address, to.port), request).await {
            Err(failure @ Failure::Unconnected(_)) => last = failure,
            outcome => return outcome,
        }
    }
    Err(last)
}
