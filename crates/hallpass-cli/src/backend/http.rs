use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::output::visible;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running service, reached over HTTP.
pub(super) struct Connection {
    client: Client,
    base: Url,
    /// The base as people write it.
    name: String,
}

impl Connection {
    /// Returns the service at this address, which will be shown this API key.
    pub(super) fn new(url: &str, key: &str) -> Result<Self, Failure> {
        let base = base(url)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.trim()))
            .map_err(|_| Failure::new("HALLPASS_KEY holds characters that an API key cannot have"))?;
        bearer.set_sensitive(true);
        let client = Client::builder()
            .user_agent(concat!("hallpass/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
            // The key is for this address and no other.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| Failure::new("an HTTP client cannot be made").because(error))?;
        let name = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, name })
    }

    /// Tells whether what is said to it, with the key, can be read on the way.
    pub(super) fn is_exposed(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        self.base.scheme() == "http" && !is_local
    }

    pub(super) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        // A base that cannot have a path was refused at the start.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        self.client.request(method, url)
    }

    /// Sends a request and returns the answer, or nothing for a 404.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Option<Response>, Failure> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        match response.status() {
            status if status.is_success() => Ok(Some(response)),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.problem(status, response).await),
        }
    }

    /// Sends a request and reads the answer, or nothing for a 404.
    pub(super) async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, Failure> {
        match self.send(request.timeout(PATIENCE)).await? {
            Some(response) => response.json().await.map(Some).map_err(|error| self.unreadable(error)),
            None => Ok(None),
        }
    }

    /// As [`ask`](Self::ask), where a 404 means that the service cannot do this.
    pub(super) async fn must<T: DeserializeOwned>(&self, request: RequestBuilder, what: &str) -> Result<T, Failure> {
        self.ask(request).await?.ok_or_else(|| self.unable(what))
    }

    /// Sends a request whose answer goes on and on, and waits only for its beginning.
    pub(super) async fn open(&self, request: RequestBuilder, what: &str) -> Result<Response, Failure> {
        let late = |_| Failure::passing(format!("the service at {} does not answer in time", self.name));
        let begun = tokio::time::timeout(PATIENCE, self.send(request)).await.map_err(late)??;
        begun.ok_or_else(|| self.unable(what))
    }

    fn unable(&self, what: &str) -> Failure {
        Failure::new(format!("the service at {} cannot {what}", self.name))
            .hint("is it an older one? `--store` works on the store itself")
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let base = &self.name;
        if error.is_timeout() {
            return Failure::passing(format!("the service at {base} does not answer in time")).because(error);
        }
        Failure::passing(format!("the service at {base} cannot be reached"))
            .hint("is it running? `hallpass serve` starts one, and `--store` works without one")
            .because(error.without_url())
    }

    fn unreadable(&self, error: reqwest::Error) -> Failure {
        if error.is_decode() {
            Failure::new(format!("what answers at {} is no hallpass service, or another version of it", self.name))
                .hint("check --url or HALLPASS_URL")
                .because(error.without_url())
        } else {
            self.unreachable(error)
        }
    }

    async fn problem(&self, status: StatusCode, response: Response) -> Failure {
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let problem: Problem = response.json().await.unwrap_or_default();
        let base = &self.name;
        let said = problem.to_string();
        match status {
            StatusCode::UNAUTHORIZED => Failure::new(format!("the service at {base} does not know this API key"))
                .hint("HALLPASS_KEY holds a key that `hallpass keys create` printed"),
            StatusCode::FORBIDDEN => Failure::refused(format!("this API key may not do that{said}"))
                .hint("`hallpass keys create --help` lists what each role may do"),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let when = retry_after.map_or_else(|| "later".to_owned(), |seconds| format!("in {seconds} seconds"));
                Failure::passing(format!("the service at {base} cannot do it now{said}"))
                    .hint(format!("try again {when}"))
            }
            StatusCode::CONFLICT => {
                let detail = visible(&problem.detail);
                let (message, hint) = detail.split_once(": ").unwrap_or((&detail, "--verbose says more"));
                Failure::refused(message).hint(hint)
            }
            StatusCode::NOT_IMPLEMENTED => Failure::new(format!("the service's store cannot do that{said}")),
            status if status.is_redirection() => {
                Failure::new(format!("{base} is not the address of a service: it points elsewhere"))
                    .hint("give the address that it points to with --url")
            }
            status if status.is_server_error() => {
                Failure::passing(format!("the service at {base} failed ({status}){said}"))
            }
            status => Failure::new(format!("the service at {base} refused the request ({status}){said}")),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("base", &self.name).finish_non_exhaustive()
    }
}

fn base(url: &str) -> Result<Url, Failure> {
    let wrong =
        || Failure::new(format!("{url} is not the address of a service")).hint("it is like http://127.0.0.1:7070");
    let parsed = Url::parse(url).map_err(|_| wrong())?;
    let is_plain = parsed.username().is_empty() && parsed.password().is_none() && parsed.query().is_none();
    let is_good = matches!(parsed.scheme(), "http" | "https") && parsed.has_host() && is_plain;
    if is_good { Ok(parsed) } else { Err(wrong()) }
}

/// An error as the service writes it (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    code: String,
    request_id: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [&self.detail, &self.title, &self.code].into_iter().find(|text| !text.is_empty());
        if let Some(said) = said {
            write!(f, ": {}", visible(said))?;
        }
        if !self.request_id.is_empty() {
            write!(f, " (request {})", visible(&self.request_id))?;
        }
        Ok(())
    }
}
