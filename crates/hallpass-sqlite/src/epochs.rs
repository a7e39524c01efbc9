use hallpass::{Epoch, Realm, Subject};
use hallpass_sql::CorruptRow;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Fault;

const LOAD: &str = "SELECT epoch FROM epochs WHERE realm = ?1 AND subject = ?2";

const RAISE: &str = "INSERT INTO epochs (realm, subject, epoch) VALUES (?1, ?2, 1)
    ON CONFLICT (realm, subject) DO UPDATE SET epoch = epoch + 1 RETURNING epoch";

pub(crate) fn load(connection: &Connection, realm: &Realm, subject: &Subject) -> Result<Epoch, Fault> {
    let mut statement = connection.prepare_cached(LOAD)?;
    let found = statement.query_row(params![realm.as_str(), subject.as_str()], |row| row.get(0)).optional()?;
    found.map_or(Ok(Epoch::default()), epoch)
}

pub(crate) fn raise(connection: &Connection, realm: &Realm, subject: &Subject) -> Result<Epoch, Fault> {
    let mut statement = connection.prepare_cached(RAISE)?;
    epoch(statement.query_row(params![realm.as_str(), subject.as_str()], |row| row.get(0))?)
}

fn epoch(number: i64) -> Result<Epoch, Fault> {
    u64::try_from(number).map(Epoch).map_err(|_| CorruptRow::Column("epoch").into())
}
