//! The configurations of proxies that are printed.

use hallpass_server::proxies::{Proxy, ProxyConfig};

use crate::bench::Bench;

#[test]
fn what_is_printed_is_what_real_proxies_are_tested_with() {
    let bench = Bench::new();
    let config = ProxyConfig {
        host: "shop.example".to_owned(),
        address: Some("127.0.0.1".parse().expect("an address")),
        port: 8088,
        upstream: "app:3001".parse().expect("both"),
        hallpass: "127.0.0.1:7072".parse().expect("both"),
        ..ProxyConfig::default()
    };
    for (name, proxy) in [
        ("nginx", Proxy::Nginx),
        ("caddy", Proxy::Caddy),
        ("haproxy", Proxy::Haproxy),
        ("traefik", Proxy::Traefik),
        ("envoy", Proxy::Envoy),
    ] {
        let words = ["--host", "shop.example", "--listen", "127.0.0.1:8088", "--upstream", "app:3001"];
        let words = [&["proxy-config", name][..], &words, &["--hallpass", "127.0.0.1:7072"]].concat();
        let run = bench.run(&words);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
        assert_eq!(run.stdout.trim_end(), config.of(proxy).trim_end(), "{name}");
        insta::assert_snapshot!(format!("proxy_config_{name}"), run.stdout);
    }
    let script = bench.run(&["proxy-config", "haproxy", "--script", "--hallpass", "127.0.0.1:7072"]);
    assert_eq!(script.stdout.trim_end(), config.haproxy_script().trim_end());
    let grpc = bench.run(&["proxy-config", "envoy", "--grpc", "127.0.0.1:7071"]);
    assert!(grpc.stdout.contains("envoy_grpc") && !grpc.stdout.contains("http_service"), "{}", grpc.stdout);
}

#[test]
fn the_configuration_says_where_the_service_is_and_how_headers_are_named() {
    let bench = Bench::new();
    let text = "listen = '127.0.0.1:7099'\n[forward_auth]\nidentity = 'oauth2-proxy'\n";
    std::fs::write(bench.path().join("hallpass.toml"), text).expect("it can be written");
    let run = bench.run(&["proxy-config", "caddy"]);
    assert!(run.stdout.contains("127.0.0.1:7099") && run.stdout.contains("X-Auth-Request-User"), "{}", run.all());
    assert!(!run.stdout.contains("Remote-User"), "{}", run.all());
}

#[test]
fn the_session_cookie_is_taken_away_where_that_is_asked_for() {
    let bench = Bench::new();
    for (cookie, name) in [("", "__Host-sid"), ("[cookie]\nname = '__Host-shop'", "__Host-shop")] {
        std::fs::write(bench.path().join("hallpass.toml"), cookie).expect("it can be written");
        for words in [&["nginx"][..], &["caddy"], &["haproxy", "--script"], &["envoy"], &["envoy", "--grpc", "a:1"]] {
            let plain = bench.run(&[&["proxy-config"], words].concat());
            assert!(!plain.stdout.contains(name), "{words:?}: {}", plain.all());
            let run = bench.run(&[&["proxy-config", "--strip-cookie"], words].concat());
            assert_eq!((run.code, run.stdout.contains(name)), (0, true), "{words:?}: {}", run.all());
        }
    }
    std::fs::write(bench.path().join("hallpass.toml"), "[cookie]\nname = '__Host-a.b'").expect("it can be written");
    for proxy in ["nginx", "traefik"] {
        let run = bench.run(&["proxy-config", proxy, "--strip-cookie"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{proxy}: {}", run.all());
    }
}

#[test]
fn what_a_configuration_would_read_as_something_else_is_refused() {
    let bench = Bench::new();
    for words in [
        &["proxy-config", "nginx", "--host", "a.example; include /etc/passwd"][..],
        &["proxy-config", "nginx", "--host", "A.example"],
        &["proxy-config", "nginx", "--upstream", "app"],
        &["proxy-config", "nginx", "--listen", "all"],
        &["proxy-config", "haproxy", "--script-path", "/tmp/a b"],
        &["proxy-config", "nginx", "--script"],
        &["proxy-config", "nginx", "--grpc", "127.0.0.1:7071"],
        &["proxy-config", "apache"],
        &["proxy-config"],
    ] {
        let run = bench.run(words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}: {}", run.all());
    }
}
