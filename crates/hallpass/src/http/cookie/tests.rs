use proptest::prelude::*;

use super::*;

fn read(carrier: &CookieCarrier, values: &[&[u8]]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(header::COOKIE, HeaderValue::from_bytes(value).expect("no control characters"));
    }
    carrier.read(&headers).texts().iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

#[test]
fn the_default_is_as_strict_as_browsers_allow() {
    let carrier = CookieCarrier::default();
    assert_eq!(
        carrier.set_cookie(&Token::new("t"), None).expose(),
        "__Host-sid=t; Path=/; Secure; HttpOnly; SameSite=Lax"
    );
    assert_eq!(
        carrier.set_cookie(&Token::new("t"), Some(Duration::from_hours(999 * 24))).expose(),
        "__Host-sid=t; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000"
    );
    assert_eq!(CookieCarrier::builder().build().expect("valid").name(), carrier.name());
}

#[test]
fn the_removal_cookie_has_every_attribute() {
    let carrier = CookieCarrier::builder()
        .name("__Secure-a")
        .path("/admin")
        .danger_shared_with_subdomains_of("example.org")
        .same_site(SameSite::None)
        .partitioned()
        .build()
        .expect("valid");
    let attributes = "; Path=/admin; Domain=example.org; Secure; HttpOnly; SameSite=None; Partitioned";
    assert_eq!(carrier.set_cookie(&Token::new("t"), None).expose(), format!("__Secure-a=t{attributes}"));
    assert_eq!(
        carrier.removal_cookie(),
        format!("__Secure-a={attributes}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    );
}

#[test]
fn only_the_exact_name_is_read_wherever_it_stands() {
    let carrier = CookieCarrier::default();
    let token = vec!["abc".to_owned()];
    for header in [
        "__Host-sid=abc",
        "a=1; __Host-sid=abc",
        "a=1;__Host-sid=abc ;b=2",
        "__Host-sid=\"abc\"",
        "x__Host-sid=no; __Host-sid=abc",
        "__host-sid=no; __Host-sid=abc",
        "a=__Host-sid=no; __Host-sid=abc",
        "a=b __Host-sid=no; __Host-sid=abc",
        "; ;\t__Host-sid=abc",
    ] {
        assert_eq!(read(&carrier, &[header.as_bytes()]), token, "{header}");
    }
    for header in ["", "__Host-sid", "__Host-si=abc", "=__Host-sid=abc", "__Host-sid\u{e9}=abc"] {
        assert_eq!(read(&carrier, &[header.as_bytes()]), Vec::<String>::new(), "{header}");
    }
    assert_eq!(read(&carrier, &[b"a=1", b"__Host-sid=abc"]), token, "split over two headers");
    let not_text = read(&carrier, &[b"__Host-sid=\xff\xfe; __Host-sid=abc"]);
    assert_eq!(not_text, ["\u{fffd}\u{fffd}", "abc"], "what is not text is refused by its shape, like any other value");
}

#[test]
fn duplicates_are_all_seen_but_at_most_four() {
    let carrier = CookieCarrier::default();
    assert_eq!(read(&carrier, &[b"__Host-sid=a; __Host-sid=b; __Host-sid=a"]), ["a", "b"]);
    let many = "__Host-sid=1; __Host-sid=2; __Host-sid=3; __Host-sid=4; __Host-sid=5";
    assert_eq!(read(&carrier, &[many.as_bytes()]), ["1", "2", "3", "4"]);
}

#[test]
fn what_a_browser_would_refuse_is_refused_here() {
    let builder = CookieCarrier::builder;
    for (cookie, rule) in [
        (builder().name(""), "1 to 64"),
        (builder().name("__Host-a b"), "1 to 64"),
        (builder().name("sid"), "begins with"),
        (builder().path("/x"), "has the path"),
        (builder().danger_shared_with_subdomains_of("example.org"), "has the path"),
        (builder().name("__Secure-a").path("x"), "path begins"),
        (builder().name("__Secure-a").path("/x; Domain=evil"), "path begins"),
        (builder().name("__Secure-a").danger_shared_with_subdomains_of("a;b"), "host name"),
        (builder().name("__Secure-a").danger_shared_with_subdomains_of("com"), "host name"),
        (builder().name("__Secure-a").danger_shared_with_subdomains_of(".example.org"), "host name"),
        (builder().name("__Secure-a").danger_shared_with_subdomains_of("127.0.0.1"), "no address"),
        (builder().name("__Secure-a").danger_shared_with_subdomains_of("a".repeat(300) + ".org"), "host name"),
        (builder().name("__Host-Http-a").path("/x"), "has the path"),
        (builder().name("__hOsT-a").path("/x"), "has the path"),
        (builder().name("__Secure-a").path("/".repeat(1025)), "path begins"),
        (builder().partitioned(), "partitioned"),
        (builder().danger_plain_http(), "without"),
        (builder().name("sid").danger_plain_http().same_site(SameSite::None), "plain HTTP"),
        (builder().longest_header(100), "4 KiB to 64 KiB"),
        (builder().longest_header(1 << 20), "4 KiB to 64 KiB"),
    ] {
        let error = cookie.build().unwrap_err().to_string();
        assert!(error.contains(rule), "{error} / {rule}");
    }
}

#[test]
fn plain_http_has_to_be_asked_for() {
    let carrier = CookieCarrier::danger_plain_http();
    assert_eq!(carrier.set_cookie(&Token::new("t"), None).expose(), "sid=t; Path=/; HttpOnly; SameSite=Lax");
}

#[test]
fn a_plain_cookie_may_have_a_name_and_a_path_of_its_own() {
    let carrier = CookieCarrier::builder().name("admin").path("/admin").danger_plain_http().build().expect("valid");
    assert_eq!(carrier.set_cookie(&Token::new("t"), None).expose(), "admin=t; Path=/admin; HttpOnly; SameSite=Lax");
}

#[test]
fn a_cookie_that_scripts_cannot_write_and_one_for_embedding_can_be_chosen() {
    let carrier = CookieCarrier::builder().name("__Host-Http-sid").build().expect("valid");
    assert_eq!(
        carrier.set_cookie(&Token::new("t"), None).expose(),
        "__Host-Http-sid=t; Path=/; Secure; HttpOnly; SameSite=Lax"
    );
    let carrier = CookieCarrier::builder().same_site(SameSite::None).partitioned().build().expect("valid");
    assert_eq!(
        carrier.set_cookie(&Token::new("t"), None).expose(),
        "__Host-sid=t; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    );
}

#[test]
fn a_jar_that_is_too_large_is_noticed_and_nothing_of_it_is_believed() {
    let carrier = CookieCarrier::default();
    let presented = |values: &[String]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::COOKIE, HeaderValue::from_str(value).expect("visible"));
        }
        let presented = carrier.read(&headers);
        (presented.is_oversized(), presented.texts().len())
    };
    let padded = |bytes: usize| format!("__Host-sid=abc; a={}", "x".repeat(bytes - "__Host-sid=abc; a=".len()));
    assert_eq!(presented(&[padded(8192)]), (false, 1));
    assert_eq!(presented(&[padded(8193)]), (true, 0));
    assert_eq!(presented(&[padded(4096), padded(4096)]), (false, 1), "the same one twice, split over two headers");
    assert_eq!(presented(&[padded(4096), padded(4097)]), (true, 0), "all headers count together");
    let many = |count: usize| "a=b; ".repeat(count - 1) + "__Host-sid=abc";
    assert_eq!(presented(&[many(64)]), (false, 1));
    assert_eq!(presented(&[many(65)]), (true, 0));
    assert_eq!(presented(&[many(33), many(32)]), (true, 0), "all headers count together");
}

