//! The service speaks HTTPS with a certificate that can be changed while it runs.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::testing::FaultyStore;
use hallpass::{MemorySettings, MemoryStore};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, Server};
use reqwest::{Certificate, Client};
use rig::Certificate as Files;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::service::{ADMIN, Service, config};

/// A service with the certificate of two files that a test changes.
struct Https {
    service: Service,
    folder: tempfile::TempDir,
    pairs: [Files; 2],
}

impl Https {
    async fn start() -> Option<Self> {
        let (folder, pairs) = (rig::scratch(), [rig::certificate()?, rig::certificate()?]);
        show(&pairs[0], folder.path());
        let store = FaultyStore::new(MemoryStore::new());
        let opened = Opened { store: Arc::new(store.clone()), settings: Arc::new(MemorySettings::default()) };
        let mut service = Service::on(with_files(folder.path()), store, opened).await;
        service.base = service.base.replace("http://", "https://");
        Some(Self { service, folder, pairs })
    }

    /// A client that believes in one of the certificates only.
    fn client(&self, pair: usize) -> Client {
        let pem = std::fs::read(&self.pairs[pair].certificate).expect("a file");
        let certificate = Certificate::from_pem(&pem).expect("a certificate");
        Client::builder().tls_certs_only([certificate]).build().expect("a client")
    }

    async fn is_answered(&self, client: &Client) -> bool {
        client.get(format!("{}/livez", self.service.base)).send().await.is_ok_and(|answer| answer.status() == 200)
    }

    async fn wait_for(&self, what: &str) {
        let begun = Instant::now();
        loop {
            let metrics = self.metrics().await;
            if metrics.lines().any(|line| line == what) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{what}: {metrics}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn metrics(&self) -> String {
        for pair in 0..2 {
            let request = self.client(pair).get(format!("{}/metrics", self.service.base)).bearer_auth(ADMIN);
            if let Ok(answer) = request.send().await {
                return answer.text().await.expect("text");
            }
        }
        panic!("neither certificate is shown");
    }
}

fn show(pair: &Files, folder: &Path) {
    std::fs::copy(&pair.certificate, folder.join("certificate.pem")).expect("a copy");
    std::fs::copy(&pair.key, folder.join("key.pem")).expect("a copy");
}

fn with_files(folder: &Path) -> Config {
    let mut config = config();
    config.tls.certificate_file = Some(folder.join("certificate.pem"));
    config.tls.key_file = Some(folder.join("key.pem"));
    config.limits.header_timeout = 1;
    config
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let Some(https) = Https::start().await else { return };
    let (before, after) = (https.client(0), https.client(1));
    assert!(https.is_answered(&before).await);
    assert!(!https.is_answered(&after).await, "it believes in another certificate");

    let key = https.folder.path().join("key.pem");
    std::fs::write(&key, "no key at all").expect("a file");
    https.wait_for("hallpass_certificate_current 0").await;
    assert!(https.is_answered(&https.client(0)).await, "the one from before is shown");

    // Half of the change is not shown either.
    std::fs::copy(&https.pairs[0].key, &key).expect("a copy");
    https.wait_for("hallpass_certificate_current 1").await;
    std::fs::copy(&https.pairs[1].certificate, https.folder.path().join("certificate.pem")).expect("a copy");
    https.wait_for("hallpass_certificate_current 0").await;
    assert!(https.is_answered(&https.client(0)).await);

    show(&https.pairs[1], https.folder.path());
    https.wait_for("hallpass_certificate_current 1").await;
    assert!(https.is_answered(&after).await);
    assert!(!https.is_answered(&https.client(0)).await, "new connections get the new one");
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let (Some(https), Some(curl)) = (Https::start().await, rig::program("curl")) else { return };
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--show-error", flag, "--cacert"]).arg(&https.pairs[0].certificate);
        command.args([
            "--write-out",
            " by HTTP %{http_version}",
            "--header",
            &format!("Authorization: Bearer {ADMIN}"),
        ]);
        command.arg(format!("{}/v1/sessions", https.service.base));
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("curl runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("items") && said.ends_with(&format!("by HTTP {version}")), "{output:?}");
    }
}

#[tokio::test]
async fn who_does_not_shake_hands_or_speaks_plainly_is_let_go() {
    let Some(https) = Https::start().await else { return };
    let address = https.service.base.trim_start_matches("https://").to_owned();
    let mut silent = TcpStream::connect(&address).await.expect("it listens");
    let mut plain = TcpStream::connect(&address).await.expect("it listens");
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it reads");
    for stream in [&mut silent, &mut plain] {
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        closed.expect("it is closed").ok(); // or reset, which is as good
        assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_shown_is_named_at_the_start() {
    let (Some(pair), Some(other)) = (rig::certificate(), rig::certificate()) else { return };
    let folder = rig::scratch();
    let start = async || match Server::start(with_files(folder.path())).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    };
    assert!(start().await.contains("certificate.pem: this file cannot be read"));
    show(&pair, folder.path());
    std::fs::write(folder.path().join("certificate.pem"), "nothing").expect("a file");
    assert!(start().await.contains("there is no certificate"));
    show(&pair, folder.path());
    std::fs::write(folder.path().join("key.pem"), "nothing").expect("a file");
    assert!(start().await.contains("there is no private key"));
    show(&pair, folder.path());
    std::fs::copy(&other.key, folder.path().join("key.pem")).expect("a copy");
    assert!(start().await.contains("cannot be used together"));
}
