use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};

use super::host::Host;
use crate::wire::Problem;

/// The request that a proxy holds back until it is told whether to let it in.
#[derive(Debug)]
pub(crate) struct Original {
    pub(crate) method: Method,
    pub(crate) host: Host,
    pub(crate) is_secure: bool,
    /// Its path and query, as they were sent.
    pub(crate) target: String,
    pub(crate) manner: Manner,
}

/// How a proxy has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// nginx takes 2xx, 401 and 403 for answers and everything else for a failure: a redirect is a header of those.
    Nginx,
    /// Traefik, Caddy and HAProxy hand on whatever they are answered.
    Verbatim,
    /// Envoy takes 200 for yes and hands on all else; it can be told which headers to take away.
    Envoy,
}

impl Manner {
    /// Returns the status that says "slow down".
    pub(super) fn too_many(self) -> StatusCode {
        match self {
            Self::Nginx => StatusCode::FORBIDDEN,
            Self::Verbatim | Self::Envoy => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

/// Where the questions of all proxies but Envoy's are asked; before the path of the original request, where Envoy's are.
pub(crate) const PATH: &str = "/forward-auth";

const ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");

impl Original {
    /// Reads what a believed proxy says of the request.
    pub(crate) fn of(request: &Request) -> Result<Self, Problem> {
        let (uri, headers) = (request.uri(), request.headers());
        let below = below(uri);
        if let Some(target) = below {
            return Self::of_envoy(request.method(), target, headers);
        }
        // Proxies pass on what a client sends; so who sends the headers of another kind of proxy is not read by chance.
        let is_nginx = headers.contains_key(ORIGINAL_URL) || headers.contains_key(ORIGINAL_METHOD);
        let is_other = headers.contains_key(FORWARDED_URI) || headers.contains_key(FORWARDED_METHOD);
        match (is_nginx, is_other) {
            (true, false) => Self::of_nginx(headers),
            (false, true) => Self::of_forwarded(headers),
            (true, true) => Err(ambiguous()),
            (false, false) => Err(missing()),
        }
    }

    fn of_nginx(headers: &HeaderMap) -> Result<Self, Problem> {
        let url = one(headers, &ORIGINAL_URL)?;
        let (scheme, rest) = url.split_once("://").ok_or_else(ambiguous)?;
        let slash = rest.find('/').ok_or_else(ambiguous)?;
        let (authority, target) = rest.split_at(slash);
        Self::new(one(headers, &ORIGINAL_METHOD)?, scheme, authority, target, Manner::Nginx)
    }

    fn of_forwarded(headers: &HeaderMap) -> Result<Self, Problem> {
        let [method, scheme, authority, target] =
            [FORWARDED_METHOD, FORWARDED_PROTO, FORWARDED_HOST, FORWARDED_URI].map(|name| one(headers, &name));
        Self::new(method?, scheme?, authority?, target?, Manner::Verbatim)
    }

    fn of_envoy(method: &Method, target: &str, headers: &HeaderMap) -> Result<Self, Problem> {
        let scheme = if headers.contains_key(FORWARDED_PROTO) { one(headers, &FORWARDED_PROTO)? } else { "https" };
        Self::new(method.as_str(), scheme, one(headers, &header::HOST)?, target, Manner::Envoy)
    }

    /// Takes the parts of a request, each as its proxy wrote it.
    pub(crate) fn new(
        method: &str,
        scheme: &str,
        authority: &str,
        target: &str,
        manner: Manner,
    ) -> Result<Self, Problem> {
        let is_secure = match scheme {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(ambiguous()),
        };
        // `*`, an authority, a whole URL: nothing that a rule about paths, or the way back, could be right about.
        if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ambiguous());
        }
        Ok(Self {
            method: method.parse().map_err(|_| ambiguous())?,
            host: Host::parse(authority).ok_or_else(ambiguous)?,
            is_secure,
            target: target.to_owned(),
            manner,
        })
    }

    /// Returns the whole address that was asked for.
    pub(crate) fn address(&self) -> String {
        format!("{}{}", self.host.origin(self.is_secure), self.target)
    }
}

/// Returns the target that stands behind our own path, if one does.
fn below(uri: &Uri) -> Option<&str> {
    let target = uri.path_and_query()?.as_str();
    target.strip_prefix(PATH).filter(|rest| rest.starts_with('/'))
}

/// Returns the value of a header that has to be there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| ambiguous()),
        (None, _) => Err(missing()),
        (Some(_), Some(_)) => Err(ambiguous()),
    }
}

