//! Encrypted connections, and whom they are refused to.

use hallpass_mysql::{MysqlStore, OpenError};
use rig::MariaDb;

use crate::servers::support::{create, load, record};

async fn refusal(url: &str) -> OpenError {
    MysqlStore::from_url(url).await.expect_err("this server is not to be believed")
}

#[tokio::test]
async fn an_encrypted_connection_is_made_to_a_server_that_is_believed_and_to_no_other() {
    let Some(paper) = rig::certificate() else { return };
    let options = [format!("--ssl-cert={}", paper.certificate.display()), format!("--ssl-key={}", paper.key.display())];
    let Some(server) = MariaDb::own(&options.each_ref().map(String::as_str)) else { return };
    let database = server.database();
    // A user whom the server lets in by encrypted connections only.
    server.run(&database, "GRANT ALL ON *.* TO safe@'%' IDENTIFIED BY 'safe' REQUIRE SSL");
    let url = server.url(&database).replace("hallpass:p%40ss%2Fword", "safe:safe");
    let trusting = format!("{url}?sslmode=require&sslrootcert={}", paper.certificate.display());
    let store = MysqlStore::from_url(&trusting).await.expect("a store");
    let kept = record();
    create(&store, &kept).await;
    assert_eq!(load(&store, &kept).await, Some(kept));
    assert!(matches!(refusal(&url).await, OpenError::Refused { .. }), "it is let in by encrypted connections only");

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
