//! Names of requests, by which the log lines of several programs are put together.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::http::{HeaderMap, HeaderValue};

pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Maximum length of a name from a client.
const LONGEST: usize = 64;

/// The name of a request: 1 to 64 letters and digits of ASCII, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// Returns the name from the header, or a new one if the header is missing or has other characters, such as those
    /// that end a line or move the cursor of a terminal.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let is_name = |name: &&str| {
            (1..=LONGEST).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match given.filter(is_name) {
            Some(name) => RequestId(name.to_owned()),
            None => Self::new(),
        }
    }

    /// Returns a name that no other request has: a random number of this process and a counter. It is not a secret.
    fn new() -> Self {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // The standard library seeds its hash maps randomly.
        let process = PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
        RequestId(format!("{process:016x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Returns the header of the response.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("letters, digits and `-_.` of ASCII are allowed in a header")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(value: &[u8]) -> String {
        let value = HeaderValue::from_bytes(value).expect("a header value");
        RequestId::of(&HeaderMap::from_iter([(REQUEST_ID.parse().expect("a name"), value)])).to_string()
    }

    #[test]
    fn a_safe_name_is_kept_and_any_other_is_replaced() {
        let longest = "a".repeat(LONGEST);
        for safe in ["7", "a-B_c.9", longest.as_str()] {
            assert_eq!(id_of(safe.as_bytes()), safe);
        }
        let too_long = "a".repeat(LONGEST + 1);
        for other in
            [b"".as_slice(), b"a b", b"a\tb", b"\"}", b"a;b", "\u{9b}2J".as_bytes(), b"\xff", too_long.as_bytes()]
        {
            let id = id_of(other);
            assert_eq!(id, id_of(id.as_bytes()), "a new name is a safe name");
            assert_ne!(id.as_bytes(), other);
            assert_ne!(id, id_of(other), "and unique");
        }
    }
}
