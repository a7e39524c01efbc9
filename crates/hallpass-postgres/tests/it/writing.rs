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
        "SET timezone = 'UTC'; SET datestyle = 'ISO';
         SELECT id, subject, created_at, ip, data ->> 'cart' FROM hallpass.readable_sessions",
    );
    let wanted = format!("{}|ann|2023-11-14 22:13:20+00|2001:db8::7|[1, 2]", written.id);
    assert_eq!(read, wanted);
    assert_eq!(server.run(&database, "SELECT count(*) FROM hallpass.sessions WHERE sealed IS NULL"), "1");
    assert_eq!(load(&store, &written).await, Some(written), "and comes back to the byte");
}
