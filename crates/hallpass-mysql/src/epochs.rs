use hallpass::{Epoch, Realm, Subject};
use hallpass_sql::CorruptRow;

use crate::connections::{Connections, only};
use crate::error::Fault;

const LOAD: &str = "SELECT epoch FROM hallpass_epochs WHERE realm = ? AND subject = ?";

const RAISE: &str = "INSERT INTO hallpass_epochs (realm, subject, epoch) VALUES (?, ?, LAST_INSERT_ID(1))
    ON DUPLICATE KEY UPDATE epoch = LAST_INSERT_ID(epoch + 1)";

pub(crate) async fn load(connections: &Connections, realm: &Realm, subject: &Subject) -> Result<Epoch, Fault> {
    let rows = connections.read(LOAD, vec![realm.as_str().into(), subject.as_str().into()]).await?;
    let number = only(&rows, "epoch")?.unwrap_or(0);
    u64::try_from(number).map(Epoch).map_err(|_| CorruptRow::Column("epoch").into())
}

pub(crate) async fn raise(connections: &Connections, realm: &Realm, subject: &Subject) -> Result<Epoch, Fault> {
    let (_, epoch) = connections.write(RAISE, vec![realm.as_str().into(), subject.as_str().into()]).await?;
    Ok(Epoch(epoch))
}
