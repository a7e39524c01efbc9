use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use hallpass::{Realm, SessionId};
use redis::Value;
use redis::cluster_routing::Slot;

use crate::error::Fault;
use crate::link::Way;
use crate::open::Base;
use crate::records::answered;

/// How many keys are tried until every primary has one; each has a share of the 16,384 slots.
const MOST_KEYS: usize = 100_000;

/// Waits until replicas have what can be read of a record, or of all; answers whether there was anything to wait for.
///
/// `WAIT` is about the writes of its own connection. So something is written, and since replicas take writes in their
/// order, whoever has it has all that was written before.
pub(crate) async fn settle(base: &Base, realm: &Realm, id: Option<&SessionId>) -> Result<bool, Fault> {
    if !base.link.waits() {
        return Ok(false);
    }
    let keys = match id {
        Some(id) => vec![base.keys.settling(realm, id)],
        None if base.link.is_cluster() => one_for_each_primary(base).await?,
        None => vec![base.keys.settling_at(0)],
    };
    try_join_all(keys.iter().map(|key| write(base, key))).await?;
    Ok(true)
}

async fn write(base: &Base, key: &str) -> Result<(), Fault> {
    let mut command = redis::cmd("SET");
    command.arg(key).arg("").arg("PX").arg(1000);
    base.link.ask_about(key, &command, Way::File).await.map(drop)
}

/// Returns keys of which every primary of a cluster has one.
async fn one_for_each_primary(base: &Base) -> Result<Vec<String>, Fault> {
    let mut question = redis::cmd("CLUSTER");
    let ranges: Vec<Vec<Value>> = answered(base.link.ask(question.arg("SLOTS")).await?)?;
    let mut primaries = HashMap::new();
    for range in ranges {
        let mut parts = range.into_iter();
        let (Some(first), Some(last), Some(primary)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Fault::Answer("slots have a primary"));
        };
        let slots = answered::<u16>(first)?..=answered::<u16>(last)?;
        let primary: Vec<Value> = answered(primary)?;
        let [host, port, ..] = &primary[..] else { return Err(Fault::Answer("a primary has an address")) };
        let primary: (String, u16) = (answered(host.clone())?, answered(port.clone())?);
        primaries.extend(slots.filter_map(Slot::new).map(|slot| (slot, primary.clone())));
    }
    let wanted = primaries.values().collect::<HashSet<_>>().len();
    let mut keys = HashMap::new();
    for number in 0..MOST_KEYS {
        let key = base.keys.settling_at(number);
        if let Some(primary) = primaries.get(&Slot::for_key(&key)) {
            keys.entry(primary).or_insert(key);
        }
        if keys.len() == wanted && wanted > 0 {
            return Ok(keys.into_values().collect());
        }
    }
    Err(Fault::Answer("every primary has slots"))
}
