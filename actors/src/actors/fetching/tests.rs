//! Where fetches go, decided without a network.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use super::*;

/// Answers by a script, and notes what it was asked.
#[derive(Default)]
struct Fake {
    names: HashMap<&'static str, Vec<&'static str>>,
    /// One answer per exchange; where there is none, the exchange never ends.
    answers: RefCell<VecDeque<Result<Answer, Failure>>>,
    asked: RefCell<Vec<String>>,
}

impl Fetcher for Fake {
    fn resolve(&self, name: &str) -> LocalBoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let addresses = self.names.get(name).map(|list| list.iter().map(|a| a.parse().expect("an address")).collect());
        Box::pin(std::future::ready(addresses.ok_or_else(|| io::Error::other("secret detail"))))
    }

    fn exchange(&self, to: SocketAddr, request: &HttpRequest) -> LocalBoxFuture<'static, Result<Answer, Failure>> {
        self.asked.borrow_mut().push(format!("{} {} at {to}", request.method, request.url));
        match self.answers.borrow_mut().pop_front() {
            Some(answer) => Box::pin(std::future::ready(answer)),
            None => Box::pin(std::future::pending()),
        }
    }
}

fn answer(status: u16, location: Option<&str>) -> Result<Answer, Failure> {
    let headers = location.map(|location| ("location".to_owned(), location.to_owned())).into_iter().collect();
    Ok(Answer { status, status_text: String::new(), headers, body: Some(Bytes::from_static(b"x")) })
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".into(),
        url: Url::parse(url).expect(url),
        headers: Vec::new(),
        body: None,
        redirect: Redirect::Follow,
    }
}

fn egress(entries: &[&str]) -> Egress {
    Egress::new(entries.iter().map(|entry| entry.parse().expect("an entry")).collect())
}

async fn run(fake: &Fake, allowed: &[&str], request: HttpRequest) -> FetchResult {
    let scope = CallScope::root(Duration::from_secs(5));
    in_time(&egress(allowed), fake, &Semaphore::new(1), &scope, request).await
}

fn fake(names: &[(&'static str, &[&'static str])], answers: Vec<Result<Answer, Failure>>) -> Fake {
    let names = names.iter().map(|(name, addresses)| (*name, addresses.to_vec())).collect();
    Fake { names, answers: RefCell::new(answers.into()), asked: RefCell::default() }
}

#[actix::test]
async fn it_connects_to_what_was_decided_about() {
    let fake = fake(&[("a.example", &["10.0.0.1", "93.184.216.34"])], vec![answer(200, None)]);
    let response = run(&fake, &["a.example"], request("http://a.example/x")).await.expect("an answer");
    assert_eq!((response.status, response.redirected), (200, false));
    assert_eq!(*fake.asked.borrow(), ["GET http://a.example/x at 93.184.216.34:80"]);
}

#[actix::test]
async fn what_is_refused_is_not_asked() {
    let names: &[(&str, &[&str])] = &[("a.example", &["10.0.0.1"]), ("none.example", &[])];
    for (allowed, url, part) in [
        (&[][..], "http://a.example/", "a.example:80 is not in --allow-net"),
        (&["a.example:81"], "http://a.example/", "a.example:80 is not in --allow-net"),
        (&["a.example"], "http://a.example/", "10.0.0.1, which is no public address"),
        (&["none.example"], "http://none.example/", "none.example has no address"),
        (&["gone.example"], "http://gone.example/", "gone.example can't be looked up"),
        (&["a.example:80"], "https://a.example/", "a.example:443 is not in --allow-net"),
        (&["a.example"], "ftp://a.example/", "ftp is not http or https"),
    ] {
        let fake = fake(names, vec![answer(200, None)]);
        let error = run(&fake, allowed, request(url)).await.expect_err("refused").to_string();
        assert!(error.contains(part) && !error.contains("secret"), "{url}: {error}");
        assert!(fake.asked.borrow().is_empty(), "{url}");
    }
}

