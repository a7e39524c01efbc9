//! What one write leaves in the database.

use bytes::Bytes;

use crate::servers::support::{create, load, place, record, subject};

#[tokio::test]
async fn what_is_written_can_be_read_with_the_databases_own_tool() {
    let Some((store, server, database)) = place().await else { return };
    let mut written = record();
    written.subject = Some(subject("ann"));
    written.client.ip = Some("2001:db8::7".parse().expect("an address"));
    written.data = Bytes::from_static(br#"{"cart": [1, 2],  "b": 1.0, "a": "\u0041"}"#);
    create(&store, &written).await;
    let read = server.run(
        &database,
        "SELECT subject, created_at, INET6_NTOA(ip), JSON_EXTRACT(data, '$.cart') FROM hallpass_sessions",
    );
    assert_eq!(read, "ann\t2023-11-14 22:13:20.000\t2001:db8::7\t[1, 2]");
    assert_eq!(load(&store, &written).await, Some(written), "and comes back to the byte");
}
