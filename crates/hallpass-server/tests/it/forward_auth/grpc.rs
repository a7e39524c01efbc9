//! Envoy's questions over gRPC, byte by byte: the real Envoy asks them among the tests of `proxies`.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::HeaderMap;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{BROWSER, Held, guarded};
use crate::service::Service;

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// What was answered: the code of gRPC, and the message.
struct Told {
    code: String,
    message: Vec<u8>,
}

impl Told {
    /// Returns the code of the verdict, 0 for yes, and what stands in the answer for Envoy: which kind it is, and its fields.
    fn verdict(&self) -> (u64, u64, Vec<Field<'_>>) {
        assert_eq!(self.code, "0", "a verdict");
        let all = fields(&self.message);
        let status = all.iter().find(|field| field.number == 1).map(|field| fields(field.bytes));
        let code = status.expect("a status").iter().find(|field| field.number == 1).map_or(0, |field| field.value);
        let http = all.iter().find(|field| matches!(field.number, 2 | 3)).expect("an answer");
        (code, http.number, fields(http.bytes))
    }

    /// Returns the headers of the answer, each with whether it is added to others.
    fn headers(&self) -> Vec<(String, String, bool)> {
        let (_, _, http) = self.verdict();
        let options = http.iter().filter(|field| field.number == 2).map(|field| fields(field.bytes));
        let read = |option: Vec<Field<'_>>| {
            let header =
                option.iter().find(|field| field.number == 1).map(|field| fields(field.bytes)).expect("a header");
            let text = |number| {
                let found = header.iter().find(|field| field.number == number).map_or(&b""[..], |field| field.bytes);
                String::from_utf8(found.to_vec()).expect("UTF-8")
            };
            let appends = option.iter().find(|field| field.number == 2).is_some_and(|field| !field.bytes.is_empty());
            (text(1), text(2), appends)
        };
        options.map(read).collect()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers().into_iter().find(|(other, _, _)| other == name).map(|(_, value, _)| value)
    }

    /// Returns the status that a client is answered with.
    fn status(&self) -> u64 {
        let (_, kind, http) = self.verdict();
        assert_eq!(kind, 2, "it is denied");
        fields(http.iter().find(|field| field.number == 1).expect("a status").bytes)[0].value
    }
}

/// A field of a message, as protocol buffers write it.
struct Field<'a> {
    number: u64,
    value: u64,
    bytes: &'a [u8],
}

fn fields(mut bytes: &[u8]) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = varint(&mut bytes);
        let (number, kind) = (key >> 3, key & 7);
        let content = if kind == 2 {
            let (content, rest) = bytes.split_at(usize::try_from(value).expect("short"));
            bytes = rest;
            content
        } else {
            assert_eq!(kind, 0, "a number or a length");
            &[]
        };
        found.push(Field { number, value, bytes: content });
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a number ends");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

/// Writes a field of bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        bytes.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).expect("seven bits"));
    [bytes, content.to_vec()].concat()
}

/// Writes a question as Envoy does.
fn question(held: Held<'_>, token: Option<&str>) -> Vec<u8> {
    let cookie = token.map(|token| format!("theme=dark; sid={token}"));
    let mut headers = held.headers.to_vec();
    headers.extend(cookie.as_deref().map(|cookie| ("cookie", cookie)));
    headers.push((":path", held.target));
    let mut http = [
        field(1, b"7"),
        field(2, held.method.as_bytes()),
        field(4, held.target.as_bytes()),
        field(5, held.host.as_bytes()),
        field(6, b"https"),
        field(10, b"HTTP/1.1"),
    ]
    .concat();
    for (name, value) in headers {
        http.extend(field(3, &[field(1, name.as_bytes()), field(2, value.as_bytes())].concat()));
    }
    let source = field(1, &field(1, &field(1, &field(2, b"203.0.113.7"))));
    field(1, &[source, field(4, &field(2, &http))].concat())
}

async fn call(service: &Service, path: &str, message: &[u8]) -> Told {
    let address = service.grpc.expect("it listens");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
    let running = tokio::spawn(connection);
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    let body = [&[0][..], &length, message].concat();
    let request = hyper::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let (head, body) = response.into_parts();
    let collected = body.collect().await.expect("a body");
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let bytes = collected.to_bytes();
    running.abort();
    let code = |headers: &HeaderMap| headers.get("grpc-status").map(|code| code.to_str().expect("digits").to_owned());
    let code = code(&trailers).or_else(|| code(&head.headers)).expect("a code");
    Told { code, message: bytes.get(5..).unwrap_or_default().to_vec() }
}