fn missing() -> Problem {
    let detail = "The headers are missing that say which request this is about; see docs/proxies.md.";
    Problem::new(StatusCode::BAD_REQUEST, "missing_forwarded_headers", detail)
}

fn ambiguous() -> Problem {
    let detail = "The headers that say which request this is about contradict each other or cannot be read.";
    Problem::new(StatusCode::BAD_REQUEST, "ambiguous_forwarded_headers", detail)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn read(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<Original, &'static str> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Original::of(&request.body(Body::empty()).expect("a request")).map_err(|problem| problem.code())
    }

    #[test]
    fn each_proxy_says_in_its_own_way_what_was_asked_for() {
        let nginx = [("x-original-url", "http://App.Example:8080/a?b=http://c"), ("x-original-method", "PUT")];
        let read_nginx = read("GET", PATH, &nginx).expect("nginx");
        assert_eq!(read_nginx.address(), "http://app.example:8080/a?b=http://c");
        assert_eq!((read_nginx.method.as_str(), read_nginx.manner), ("PUT", Manner::Nginx));

        let forwarded = [
            ("x-forwarded-method", "POST"),
            ("x-forwarded-proto", "wss"),
            ("x-forwarded-host", "app.example"),
            ("x-forwarded-uri", "/a?b"),
        ];
        let other = read("GET", PATH, &forwarded).expect("Traefik, Caddy or HAProxy");
        assert_eq!((other.address().as_str(), other.manner), ("https://app.example/a?b", Manner::Verbatim));

        let envoy = read("DELETE", "/forward-auth/a/b?c", &[("host", "app.example:443")]).expect("Envoy");
        assert_eq!((envoy.address().as_str(), envoy.manner), ("https://app.example/a/b?c", Manner::Envoy));
        assert_eq!(envoy.method, Method::DELETE);
        assert_eq!(read("GET", "/forward-auth//x", &[("host", "a")]).expect("Envoy").target, "//x");
    }

    #[test]
    fn nothing_is_guessed() {
        let forwarded = [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "app.example"),
            ("x-forwarded-uri", "/a"),
        ];
        assert_eq!(read("GET", PATH, &[]).err(), Some("missing_forwarded_headers"));
        for left_out in 0..forwarded.len() {
            let mut headers = forwarded.to_vec();
            headers.remove(left_out);
            assert_eq!(read("GET", PATH, &headers).err(), Some("missing_forwarded_headers"), "{headers:?}");
        }
        for extra in [
            ("x-original-url", "https://app.example/public"),
            ("x-original-method", "GET"),
            ("x-forwarded-host", "other.example"),
            ("x-forwarded-uri", "/a"),
        ] {
            let mut headers = forwarded.to_vec();
            headers.push(extra);
            assert_eq!(read("GET", PATH, &headers).err(), Some("ambiguous_forwarded_headers"), "{extra:?}");
        }
        for (name, value) in [
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-proto", ""),
            ("x-forwarded-host", "a.example, b.example"),
            ("x-forwarded-method", "G T"),
        ] {
            let headers = forwarded.map(|(other, old)| (other, if other == name { value } else { old }));
            assert_eq!(read("GET", PATH, &headers).err(), Some("ambiguous_forwarded_headers"), "{name}: {value}");
        }
        for url in ["/a", "https://app.example", "ftp://app.example/", "https://a@app.example/"] {
            let headers = [("x-original-url", url), ("x-original-method", "GET")];
            assert_eq!(read("GET", PATH, &headers).err(), Some("ambiguous_forwarded_headers"), "{url}");
        }
    }
}
