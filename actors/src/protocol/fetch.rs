//! HTTP requests of scripts and what comes of them, as they cross between an engine and whoever sends them.

use std::fmt;

use bytes::Bytes;
use url::Url;

/// What a fetch comes to.
pub type FetchResult = Result<HttpResponse, FetchError>;

/// Names in lower case. Each character of a value stands for one byte, as in JavaScript.
pub type HeaderList = Vec<(String, String)>;

/// What to do when the answer says that the thing is elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// Ask there.
    Follow,
    /// Fail.
    Error,
    /// Give that answer.
    Manual,
}

impl Redirect {
    /// As the Fetch standard calls it.
    pub fn name(self) -> &'static str {
        match self {
            Redirect::Follow => "follow",
            Redirect::Error => "error",
            Redirect::Manual => "manual",
        }
    }
}

/// A request on its way out. Its URL has no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// A token of RFC 9110.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Without those that say where the message ends or who it is for.
    pub headers: HeaderList,
    /// All of the body; a body may be there and empty.
    pub body: Option<Bytes>,
    /// What to do with an answer that leads elsewhere.
    pub redirect: Redirect,
}

/// An answer that is all there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Who answered, after all redirects.
    pub url: Url,
    /// True when that is not who was asked first.
    pub redirected: bool,
    /// From 200 to 599.
    pub status: u16,
    /// The phrase that goes with it.
    pub status_text: String,
    /// As they came.
    pub headers: HeaderList,
    /// Absent where an answer has none by its kind.
    pub body: Option<Bytes>,
}

/// Why there is no answer, as a script is told: no internals in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError(pub String);

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fetch failed: {}", self.0)
    }
}
