//! Users, passwords and TLS; and that no password is ever shown.

use std::path::Path;
use std::process::Command;

use hallpass::{Expected, Store};
use hallpass_redis::redis::Client;
use hallpass_redis::redis::cluster::ClusterClientBuilder;
use hallpass_redis::{OpenError, RedisOptions, RedisStore};

use crate::support::{connect, create, ended, load, record, update};

const RULES: &str = "user app on >s3cret ~hallpass:* &hallpass:* +@read +@write +@scripting +@pubsub +@connection \
                     +info +time +config|get +wait";

#[tokio::test]
async fn a_user_with_few_rights_is_enough() {
    let Some(server) = rig::redis(&["user default off", RULES]) else { return };
    let url = format!("redis://app:s3cret@127.0.0.1:{}", server.port());
    let store = connect(&url).await;
    let record = record();
    create(&store, &record).await;
    let next = ended(&record);
    update(&store, &record, &next).await;
    assert_eq!(load(&store, &record).await, Some(next));
    store.list(&hallpass::Query::default()).await.expect("it may list");
    assert!(!format!("{store:?}").contains("s3cret"));
}

#[tokio::test]
async fn wrong_credentials_are_told_without_them() {
    let Some(server) = rig::redis(&["user default off", RULES]) else { return };
    for credentials in ["app:wr0ng@", "nobody:wr0ng@", ""] {
        let url = format!("redis://{credentials}127.0.0.1:{}", server.port());
        let error = RedisStore::from_url(&url).await.expect_err("nobody is let in");
        assert!(matches!(error, OpenError::Refused { .. }), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("wr0ng") && shown.contains(&server.port().to_string()), "{shown}");
    }
}

#[tokio::test]
async fn credentials_that_are_withdrawn_make_the_store_unavailable() {
    let Some(server) = rig::redis(&["requirepass s3cret"]) else { return };
    let url = format!("redis://:s3cret@127.0.0.1:{}?timeout_ms=300", server.port());
    let store = connect(&url).await;
    let record = record();
    create(&store, &record).await;
    let ask = |words: &[&str]| server.ask(&[&["-a", "s3cret", "--no-auth-warning"], words].concat());
    ask(&["config", "set", "requirepass", "other"]);
    let killed = server.ask(&["-a", "other", "--no-auth-warning", "client", "kill", "type", "normal"]);
    assert_ne!(killed, "0");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let error = store.load(&record.realm, &record.id).await.expect_err("the password is another");
    assert!(error.is_unavailable(), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_away_or_no_redis_is_told_by_name() {
    let port = rig::free_port();
    let error = RedisStore::from_url(&format!("redis://:s3cret@127.0.0.1:{port}")).await.expect_err("nobody is there");
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()) && !format!("{error:?}").contains("s3cret"), "{error}");
    let prefix = RedisStore::connect(RedisOptions::from_url("redis://h").expect("a URL").prefix("a{b}")).await;
    assert!(matches!(prefix, Err(OpenError::Prefix)));
}

/// Makes an authority and a certificate of it for 127.0.0.1.
fn certificates(folder: &Path) -> bool {
    let script = "set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca \
            -addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem
        for name in server client; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$name -keyout $name.key -out $name.csr
            printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\nbasicConstraints=CA:FALSE\\n' > ext
            openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $name.pem
        done";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output();
    made.is_ok_and(|made| made.status.success())
}

#[tokio::test]
async fn a_server_is_reached_by_tls_and_known_by_its_authority() {
    let Some(_openssl) = rig::program("openssl") else { return };
    let folder = rig::scratch();
    assert!(certificates(folder.path()), "openssl makes certificates");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let port = rig::free_port();
    let settings = [
        format!("tls-port {port}"),
        format!("tls-cert-file {}", file("server.pem")),
        format!("tls-key-file {}", file("server.key")),
        format!("tls-ca-cert-file {}", file("ca.pem")),
        "tls-auth-clients yes".to_owned(),
    ];
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    let Some(_server) = rig::redis(&settings) else { return };
    let base = format!("rediss://127.0.0.1:{port}");
    let error = RedisStore::from_url(&base).await.expect_err("the system does not know the authority");
    assert!(matches!(error, OpenError::Away { .. }), "{error:?}");
    let ca = format!("{base}?ca={}", file("ca.pem"));
    RedisStore::from_url(&ca).await.expect_err("the server wants to know who asks");
    let both = format!("{ca}&cert={}&key={}", file("client.pem"), file("client.key"));
    let store = connect(&both).await;
    let record = record();
    create(&store, &record).await;
    assert_eq!(load(&store, &record).await.as_ref(), Some(&record));
    let mut news = store.changes().expect("the feed works by TLS, too");
    let next = ended(&record);
    let _ = store.save(&next, Expected::Version(record.version), &[]).await.expect("the server is there");
    let told = tokio::time::timeout(std::time::Duration::from_secs(5), futures_util::StreamExt::next(&mut news)).await;
    assert!(told.is_ok_and(|told| told.is_some()));
    let missing = RedisStore::from_url(&format!("{base}?ca=/no/such/file")).await.expect_err("no file");
    assert!(matches!(missing, OpenError::Certificates { .. }), "{missing:?}");
}

#[tokio::test]
async fn the_users_own_clients_open_a_store() {
    let Some(server) = rig::redis(&["user default off", RULES]) else { return };
    let client = Client::open(format!("redis://app:s3cret@127.0.0.1:{}", server.port())).expect("a URL");
    let Some(mut cluster) = rig::redis_cluster(&[]) else { return };
    let nodes = cluster.nodes().iter().map(|node| format!("redis://127.0.0.1:{}", node.port()));
    let clients = ClusterClientBuilder::new(nodes).retries(0).build().expect("nodes");
    for (options, hears) in [(RedisOptions::from(client), true), (clients.into(), false)] {
        let store = RedisStore::connect(options).await.expect("the server is there");
        let record = record();
        create(&store, &record).await;
        assert_eq!(load(&store, &record).await, Some(record));
        assert_eq!((store.capabilities().changes, store.changes().is_some()), (hears, hears));
    }
}
