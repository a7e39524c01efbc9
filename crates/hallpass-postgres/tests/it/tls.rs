//! Encrypted connections.

use rig::Postgres;

use crate::servers::support::{create, load, record};
use crate::servers::tls::open_believing;

#[tokio::test]
async fn an_encrypted_connection_is_made_to_a_server_that_is_believed_and_to_no_other() {
    let Some(paper) = rig::certificate() else { return };
    let options = [
        "-cssl=on".to_owned(),
        format!("-cssl_cert_file={}", paper.certificate.display()),
        format!("-cssl_key_file={}", paper.key.display()),
    ];
    let Some(server) = Postgres::own(&options.each_ref().map(String::as_str)) else { return };
    let url = server.url("postgres");
    let store = open_believing(&url, &paper).await;
    let kept = record();
    create(&store, &kept).await;
    assert_eq!(load(&store, &kept).await, Some(kept));
    let encrypted = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'hallpass'";
    assert_eq!(server.run("postgres", encrypted), "t");
}
