//! oauth2-proxy, with its sessions in Redis.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use rig::Redis;

use crate::arm::Service;
use crate::{load, provider};

/// Starts it, without logs.
pub fn start(program: &Path, redis: &Redis) -> Service {
    let provider = provider::start();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rig::free_port()));
    let mut command = Command::new(program);
    command.args([
        // The one that asks for nothing but a token and an address for mail.
        "--provider=digitalocean",
        "--client-id=bench",
        "--client-secret=bench",
        "--cookie-secret=0123456789abcdef0123456789abcdef",
        "--cookie-secure=false",
        "--email-domain=*",
        "--upstream=static://202",
        "--reverse-proxy=true",
        "--session-store-type=redis",
        "--request-logging=false",
        "--auth-logging=false",
    ]);
    command.arg(format!("--http-address={address}"));
    command.arg(format!("--redirect-url=http://{address}/oauth2/callback"));
    command.arg(format!("--redis-connection-url={}", redis.url()));
    command.arg(format!("--login-url=http://{provider}/authorize"));
    command.arg(format!("--redeem-url=http://{provider}/token"));
    command.arg(format!("--profile-url=http://{provider}/account"));
    command.arg(format!("--validate-url=http://{provider}/account"));
    Service::start_command(command, |_| std::net::TcpStream::connect(address).is_ok().then_some((address, None)))
}

/// Signs in, and returns the cookie.
pub fn sign_in(service: &Service) -> String {
    let begun = get(service, "/oauth2/start?rd=%2F", "");
    let state = header(&begun, "location").find_map(|location| {
        let (_, rest) = location.split_once("state=")?;
        rest.split('&').next().map(str::to_owned)
    });
    let state = state.unwrap_or_else(|| panic!("no state: {begun}"));
    let callback = format!("/oauth2/callback?code=c&state={state}");
    let signed_in = get(service, &callback, &pairs(&begun));
    let cookie = pairs(&signed_in);
    assert!(cookie.contains("_oauth2_proxy="), "{signed_in}");
    cookie
}

fn get(service: &Service, path: &str, cookie: &str) -> String {
    let host = service.address;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
    load::ask(service.address, request.as_bytes())
}

/// Returns the cookies that an answer sets, without those that it takes away.
fn pairs(answer: &str) -> String {
    let pair = |cookie: &str| cookie.split(';').next().unwrap_or_default().to_owned();
    let is_set = |pair: &String| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty());
    let set: Vec<_> = header(answer, "set-cookie").map(|cookie| pair(&cookie)).filter(is_set).collect();
    set.join("; ")
}

fn header(answer: &str, name: &str) -> impl Iterator<Item = String> {
    let named = move |line: &str| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    answer.lines().take_while(|line| !line.is_empty()).filter_map(named).collect::<Vec<_>>().into_iter()
}