async fn ask(service: &Service, held: Held<'_>, token: Option<&str>) -> Told {
    call(service, CHECK, &question(held, token)).await
}

async fn service() -> Service {
    let mut config = guarded();
    config.forward_auth.grpc_listen = Some("127.0.0.1:0".parse().expect("an address"));
    Service::with(config).await
}

#[tokio::test]
async fn envoy_is_told_over_grpc_what_others_are_told_over_http() {
    let service = service().await;
    let token = service.sign_in("Zoë").await;
    let let_in = ask(&service, Held::page("/cart"), Some(&token)).await;
    let (code, kind, http) = let_in.verdict();
    assert_eq!((code, kind), (0, 3));
    assert_eq!(let_in.header("remote-user").as_deref(), Some("Zoë"));
    for name in super::IDENTITY {
        let found = let_in.headers().into_iter().find(|(other, _, _)| other == name);
        assert!(found.is_some_and(|(_, _, appends)| !appends), "{name} replaces the client's own");
    }
    let removed: Vec<_> = http.iter().filter(|field| field.number == 5).map(|field| field.bytes.to_vec()).collect();
    assert!(removed.contains(&b"remote_user".to_vec()) && !removed.contains(&b"remote-user".to_vec()));

    let page = ask(&service, Held::page("/cart"), None).await;
    assert_eq!((page.verdict().0, page.status()), (16, 302));
    assert_eq!(page.header("location").as_deref(), Some("/sign-in?return_to=%2Fcart"));
    let form = ask(&service, Held { method: "POST", ..Held::page("/cart") }, None).await;
    assert_eq!((form.verdict().0, form.status()), (16, 303));
    let call = ask(&service, Held::call("/cart"), None).await;
    assert_eq!((call.verdict().0, call.status()), (16, 401));
    assert_eq!(call.header("hallpass-reason").as_deref(), Some("inactive"));
    let (_, _, http) = call.verdict();
    let body = http.iter().find(|field| field.number == 3).expect("a body").bytes;
    let problem: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!(problem["code"], "inactive");
    for target in ["/admin/x", "//ADMIN/x", "/public/../admin/x", "/internal/x"] {
        let refused = ask(&service, Held::call(target), Some(&token)).await;
        assert_eq!((refused.verdict().0, refused.status()), (7, 403), "{target}");
    }
    let odd = ask(&service, Held { host: "a,b", ..Held::call("/") }, Some(&token)).await;
    assert_eq!((odd.verdict().0, odd.status()), (3, 400));
}

#[tokio::test]
async fn an_outage_is_no_verdict() {
    let service = service().await;
    let token = service.sign_in("alice").await;
    service.store.outage(true);
    assert_eq!(ask(&service, Held::page("/"), Some(&token)).await.code, "14");
    assert_eq!(ask(&service, Held::call("/public/x"), Some(&token)).await.verdict().0, 0);
    service.store.outage(false);
    assert_eq!(ask(&service, Held::page("/"), Some(&token)).await.verdict().0, 0);
}

#[tokio::test]
async fn only_proxies_that_are_listed_may_ask() {
    let mut config = guarded();
    config.forward_auth.grpc_listen = Some("127.0.0.1:0".parse().expect("an address"));
    config.forward_auth.trusted_proxies.0 = vec!["192.0.2.1".to_owned()];
    let service = Service::with(config).await;
    let told = ask(&service, Held { headers: &BROWSER, ..Held::page("/public/x") }, None).await;
    assert_eq!((told.verdict().0, told.status()), (3, 400));
}

#[tokio::test]
async fn what_is_no_question_is_no_verdict() {
    let service = service().await;
    for message in
        [&b""[..], b"\x0a", b"\x0a\x00", b"\xff\xff\xff", &field(1, &field(4, b"")), &field(1, &field(4, &[0x12]))]
    {
        let told = call(&service, CHECK, message).await;
        assert!(matches!(told.code.as_str(), "3" | "13"), "{message:?}: {}", told.code);
    }
    assert_eq!(call(&service, "/envoy.service.auth.v3.Authorization/Other", b"").await.code, "12");
    let large = vec![0; (1 << 20) + 1];
    assert_eq!(call(&service, CHECK, &large).await.code, "11");
}
