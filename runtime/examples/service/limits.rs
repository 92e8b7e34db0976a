//! Limits of the service: what one client, and all clients together, may use.

use std::time::Duration;

use tokio::sync::Semaphore;

/// All limits. `name=value` on the command line changes one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Maximum number of open connections. Further ones are refused with the status 503.
    pub(crate) connections: usize,
    /// Maximum number of open connections of one client address. Behind a proxy, all have the address of the proxy.
    pub(crate) connections_per_client: usize,
    /// Maximum time between two requests of a connection. Longer than that of the proxy, which otherwise sends a
    /// request while the connection is closed.
    pub(crate) idle: Duration,
    /// Maximum time for the head of a request to arrive, from its first byte.
    pub(crate) head: Duration,
    /// Maximum size of the head of a request, in bytes.
    pub(crate) head_bytes: usize,
    /// Maximum time for a body to arrive.
    pub(crate) arrival: Duration,
    /// Maximum time from the end of the body to the response.
    pub(crate) time: Duration,
    /// Maximum time for a client to take a response.
    pub(crate) response: Duration,
    /// Time after which a connection is closed with the next response.
    pub(crate) age: Duration,
    /// Maximum size of a body, in bytes.
    pub(crate) body: usize,
    /// Maximum number of rows per request.
    pub(crate) rows: usize,
    /// Maximum size of all bodies and responses in memory, in bytes. Bytes count from their arrival until they are
    /// sent. A request that would exceed it is refused with the status 503.
    pub(crate) memory: usize,
    /// Maximum number of requests that are computed at the same time; the others wait.
    pub(crate) concurrent: usize,
    /// Maximum number of small requests whose rows are encoded in one run of the model; 1 turns merging off.
    pub(crate) merge: usize,
    /// Time after a stop signal in which new connections are accepted, so that a proxy notices that `/health` reports
    /// the stop before connections are refused.
    pub(crate) drain: Duration,
    /// Maximum time for running requests after that. Container engines kill the process ten seconds after the signal.
    pub(crate) stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4096,
            connections_per_client: 4096,
            idle: Duration::from_secs(75),
            head: Duration::from_secs(10),
            head_bytes: 16 << 10,
            arrival: Duration::from_secs(20),
            time: Duration::from_secs(10),
            response: Duration::from_secs(20),
            age: Duration::from_secs(600),
            body: 16 << 20,
            rows: 4096,
            memory: 256 << 20,
            concurrent: std::thread::available_parallelism().map_or(2, |cores| 2 * cores.get()),
            merge: 32,
            drain: Duration::from_secs(2),
            stop: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// Changes a limit, given as `name=value`: a time in seconds, otherwise a whole number.
    pub(crate) fn set(&mut self, assignment: &str) -> Result<(), String> {
        let (name, value) = assignment
            .split_once('=')
            .ok_or_else(|| format!("a limit is given as name=value, such as connections=100, got `{assignment}`"))?;
        match name {
            "connections" => number(name, value, &mut self.connections),
            "connections_per_client" => number(name, value, &mut self.connections_per_client),
            "idle" => seconds(name, value, &mut self.idle),
            "head" => seconds(name, value, &mut self.head),
            "head_bytes" => number(name, value, &mut self.head_bytes),
            "arrival" => seconds(name, value, &mut self.arrival),
            "time" => seconds(name, value, &mut self.time),
            "response" => seconds(name, value, &mut self.response),
            "age" => seconds(name, value, &mut self.age),
            "body" => number(name, value, &mut self.body),
            "rows" => number(name, value, &mut self.rows),
            "memory" => number(name, value, &mut self.memory),
            "concurrent" => number(name, value, &mut self.concurrent),
            "merge" => number(name, value, &mut self.merge),
            "drain" => seconds(name, value, &mut self.drain),
            "stop" => seconds(name, value, &mut self.stop),
            other => Err(format!("there is no limit `{other}` (the fields of `Limits` are listed in limits.rs)")),
        }
    }
}

/// The largest number.
const LARGEST: usize = Semaphore::MAX_PERMITS;

fn number(name: &str, value: &str, limit: &mut usize) -> Result<(), String> {
    let parsed = value.parse().ok().filter(|number| (1..=LARGEST).contains(number));
    *limit = parsed.ok_or_else(|| format!("`{name}` must be a whole number from 1 to {LARGEST}, got `{value}`"))?;
    Ok(())
}

fn seconds(name: &str, value: &str, limit: &mut Duration) -> Result<(), String> {
    let parsed = value.parse().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
    let seconds = parsed.ok_or_else(|| format!("`{name}` must be a time from 0 to 86400 seconds, got `{value}`"))?;
    *limit = Duration::from_secs_f64(seconds);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_changed_by_its_name_and_a_wrong_value_is_named() {
        let mut limits = Limits::default();
        for assignment in ["connections=9", "idle=0.5", "memory=1000", "concurrent=3", "drain=0"] {
            limits.set(assignment).expect("a limit");
        }
        assert_eq!((limits.connections, limits.memory, limits.concurrent), (9, 1000, 3));
        assert_eq!((limits.idle, limits.drain), (Duration::from_millis(500), Duration::ZERO));
        for (assignment, error) in [
            ("connections", "a limit is given as name=value, such as connections=100, got `connections`"),
            ("connection=1", "there is no limit `connection` (the fields of `Limits` are listed in limits.rs)"),
            ("head=-1", "`head` must be a time from 0 to 86400 seconds, got `-1`"),
            ("head=NaN", "`head` must be a time from 0 to 86400 seconds, got `NaN`"),
        ] {
            assert_eq!(limits.set(assignment), Err(error.to_owned()));
        }
        assert!(limits.set("body=0").is_err_and(|error| error.starts_with("`body` must be a whole number from 1 to ")));
    }
}
