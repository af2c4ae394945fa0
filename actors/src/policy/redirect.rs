//! Where an answer leads, and the request that is sent there (Fetch standard, "HTTP-redirect fetch").

use std::fmt;

use url::Url;

use crate::protocol::fetch::HeaderList;
use crate::protocol::HttpRequest;

/// Redirects that one fetch follows.
pub const MAX_REDIRECTS: usize = 20;

/// What is said of a body, and goes with it.
const OF_THE_BODY: [&str; 4] = ["content-encoding", "content-language", "content-location", "content-type"];

/// What is meant for one origin, and not for whoever it names.
const OF_THE_ORIGIN: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Why an answer is not followed to where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// Its `Location` is no URL.
    NoUrl,
    /// Its `Location` holds credentials.
    Credentials,
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Astray::NoUrl => "it was redirected to something that is no URL",
            Astray::Credentials => "it was redirected to a URL with credentials",
        })
    }
}

/// Where an answer with this status and these headers leads; none when it is what was asked for.
pub fn location(status: u16, headers: &HeaderList) -> Option<&str> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str())
}

/// Turns `request`, which was answered with `status`, into the one to send to `location`.
pub fn follow(request: &mut HttpRequest, status: u16, location: &str) -> Result<(), Astray> {
    let mut url = request.url.join(&utf8(location)).map_err(|_| Astray::NoUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Astray::Credentials);
    }
    if url.fragment().is_none() {
        url.set_fragment(request.url.fragment());
    }
    let asks_only = matches!(request.method.as_str(), "GET" | "HEAD");
    if (matches!(status, 301 | 302) && request.method == "POST") || (status == 303 && !asks_only) {
        request.method = "GET".to_owned();
        request.body = None;
        request.headers.retain(|(name, _)| !OF_THE_BODY.contains(&name.as_str()));
    }
    if !same_origin(&request.url, &url) {
        request.headers.retain(|(name, _)| !OF_THE_ORIGIN.contains(&name.as_str()));
    }
    request.url = url;
    Ok(())
}

fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// A header holds bytes, and servers put UTF-8 there; what is none stays Latin-1.
fn utf8(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::Redirect;

    const SENT: [(&str, &str); 5] =
        [("authorization", "Bearer a"), ("content-type", "text/plain"), ("cookie", "a=b"), ("x-a", "1"), ("x-a", "2")];

    fn list(headers: &[(&str, &str)]) -> HeaderList {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn request(method: &str) -> HttpRequest {
        HttpRequest {
            method: method.into(),
            url: Url::parse("http://a.example/dir/file?q#part").expect("a URL"),
            headers: list(&SENT),
            body: Some(Bytes::from_static(b"body")),
            redirect: Redirect::Follow,
        }
    }

    fn followed(method: &str, status: u16, location: &str) -> HttpRequest {
        let mut request = request(method);
        follow(&mut request, status, location).expect(location);
        request
    }

    #[test]
    fn only_five_statuses_lead_elsewhere() {
        let headers = list(&[("x", "y"), ("location", "/there")]);
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(location(status, &headers), Some("/there"), "{status}");
            assert_eq!(location(status, &list(&[("x", "y")])), None, "{status}");
        }
        for status in [200, 201, 300, 304, 305, 306, 309, 404] {
            assert_eq!(location(status, &headers), None, "{status}");
        }
    }

    #[test]
    fn the_method_changes_as_the_standard_says() {
        let cases = [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "DELETE", "GET"),
            (301, "PUT", "PUT"),
            (302, "DELETE", "DELETE"),
            (303, "HEAD", "HEAD"),
            (303, "GET", "GET"),
            (301, "HEAD", "HEAD"),
            (307, "POST", "POST"),
            (308, "POST", "POST"),
            (308, "PATCH", "PATCH"),
        ];
        for (status, before, after) in cases {
            let followed = followed(before, status, "/x");
            assert_eq!(followed.method, after, "{status} {before}");
            let keeps_body = before == after;
            assert_eq!(followed.body.is_some(), keeps_body, "{status} {before}");
            let types = followed.headers.iter().filter(|(name, _)| name == "content-type").count();
            assert_eq!(types, usize::from(keeps_body), "{status} {before}");
        }
    }

    #[test]
    fn the_url_is_relative_to_the_one_before_and_keeps_its_fragment() {
        let cases = [
            ("other", "http://a.example/dir/other#part"),
            ("/x?y", "http://a.example/x?y#part"),
            ("#z", "http://a.example/dir/file?q#z"),
            ("//b.example:81", "http://b.example:81/#part"),
            ("https://a.example/", "https://a.example/#part"),
            ("/\u{c3}\u{a4}", "http://a.example/%C3%A4#part"),
            ("/\u{e4}", "http://a.example/%C3%A4#part"),
        ];
        for (location, expected) in cases {
            assert_eq!(followed("GET", 302, location).url.as_str(), expected, "{location}");
        }
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        for location in ["/x", "http://a.example:80/x", "http://A.EXAMPLE/"] {
            assert_eq!(followed("GET", 307, location).headers, list(&SENT), "{location}");
        }
        for location in ["//b.example/", "http://a.example:81/", "https://a.example/", "http://sub.a.example/"] {
            let kept = followed("GET", 307, location).headers;
            assert_eq!(kept, list(&[SENT[1], SENT[3], SENT[4]]), "{location}");
        }
    }

    #[test]
    fn where_nothing_can_be_asked() {
        for (location, astray) in [
            ("http://", Astray::NoUrl),
            ("http://a.example:99999/", Astray::NoUrl),
            ("http://user@a.example/", Astray::Credentials),
            ("http://:secret@b.example/", Astray::Credentials),
        ] {
            let mut request = request("GET");
            assert_eq!(follow(&mut request, 302, location), Err(astray), "{location}");
        }
    }
}
