use hallpass::{Epoch, Realm, Subject};
use hallpass_sql::CorruptRow;

use crate::connections::Connections;
use crate::error::Fault;
use crate::statement::Named;

pub(crate) const LOAD: &str = "SELECT epoch FROM hallpass.epochs WHERE realm = $1 AND subject = $2";

pub(crate) const RAISE: &str = "INSERT INTO hallpass.epochs AS present (realm, subject, epoch) VALUES ($1, $2, 1)
    ON CONFLICT (realm, subject) DO UPDATE SET epoch = present.epoch + 1 RETURNING epoch";

pub(crate) async fn load(connections: &Connections, realm: &Realm, subject: &Subject) -> Result<Epoch, Fault> {
    let rows = connections.read(Named::Epoch, &[&realm.as_str(), &subject.as_str()]).await?;
    rows.first().map_or(Ok(Epoch::default()), epoch)
}

pub(crate) async fn raise(connections: &Connections, realm: &Realm, subject: &Subject) -> Result<Epoch, Fault> {
    let rows = connections.write(Named::RaiseEpoch, &[&realm.as_str(), &subject.as_str()]).await?;
    rows.first().map_or(Err(CorruptRow::Column("epoch").into()), epoch)
}

fn epoch(row: &tokio_postgres::Row) -> Result<Epoch, Fault> {
    let number: Option<i64> = row.try_get(0).ok();
    number.and_then(|number| u64::try_from(number).ok()).map(Epoch).ok_or(CorruptRow::Column("epoch").into())
}
