//! How many calls a client may make: the generic cell rate algorithm (ITU-T I.371), which keeps one instant per client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Clients that are told apart. The others share one allowance, so that nobody fills the memory by coming from ever new
/// addresses, and nobody gets more by it.
pub const MAX_CLIENTS: usize = 1 << 16;

/// Between two sweeps of clients that have their whole allowance back: a sweep looks at all of them.
const SWEEP: Duration = Duration::from_secs(1);

/// `RPS[:BURST]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// In which one call is earned.
    interval: Duration,
    /// Calls that may come at once.
    burst: u32,
}

impl FromStr for RateLimit {
    type Err = String;

    /// Without a burst, that of one second, and at least 1.
    fn from_str(text: &str) -> Result<Self, String> {
        let (rate, burst) = text.split_once(':').map_or((text, None), |(rate, burst)| (rate, Some(burst)));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let rate: f64 = rate.parse().ok().filter(|_| plain(rate)).ok_or("the rate is no number")?;
        if !(0.001..=1e6).contains(&rate) {
            return Err("a rate lies between 0.001 and 1000000 calls a second".into());
        }
        let burst = match burst.map(u32::from_str) {
            None => u32::try_from(Duration::from_secs_f64(rate.ceil()).as_secs()).unwrap_or(u32::MAX),
            Some(Ok(burst)) if (1..=1_000_000).contains(&burst) => burst,
            Some(_) => return Err("a burst is a whole number from 1 to 1000000".into()),
        };
        Ok(RateLimit { interval: Duration::from_secs_f64(1.0 / rate), burst })
    }
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// By the place of its key among those configured.
    Key(usize),
    /// By its address.
    V4(Ipv4Addr),
    /// By its network: a customer has all addresses of a /64 to choose from.
    V6([u16; 4]),
    /// All for whom there is no room.
    Others,
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Client::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Client::V6([a, b, c, d])
            }
        }
    }
}

/// What came of asking for several calls at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// So many of them may run.
    pub calls: usize,
    /// When the next one may come, where not all were granted: whole seconds, at least 1.
    pub retry_after_s: u64,
}

/// The allowances of all clients.
#[derive(Debug)]
pub struct RateLimiter {
    limit: RateLimit,
    /// When each has its whole allowance back.
    full_again: HashMap<Client, Instant>,
    swept: Option<Instant>,
}

impl RateLimiter {
    /// Everyone has their whole allowance.
    pub fn new(limit: RateLimit) -> Self {
        RateLimiter { limit, full_again: HashMap::new(), swept: None }
    }

    /// Takes as many of `calls` from the client's allowance as it holds.
    pub fn take(&mut self, client: Client, calls: usize, now: Instant) -> Granted {
        let client = self.place(client, now);
        let RateLimit { interval, burst } = self.limit;
        let full_again = self.full_again.get(&client).copied().unwrap_or(now).max(now);
        let spent = full_again - now;
        let left = (interval * burst).saturating_sub(spent);
        let calls_left = usize::try_from(left.as_nanos() / interval.as_nanos().max(1)).unwrap_or(usize::MAX);
        let granted = calls.min(calls_left);
        // No more than the burst, which is a `u32`.
        let cost = interval * u32::try_from(granted).unwrap_or(u32::MAX);
        self.full_again.insert(client, full_again + cost);
        // Until the next call is earned.
        let wait = (spent + cost + interval).saturating_sub(interval * burst);
        Granted { calls: granted, retry_after_s: wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX) }
    }

    /// Who the client is counted as.
    fn place(&mut self, client: Client, now: Instant) -> Client {
        if self.full_again.contains_key(&client) || self.full_again.len() < MAX_CLIENTS {
            return client;
        }
        if self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP) {
            self.swept = Some(now);
            self.full_again.retain(|_, full_again| *full_again > now);
        }
        if self.full_again.len() < MAX_CLIENTS {
            client
        } else {
            Client::Others
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(text: &str) -> RateLimit {
        text.parse().expect("a limit")
    }

    fn ip(text: &str) -> Client {
        text.parse::<IpAddr>().expect("an address").into()
    }

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn limits_are_read() {
        assert_eq!(limit("10"), RateLimit { interval: Duration::from_millis(100), burst: 10 });
        assert_eq!(limit("10:3"), RateLimit { interval: Duration::from_millis(100), burst: 3 });
        assert_eq!(limit("0.5"), RateLimit { interval: Duration::from_secs(2), burst: 1 });
        assert_eq!(limit("2.5").burst, 3);
        for bad in
            ["", "0", "-1", "+1", "x", "1e3", "NaN", "inf", "1:", "1:0", "1:x", "1:2:3", "9999999", "1:1.5", " 1"]
        {
            assert!(bad.parse::<RateLimit>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_burst_passes_and_then_what_is_earned() {
        let (mut limiter, start) = (RateLimiter::new(limit("2:4")), Instant::now());
        let mut take = |calls, after| limiter.take(Client::Key(0), calls, start + seconds(after));
        assert_eq!(take(3, 0.0).calls, 3);
        assert_eq!(take(3, 0.0), Granted { calls: 1, retry_after_s: 1 });
        assert_eq!(take(1, 0.49), Granted { calls: 0, retry_after_s: 1 });
        assert_eq!(take(1, 0.5).calls, 1);
        assert_eq!(take(9, 1.6).calls, 2);
        // However long it rests, it saves up no more than the burst.
        assert_eq!(take(9, 1000.0).calls, 4);
    }

    #[test]
    fn retry_after_is_when_the_next_call_passes() {
        let (mut limiter, start) = (RateLimiter::new(limit("0.1:2")), Instant::now());
        assert_eq!(limiter.take(Client::Key(0), 5, start), Granted { calls: 2, retry_after_s: 10 });
        assert_eq!(limiter.take(Client::Key(0), 1, start + seconds(2.5)), Granted { calls: 0, retry_after_s: 8 });
        assert_eq!(limiter.take(Client::Key(0), 1, start + seconds(10.0)).calls, 1);
    }

    #[test]
    fn clients_are_told_apart_and_a_network_is_one() {
        let (mut limiter, now) = (RateLimiter::new(limit("1:1")), Instant::now());
        let mut granted = |client| limiter.take(client, 1, now).calls == 1;
        assert!(granted(ip("10.0.0.1")) && granted(ip("10.0.0.2")) && !granted(ip("::ffff:10.0.0.1")));
        assert!(granted(ip("2001:db8::1")) && !granted(ip("2001:db8::2")) && granted(ip("2001:db8:0:1::1")));
        assert!(granted(Client::Key(0)) && granted(Client::Key(1)) && !granted(Client::Key(0)));
    }

    #[test]
    fn many_addresses_neither_fill_the_memory_nor_get_more() {
        let (mut limiter, start) = (RateLimiter::new(limit("0.1:1")), Instant::now());
        let mut passed = 0;
        for n in 0..u32::try_from(MAX_CLIENTS * 2).expect("small") {
            passed += limiter.take(Client::V4(Ipv4Addr::from(n)), 1, start).calls;
        }
        assert_eq!(passed, MAX_CLIENTS + 1, "those beyond share the allowance of one");
        assert_eq!(limiter.full_again.len(), MAX_CLIENTS + 1);
        // Whoever has the whole allowance back is forgotten when the room is needed.
        assert_eq!(limiter.take(ip("203.0.113.1"), 1, start + seconds(11.0)).calls, 1);
        assert_eq!(limiter.full_again.len(), 1);
    }
}
