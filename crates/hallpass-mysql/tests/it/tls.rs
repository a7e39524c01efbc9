//! Encrypted connections.

use hallpass_mysql::OpenError;
use rig::MariaDb;

use crate::servers::support::{create, load, record};
use crate::servers::tls::{open_believing, refusal};

#[tokio::test]
async fn an_encrypted_connection_is_made_to_a_server_that_is_believed_and_to_no_other() {
    let Some(paper) = rig::certificate() else { return };
    let options = [format!("--ssl-cert={}", paper.certificate.display()), format!("--ssl-key={}", paper.key.display())];
    let Some(server) = MariaDb::own(&options.each_ref().map(String::as_str)) else { return };
    let database = server.database();
    // A user whom the server lets in by encrypted connections only.
    server.run(&database, "GRANT ALL ON *.* TO safe@'%' IDENTIFIED BY 'safe' REQUIRE SSL");
    let url = server.url(&database).replace("hallpass:p%40ss%2Fword", "safe:safe");
    let store = open_believing(&url, &paper).await;
    let kept = record();
    create(&store, &kept).await;
    assert_eq!(load(&store, &kept).await, Some(kept));
    assert!(matches!(refusal(&url).await, OpenError::Refused { .. }), "it is let in by encrypted connections only");
}