#[test]
fn a_token_that_browsers_would_drop_does_not_fit() {
    let carrier = CookieCarrier::default();
    let longest = CookieCarrier::LONGEST - carrier.name().len();
    assert!(carrier.fits(&Token::new("x".repeat(longest))));
    assert!(!carrier.fits(&Token::new("x".repeat(longest + 1))));
}

/// Returns what a logout asks the browser to forget.
fn cleared(carrier: &CookieCarrier) -> Option<String> {
    let mut headers = HeaderMap::new();
    carrier.remove(&mut headers);
    headers.get("clear-site-data").map(|value| value.to_str().expect("text").to_owned())
}

#[test]
fn a_logout_has_the_browser_forget_what_is_configured() {
    assert_eq!(cleared(&CookieCarrier::default()).as_deref(), Some("\"cache\", \"storage\""));
    let with =
        |what: &[SiteData]| CookieCarrier::builder().clear_at_logout(what.iter().copied()).build().expect("valid");
    let all = [SiteData::Storage, SiteData::CookiesOfTheWholeDomain, SiteData::Cache];
    assert_eq!(cleared(&with(&all)).as_deref(), Some("\"cache\", \"cookies\", \"storage\""));
    assert_eq!(cleared(&with(&[])), None);
    assert_eq!(cleared(&CookieCarrier::danger_plain_http()), None, "over plain HTTP nobody heeds it");
}

#[test]
fn what_a_handler_asks_to_be_forgotten_stands() {
    let mut headers = HeaderMap::new();
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    CookieCarrier::default().remove(&mut headers);
    assert_eq!(headers.get_all("clear-site-data").iter().collect::<Vec<_>>(), ["\"cache\""]);
}

/// What the `cookie` crate reads under our name.
fn by_oracle(header: &str) -> Vec<String> {
    let mut values: Vec<_> = cookie::Cookie::split_parse(header.to_owned())
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == "__Host-sid")
        .map(|cookie| cookie.value_trimmed().to_owned())
        .collect();
    let mut seen = Vec::new();
    values.retain(|value| {
        !seen.contains(value) && {
            seen.push(value.clone());
            true
        }
    });
    values.truncate(Presented::MOST);
    values
}

proptest! {
    #[test]
    fn the_scan_agrees_with_the_cookie_crate(
        pairs in proptest::collection::vec(("__Host-sid|__host-sid|sid|a|__Host-sid2", "[a-z=\" ]{0,6}"), 0..8),
        separator in "; |;| ; |;;",
    ) {
        let header = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(&separator);
        prop_assert_eq!(read(&CookieCarrier::default(), &[header.as_bytes()]), by_oracle(&header));
    }

    #[test]
    fn no_header_makes_it_panic(header in proptest::collection::vec(0x20_u8..=0xff, 0..200)) {
        if HeaderValue::from_bytes(&header).is_ok() {
            prop_assert!(read(&CookieCarrier::default(), &[&header]).len() <= Presented::MOST);
        }
    }
}
