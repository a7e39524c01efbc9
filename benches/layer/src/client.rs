use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Request, header};

use crate::operation::Operation;

/// What `read` answers, and `login` writes: 12 bytes.
pub const USER_ID: &str = "user-0000001";

const OTHERS: &str = "theme=dark; _ga=GA1.2.1234567890.1234567890; csrftoken=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4; ";
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// A browser with one tab.
#[derive(Debug, Clone)]
pub struct Client {
    operation: Operation,
    /// What the service has set.
    held: String,
    /// What goes with a request.
    cookies: Bytes,
}

impl Client {
    /// What goes with every request, besides cookies.
    pub const HEADERS: [(&str, &str); 3] = [("host", "shop.example"), ("user-agent", AGENT), ("accept", "text/html")];

    /// Returns a client whose cookie opens nothing, for routes that look at none.
    pub fn new(operation: Operation) -> Self {
        let mut client = Self { operation, held: String::new(), cookies: Bytes::new() };
        client.hold(format!("__Host-sid={}", "x".repeat(64)));
        client
    }

    /// Returns the same client for another operation.
    pub fn to(mut self, operation: Operation) -> Self {
        self.operation = operation;
        let held = std::mem::take(&mut self.held);
        self.hold(held);
        self
    }

    pub fn path(&self) -> &'static str {
        self.operation.path()
    }

    /// Returns the value of the `Cookie` header, if there is one.
    pub fn cookies(&self) -> Option<Bytes> {
        (self.operation != Operation::Anon).then(|| self.cookies.clone())
    }

    /// Makes the next request; header values are shared, as a server's share the buffer that they were read into.
    pub fn request(&self) -> Request<Body> {
        let mut request = Request::builder().uri(self.path());
        for (name, value) in Self::HEADERS {
            request = request.header(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(cookies) = self.cookies() {
            request = request.header(header::COOKIE, HeaderValue::from_maybe_shared(cookies).expect("text"));
        }
        request.body(Body::empty()).expect("a valid request")
    }

    /// Takes the cookies that a response sets, if it sets any.
    pub fn follow<'a>(&mut self, set_cookies: impl Iterator<Item = &'a str>) {
        let pairs = set_cookies.map(|cookie| cookie.split(';').next().unwrap_or_default());
        let held = pairs.collect::<Vec<_>>().join("; ");
        if !held.is_empty() {
            self.hold(held);
        }
    }

    fn hold(&mut self, held: String) {
        let others = if self.operation == Operation::Read3 { OTHERS } else { "" };
        // Cloned once already, so that no request pays for the first clone.
        self.cookies = Bytes::from([others, &held].concat());
        drop(self.cookies.clone());
        self.held = held;
    }
}
