use super::*;
use crate::demand::Demand;
use crate::error::Refusal;

fn pages() -> Pages {
    Pages::sign_in_at("/sign-in").and_then(|pages| pages.step_up_at("/confirm?why=1")).expect("paths")
}

fn page() -> HeaderMap {
    headers(&[("sec-fetch-mode", "navigate"), ("accept", "text/html,application/xhtml+xml,*/*;q=0.8")])
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("visible"))).collect()
}

fn sent(error: &Error, method: &Method, address: &'static str, headers: &HeaderMap) -> Option<String> {
    pages().redirect(error, method, &Uri::from_static(address), headers)
}

#[test]
fn who_looks_at_a_page_is_sent_to_sign_in_and_comes_back() {
    let inactive = Error::inactive(Refusal::Missing);
    let to = sent(&inactive, &Method::GET, "/cart?a=b&c=%26", &page());
    assert_eq!(to.as_deref(), Some("/sign-in?return_to=%2Fcart%3Fa%3Db%26c%3D%2526"));
    let query = to.as_deref().and_then(|to| to.split_once('?')).map(|(_, query)| query);
    assert_eq!(pages().return_to(query).as_str(), "/cart?a=b&c=%26");
}

#[test]
fn who_has_signed_in_already_is_sent_to_prove_it_once_more() {
    for error in [Error::locked(), Error::step_up(Demand::signed_in())] {
        let to = sent(&error, &Method::GET, "/pay", &page());
        assert_eq!(to.as_deref(), Some("/confirm?why=1&return_to=%2Fpay"));
    }
    let one_page = Pages::sign_in_at("/sign-in").expect("a path");
    let to = one_page.redirect(&Error::locked(), &Method::GET, &Uri::from_static("/pay"), &page());
    assert_eq!(to.as_deref(), Some("/sign-in?return_to=%2Fpay"));
}

#[test]
fn nobody_comes_back_to_where_a_form_was_sent_to_or_to_the_sign_in_itself() {
    let inactive = Error::inactive(Refusal::Missing);
    assert_eq!(sent(&inactive, &Method::POST, "/pay", &page()).as_deref(), Some("/sign-in"));
    assert_eq!(sent(&inactive, &Method::GET, "/sign-in?x", &page()).as_deref(), Some("/sign-in"));
    assert_eq!(sent(&inactive, &Method::GET, "//evil.example/", &page()).as_deref(), Some("/sign-in"));
}

#[test]
fn programs_are_told_and_not_sent_anywhere() {
    let inactive = Error::inactive(Refusal::Missing);
    for asked in [
        headers(&[]),
        headers(&[("accept", "application/json")]),
        headers(&[("accept", "*/*")]),
        headers(&[("accept", "text/htmlx")]),
        headers(&[("accept", "text/html"), ("sec-fetch-mode", "cors")]),
        headers(&[("accept", "application/json"), ("sec-fetch-mode", "navigate")]),
    ] {
        assert_eq!(sent(&inactive, &Method::GET, "/a", &asked), None, "{asked:?}");
    }
    let old_browser = headers(&[("accept", "text/html, */*")]);
    assert!(sent(&inactive, &Method::GET, "/a", &old_browser).is_some());
}

#[test]
fn nobody_is_sent_away_for_what_they_cannot_change() {
    for error in [Error::conflict(), Error::oversized(), crate::StoreError::unavailable("away").into()] {
        assert_eq!(sent(&error, &Method::GET, "/a", &page()), None, "{error}");
    }
}

#[test]
fn only_what_is_allowed_is_returned_to() {
    let pages = pages().allow_return_to("https://app.example").and_then(|pages| pages.home_at("/start")).expect("fine");
    for (query, to) in [
        (None, "/start"),
        (Some(""), "/start"),
        (Some("return_to="), "/start"),
        (Some("a=b&return_to=%2Fcart"), "/cart"),
        (Some("return_to=%2Fcart&return_to=%2Fother"), "/cart"),
        (Some("return_to=https%3A%2F%2Fapp.example%2Fa"), "https://app.example/a"),
        (Some("return_to=https%3A%2F%2Fapp.example.evil.example"), "/start"),
        (Some("return_to=%2F%2Fevil.example"), "/start"),
        (Some("return_to=%2F%5Cevil.example"), "/start"),
        (Some("return_to=%2F%09%2Fevil.example"), "/start"),
        (Some("return_to=%2Fconfirm%3Fwhy%3D2"), "/start"),
    ] {
        assert_eq!(pages.return_to(query).as_str(), to, "{query:?}");
    }
}

#[test]
fn what_is_no_page_or_origin_is_refused_at_the_start() {
    for path in ["", "sign-in", "//x", "https://x"] {
        assert_eq!(Pages::sign_in_at(path).unwrap_err(), NO_PATH, "{path}");
    }
    for origin in
        ["app.example", "https://", "https://app.example/", "https://App.example", "https://a:443", "null", "ftp://a"]
    {
        assert!(pages().allow_return_to(origin).is_err(), "{origin}");
    }
    assert!(pages().allow_return_to("http://[::1]:8080").is_ok());
}