#[actix::test]
async fn each_hop_is_decided_anew() {
    let names: &[(&str, &[&str])] =
        &[("a.example", &["1.1.1.1"]), ("b.example", &["8.8.8.8"]), ("in.example", &["127.0.0.1"])];
    let twice = fake(names, vec![answer(302, Some("//b.example/y")), answer(200, None)]);
    let response = run(&twice, &["a.example", "b.example"], request("http://a.example/x#f")).await.expect("followed");
    assert_eq!((response.url.as_str(), response.redirected), ("http://b.example/y#f", true));
    assert_eq!(
        *twice.asked.borrow(),
        ["GET http://a.example/x#f at 1.1.1.1:80", "GET http://b.example/y#f at 8.8.8.8:80"]
    );
    for (location, part) in [
        ("//b.example/", "b.example:80 is not in"),
        ("http://a.example:81/", "a.example:81 is not in"),
        ("http://169.254.169.254/", "169.254.169.254:80 is not in"),
        ("http://in.example/", "127.0.0.1, which is no public address"),
        ("file:///etc/passwd", "the scheme file"),
        ("http://u:p@a.example/", "credentials"),
    ] {
        let fake = fake(names, vec![answer(302, Some(location)), answer(200, None)]);
        let error = run(&fake, &["a.example:80", "in.example"], request("http://a.example/")).await;
        let error = error.expect_err("refused").to_string();
        assert!(error.contains(part), "{location}: {error}");
        assert_eq!(fake.asked.borrow().len(), 1, "{location}");
    }
}

#[actix::test]
async fn redirects_end() {
    let loops = |count: usize| (0..count).map(|_| answer(302, Some("/again"))).collect::<Vec<_>>();
    let mut twenty = loops(20);
    twenty.push(answer(200, None));
    let enough = fake(&[("a.example", &["1.1.1.1"])], twenty);
    assert!(run(&enough, &["a.example"], request("http://a.example/")).await.is_ok());
    let endless = fake(&[("a.example", &["1.1.1.1"])], loops(30));
    let error = run(&endless, &["a.example"], request("http://a.example/")).await.expect_err("ended").to_string();
    assert!(error.contains("more than 20 times"), "{error}");
    assert_eq!(endless.asked.borrow().len(), 21);
}

#[actix::test]
async fn redirects_are_followed_only_where_that_is_wanted() {
    for (mode, outcome) in [(Redirect::Error, None), (Redirect::Manual, Some(302)), (Redirect::Follow, Some(200))] {
        let fake = fake(&[], vec![answer(302, Some("/x")), answer(200, None)]);
        let request = HttpRequest { redirect: mode, ..request("http://127.0.0.1/") };
        let result = run(&fake, &["127.0.0.1"], request).await;
        assert_eq!(result.ok().map(|response| response.status), outcome, "{mode:?}");
    }
}

#[actix::test]
async fn another_address_is_asked_only_before_anything_was_sent() {
    let names: &[(&str, &[&str])] = &[("a.example", &["1.1.1.1", "8.8.8.8"])];
    let unconnected = || Err(Failure::Unconnected("secret detail".into()));
    let second = fake(names, vec![unconnected(), answer(200, None)]);
    assert!(run(&second, &["a.example"], request("http://a.example/")).await.is_ok());
    assert_eq!(second.asked.borrow().len(), 2);
    for (answers, asked, part) in [
        (vec![unconnected(), unconnected()], 2, "a.example:80 can't be reached"),
        (
            vec![Err(Failure::Broken("secret detail".into())), answer(200, None)],
            1,
            "a.example:80 closed the connection",
        ),
        (vec![Err(Failure::TooLarge(7)), answer(200, None)], 1, "longer than 7 bytes"),
        (vec![Err(Failure::Silent), answer(200, None)], 1, "did not answer in time"),
    ] {
        let fake = fake(names, answers);
        let error = run(&fake, &["a.example"], request("http://a.example/")).await.expect_err("failed").to_string();
        assert!(error.contains(part) && !error.contains("secret"), "{error}");
        assert_eq!(fake.asked.borrow().len(), asked, "{part}");
    }
}

