//! Encrypted connections, and whom they are refused to.

use hallpass_postgres::{OpenError, PostgresStore};
use rig::Postgres;

use crate::servers::support::{create, load, record};

async fn refusal(url: &str) -> OpenError {
    PostgresStore::from_url(url).await.expect_err("this server is not to be believed")
}

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
    let trusting = format!("{url}?sslmode=require&sslrootcert={}", paper.certificate.display());
    let store = PostgresStore::from_url(&trusting).await.expect("a store");
    let kept = record();
    create(&store, &kept).await;
    assert_eq!(load(&store, &kept).await, Some(kept));
    let encrypted = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'hallpass'";
    assert_eq!(server.run("postgres", encrypted), "t");

    let error = refusal(&format!("{url}?sslmode=require")).await;
    assert!(format!("{error} {error:?}").contains("UnknownIssuer"), "{error:?}");
    // The certificate is for another name.
    let error = refusal(&trusting.replace("127.0.0.1", "localhost")).await;
    assert!(format!("{error} {error:?}").contains("NotValidForName"), "{error:?}");
    let Some(other) = rig::certificate() else { return };
    let distrusting = format!("{url}?sslmode=require&sslrootcert={}", other.certificate.display());
    refusal(&distrusting).await;
    refusal(&format!("{url}?sslmode=require&sslrootcert=%2Fnowhere.pem")).await;
}
