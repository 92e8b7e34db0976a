//! Who gets an answer: requests with the token, to an expected host, from this page or from a program.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{refusal::Refusal, token::Token};

/// The header with which a program may send the token.
const TOKEN_HEADER: &str = "x-narrows-token";

/// What every request is checked against.
#[derive(Debug)]
pub(crate) struct Guard {
    token: Token,
    address: SocketAddr,
    /// Content-Security-Policy of all answers.
    policy: HeaderValue,
}

/// How a request proved that it knows the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Query,
    CookieOrHeader,
}

impl Guard {
    pub(crate) fn new(token: Token, address: SocketAddr, policy: HeaderValue) -> Self {
        Guard { token, address, policy }
    }

    /// Returns whether a host names this explorer. Names other than `localhost` are refused: a page from elsewhere
    /// could have its own name resolved to this computer (DNS rebinding), and would then be of the same origin. An IP
    /// address cannot be changed in that way.
    fn knows_host(&self, host: &str) -> bool {
        let is_any = self.address.ip().is_unspecified();
        let port = self.address.port();
        let name = match host.rsplit_once(':') {
            Some((name, found)) if found.parse() == Ok(port) => name,
            // Browsers leave out the port 80.
            _ if port == 80 => host,
            Some(_) | None => return false,
        };
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match name.parse::<std::net::IpAddr>() {
            Ok(ip) => is_any || ip == self.address.ip(),
            Err(_) => name.eq_ignore_ascii_case("localhost") && (is_any || self.address.ip().is_loopback()),
        }
    }

    fn expected_host(&self) -> String {
        match (self.address.ip().is_unspecified(), self.address.port()) {
            (false, _) => format!("`{}`", self.address),
            (true, port) => format!("an IP address of this computer or `localhost`, with the port {port}"),
        }
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let hosts = headers.get_all(header::HOST).iter().count();
        if hosts > 1 {
            return Err(Refusal::bad_request(format!("the request has {hosts} headers `host`, expected one")));
        }
        let host = text(headers, &header::HOST);
        // The target of a request may name a host too, as for a proxy.
        if let Some(target) = uri.authority().filter(|target| !target.as_str().eq_ignore_ascii_case(host)) {
            let [target, host] = [target.as_str(), host].map(|name| name.chars().take(100).collect::<String>());
            let message = format!("the request is for the host `{target}`, but its header `host` is `{host}`");
            return Err(Refusal::bad_request(message));
        }
        if self.knows_host(host) {
            return Ok(());
        }
        let host: String = host.chars().take(100).collect();
        let message =
            format!("the host is `{host}`, expected {}; open the address that was printed", self.expected_host());
        Err(Refusal::new(StatusCode::FORBIDDEN, message))
    }

    /// Refuses requests that a browser sends for a page from elsewhere. Programs send no origin.
    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        match origin.strip_prefix("http://") {
            Some(host) if self.knows_host(host) => Ok(()),
            Some(_) | None => {
                let message =
                    format!("the origin is not `http://{}`; only the explorer's own page may ask", self.address);
                Err(Refusal::new(StatusCode::FORBIDDEN, message))
            }
        }
    }

    fn check_token(&self, uri: &Uri, headers: &HeaderMap) -> Result<Proof, Refusal> {
        let pairs = uri.query().unwrap_or_default().split('&');
        if let Some(token) = pairs.filter_map(|pair| pair.strip_prefix("token=")).next() {
            return if self.token.is(token) { Ok(Proof::Query) } else { Err(unauthorized("is wrong")) };
        }
        if headers.contains_key(TOKEN_HEADER) {
            let is_right =
                headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).is_some_and(|text| self.token.is(text));
            return if is_right { Ok(Proof::CookieOrHeader) } else { Err(unauthorized("is wrong")) };
        }
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        // Another server of this computer can set a cookie of the same name for another path.
        let tokens: Vec<&str> = pairs.filter(|(key, _)| *key == name).map(|(_, token)| token).collect();
        match &tokens[..] {
            [] => Err(unauthorized("is missing")),
            tokens if tokens.iter().any(|token| self.token.is(token)) => Ok(Proof::CookieOrHeader),
            _ => Err(unauthorized("is wrong")),
        }
    }

    /// Cookies do not distinguish ports, so the name contains the port.
    fn cookie_name(&self) -> String {
        format!("narrows-{}", self.address.port())
    }

    fn cookie(&self) -> Option<HeaderValue> {
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name(), self.token.text());
        HeaderValue::from_str(&cookie).ok()
    }

    fn secure(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Checks a request before any route sees it, and adds the headers that protect the answer.
pub(crate) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let checked = guard
        .check_host(request.uri(), request.headers())
        .and_then(|()| guard.check_origin(request.headers()))
        .and_then(|()| guard.check_token(request.uri(), request.headers()));
    let mut response = match checked {
        Err(refusal) => refusal.into_response(),
        Ok(proof) => {
            let mut response = next.run(request).await;
            if let (Proof::Query, Some(cookie)) = (proof, guard.cookie()) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
    };
    guard.secure(&mut response);
    response
}

fn unauthorized(what: &str) -> Refusal {
    let message = format!("the token {what}; open the address that `narrows explore` printed");
    Refusal::new(StatusCode::UNAUTHORIZED, message)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str) -> Guard {
        let token = Token::random().expect("random numbers");
        Guard::new(token, address.parse().expect("an address"), HeaderValue::from_static("x"))
    }

    #[test]
    fn only_the_bound_address_and_localhost_are_known_hosts() {
        let local = guard("127.0.0.1:4000");
        for host in ["127.0.0.1:4000", "localhost:4000", "LOCALHOST:4000"] {
            assert!(local.knows_host(host), "{host}");
        }
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:4001",
            "127.0.0.2:4000",
            "evil.example:4000",
            "localhost.evil:4000",
            "[::1]:4000",
        ] {
            assert!(!local.knows_host(host), "{host}");
        }
        assert!(guard("[::1]:4000").knows_host("[::1]:4000"));
        assert!(guard("0.0.0.0:4000").knows_host("192.168.1.5:4000"));
        assert!(!guard("0.0.0.0:4000").knows_host("evil.example:4000"));
        assert!(!guard("192.168.1.5:4000").knows_host("localhost:4000"));
        assert!(guard("127.0.0.1:80").knows_host("localhost"));
    }
}