#[actix::test]
async fn waiting_for_a_turn_ends_with_the_deadline() {
    tokio::time::pause();
    let fake = fake(&[], vec![answer(200, None)]);
    let scope = CallScope::root(Duration::from_secs(5));
    let (egress, wire) = (egress(&["127.0.0.1"]), Semaphore::new(0));
    let error = in_time(&egress, &fake, &wire, &scope, request("http://127.0.0.1/")).await.expect_err("never its turn");
    assert!(error.to_string().contains("deadline"), "{error}");
    assert!(fake.asked.borrow().is_empty());
}

/// The handle, its actor and an inbox in place of an executor.
struct Wired {
    fetching: Fetching,
    inbox: Arc<ExecutorInbox>,
    asked: Arc<std::sync::Mutex<usize>>,
}

/// A fetcher whose exchanges never end.
struct Hanging(Arc<std::sync::Mutex<usize>>);

/// Tells that an exchange was dropped.
struct Counted(Arc<std::sync::Mutex<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.lock().expect("no panic") -= 1;
    }
}

impl Fetcher for Hanging {
    fn resolve(&self, _: &str) -> LocalBoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(std::future::pending())
    }

    fn exchange(&self, _: SocketAddr, _: &HttpRequest) -> LocalBoxFuture<'static, Result<Answer, Failure>> {
        *self.0.lock().expect("no panic") += 1;
        let counted = Counted(self.0.clone());
        Box::pin(async move {
            let _counted = counted;
            std::future::pending().await
        })
    }
}

impl Wired {
    fn new() -> Self {
        let asked = Arc::default();
        let shared: Arc<std::sync::Mutex<usize>> = Arc::clone(&asked);
        let factory: FetcherFactory = Arc::new(move || Rc::new(Hanging(shared.clone())));
        let inbox = Arc::new(ExecutorInbox::new(3));
        Wired { fetching: Fetching::start(egress(&["127.0.0.1"]), &factory), inbox, asked }
    }

    fn send(&self, numbers: std::ops::Range<u64>) {
        let fetch = |number| OutgoingFetch {
            id: CallId { engine: 0, number },
            scope: CallScope::root(Duration::from_secs(60)),
            request: request("http://127.0.0.1/"),
        };
        self.fetching.send(&self.inbox, numbers.map(fetch).collect());
    }

    /// Lets the actor and its tasks run until so many exchanges are under way.
    async fn until_asked(&self, count: usize) {
        for _ in 0..100_000 {
            if *self.asked.lock().expect("no panic") == count {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{} exchanges, not {count}", self.asked.lock().expect("no panic"));
    }
}

#[actix::test]
async fn so_many_are_on_the_wire_and_so_many_wait() {
    let wired = Wired::new();
    wired.send(0..MAX_OPEN as u64);
    wired.until_asked(ON_THE_WIRE).await;
    assert_eq!(wired.inbox.load(), 0, "none was refused");
    wired.send(20_000..20_001);
    let Some(Work::Fetched(id, refused)) = wired.inbox.take(std::time::Instant::now()) else { panic!("not refused") };
    assert_eq!(id.number, 20_000);
    assert!(refused.expect_err("refused").to_string().contains("10000 fetches open"));
    // The places of those that are called off go to those that wait.
    wired.fetching.call_off((0..9_990).map(|number| CallId { engine: 0, number }).collect());
    wired.until_asked(10).await;
    wired.send(30_000..30_030);
    wired.until_asked(40).await;
    wired.fetching.call_off_all(2);
    wired.send(40_000..40_001);
    wired.until_asked(41).await;
    wired.fetching.call_off_all(3);
    wired.until_asked(0).await;
}
