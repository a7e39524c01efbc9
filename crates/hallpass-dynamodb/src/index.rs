use std::collections::{HashMap, HashSet, VecDeque};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;
use hallpass::{Realm, Record, StoreFault as _, Subject};
use parking_lot::Mutex;

use crate::base::{Base, Pause};
use crate::error::Fault;
use crate::item::{self, Item, PARTS, VERSION, text};
use crate::keys::{self, Key, Member, PARTITION, REALMS, SHARDS, SORT};

/// The most items that one question can name (`BatchGetItem`).
const MOST_AT_ONCE: usize = 100;
/// How many damaged items are remembered, so that each is told once.
const MOST_TOLD: usize = 1000;

/// What this process need not do again.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    realms: Mutex<HashSet<Realm>>,
    damaged: Mutex<HashSet<String>>,
}

/// Notes that there is this realm, before its first record: listings of all realms go by it.
pub(crate) async fn note_realm(base: &Base, realm: &Realm) -> Result<(), Fault> {
    if base.seen.realms.lock().contains(realm) {
        return Ok(());
    }
    let item = item::keyed(&Key::realm(realm));
    let ask = || base.client.put_item().table_name(&base.table).set_item(Some(item.clone())).send();
    base.write(ask).await?.map_err(|error| Fault::Lost(error.to_string()))?;
    base.seen.realms.lock().insert(realm.clone());
    Ok(())
}

/// Returns the realms that there are.
pub(crate) async fn realms(base: &Base) -> Result<Vec<Realm>, Fault> {
    let items = query(base, &Question::all(REALMS)).await?;
    let names = items.iter().filter_map(|item| item::read_text(item, SORT));
    Ok(names.filter_map(|name| Realm::new(name).ok()).collect())
}

/// What is asked of one partition, in the order of its keys.
pub(crate) struct Question {
    pub(crate) partition: String,
    /// What holds for the second part of the key, besides the partition.
    pub(crate) range: Option<(&'static str, Vec<(&'static str, AttributeValue)>)>,
    pub(crate) from_the_end: bool,
    /// How many items, or all.
    pub(crate) most: Option<usize>,
}

impl Question {
    pub(crate) fn all(partition: impl Into<String>) -> Self {
        Self { partition: partition.into(), range: None, from_the_end: false, most: None }
    }
}

/// Reads items of one partition as they are now; fewer than the most only if there are no more.
pub(crate) async fn query(base: &Base, question: &Question) -> Result<Vec<Item>, Fault> {
    let mut found = Vec::new();
    let mut after: Option<Item> = None;
    loop {
        let left = question.most.map(|most| most - found.len());
        let ask = || {
            let (condition, values) = match &question.range {
                Some((range, values)) => (format!("{PARTITION} = :{PARTITION} AND {range}"), &values[..]),
                None => (format!("{PARTITION} = :{PARTITION}"), &[][..]),
            };
            let mut ask = base
                .client
                .query()
                .table_name(&base.table)
                .consistent_read(true)
                .key_condition_expression(condition)
                .expression_attribute_values(format!(":{PARTITION}"), text(&*question.partition))
                .scan_index_forward(!question.from_the_end)
                .set_limit(left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(after.clone());
            for (name, value) in values {
                ask = ask.expression_attribute_values(*name, value.clone());
            }
            ask.send()
        };
        let answer = base.read(ask).await?;
        found.extend(answer.items.unwrap_or_default());
        after = answer.last_evaluated_key;
        if after.is_none() || question.most.is_some_and(|most| found.len() >= most) {
            return Ok(found);
        }
    }
}

/// Reads these records as they are now, in this order. One that is damaged is told of once, and left out.
pub(crate) async fn load_all(base: &Base, members: &[(Realm, Member)]) -> Result<Vec<Option<Record>>, Fault> {
    let keys = members.iter().map(|(realm, member)| Key::record(realm, &member.id));
    let mut items = found_of(base, keys.collect()).await?;
    let mut records = Vec::with_capacity(members.len());
    for (realm, member) in members {
        let item = items.remove(&Key::record(realm, &member.id));
        records.push(match item {
            Some(item) => readable(base, item).await?,
            None => None,
        });
    }
    Ok(records)
}

/// Reads the record of this item, if it can be read; one that is damaged is told of once.
pub(crate) async fn readable(base: &Base, item: Item) -> Result<Option<Record>, Fault> {
    let key = item::key_of(&item);
    match whole(base, item).await {
        Err(fault) if fault.is_corrupt() => {
            tell(base, key.as_ref(), &fault);
            Ok(None)
        }
        read => read,
    }
}

/// Reads the record of this item, with its attributes where they are elsewhere; nothing if it is gone meanwhile.
pub(crate) async fn whole(base: &Base, item: Item) -> Result<Option<Record>, Fault> {
    let mut item = item;
    loop {
        let Some(count) = item::read_number(&item, PARTS) else { return item::record(item, None).map(Some) };
        let key = item::key_of(&item).and_then(|key| keys::read_session(&key.partition));
        let Some((realm, id)) = key else { return item::record(item, None).map(Some) };
        // More than a session can have is damage.
        let keys: Vec<_> = (0..count.min(100)).zip(0..).map(|(_, part)| Key::data(&realm, &id, part)).collect();
        let parts = found_of(base, keys.clone()).await?;
        let parts: Vec<_> = keys.iter().map(|key| parts.get(key)).collect();
        if let Some(data) = item::joined(&item, &parts) {
            return item::record(item, Some(data)).map(Some);
        }
        // Somebody saved in between; or they are lost.
        let Some(present) = get(base, &Key::record(&realm, &id)).await? else { return Ok(None) };
        if present.get(VERSION) == item.get(VERSION) {
            return Err(Fault::Item(Key::record(&realm, &id).to_string()));
        }
        item = present;
    }
}

/// Reads an item as it is now.
pub(crate) async fn get(base: &Base, key: &Key) -> Result<Option<Item>, Fault> {
    let key = item::keyed(key);
    let ask = || base.client.get_item().table_name(&base.table).consistent_read(true).set_key(Some(key.clone())).send();
    Ok(base.read(ask).await?.item)
}

fn tell(base: &Base, key: Option<&Key>, fault: &Fault) {
    let mut damaged = base.seen.damaged.lock();
    if damaged.len() < MOST_TOLD && damaged.insert(key.map_or_else(String::new, Key::to_string)) {
        tracing::error!(store = %base.place, error = %fault, "a damaged record is left out of listings");
    }
}

/// Reads these items as they are now; those that there are.
pub(crate) async fn found_of(base: &Base, keys: Vec<Key>) -> Result<HashMap<Key, Item>, Fault> {
    let unique: Vec<_> = keys.into_iter().collect::<HashSet<_>>().into_iter().collect();
    let batches = unique.chunks(MOST_AT_ONCE).map(|keys| found_at_once(base, keys));
    let mut found = HashMap::new();
    for items in try_join_all(batches).await? {
        found.extend(items.into_iter().filter_map(|item| Some((item::key_of(&item)?, item))));
    }
    Ok(found)
}

async fn found_at_once(base: &Base, keys: &[Key]) -> Result<Vec<Item>, Fault> {
    let mut found = Vec::new();
    let mut left: Vec<Item> = keys.iter().map(item::keyed).collect();
    let mut pause = Pause::new();
    let mut empty = 0;
    loop {
        let keys = KeysAndAttributes::builder().set_keys(Some(left.clone())).consistent_read(true).build();
        let keys = keys.map_err(|_| Fault::Schema("a question for items names none"))?;
        let ask = || base.client.batch_get_item().request_items(&base.table, keys.clone()).send();
        let mut answer = base.read(ask).await?;
        let items = answer.responses.as_mut().and_then(|tables| tables.remove(&base.table)).unwrap_or_default();
        empty = if items.is_empty() { empty + 1 } else { 0 };
        found.extend(items);
        let unread = answer.unprocessed_keys.as_mut().and_then(|tables| tables.remove(&base.table));
        left = unread.map(|unread| unread.keys).unwrap_or_default();
        if left.is_empty() {
            return Ok(found);
        }
        // Some were left for want of room, or because the table is asked too much.
        if empty > 3 {
            return Err(Fault::Throttled("items are left unread".to_owned()));
        }
        if empty > 0 {
            pause.wait().await;
        }
    }
}

/// A walk through indices, newest first.
pub(crate) struct Walk {
    strands: Vec<Strand>,
}

/// One partition of an index, read as far as somebody wants it.
struct Strand {
    realm: Realm,
    partition: String,
    ahead: VecDeque<Member>,
    after: Option<Member>,
    is_read: bool,
}

impl Walk {
    pub(crate) fn new(realms: &[Realm], subject: Option<&Subject>, after: Option<Member>) -> Self {
        let partitions = |realm: &Realm| match subject {
            Some(subject) => vec![keys::of_subject(realm, subject)],
            None => (0..SHARDS).map(|shard| keys::all(realm, shard)).collect(),
        };
        let strands = realms.iter().flat_map(|realm| {
            partitions(realm).into_iter().map(|partition| Strand {
                realm: realm.clone(),
                partition,
                ahead: VecDeque::new(),
                after,
                is_read: false,
            })
        });
        Self { strands: strands.collect() }
    }

    /// Returns the next that many entries, fewer only at the end.
    pub(crate) async fn next(&mut self, base: &Base, count: usize) -> Result<Vec<(Realm, Member)>, Fault> {
        // Each strand has about its share of the newest.
        let at_once = (2 * count / self.strands.len().max(1)).clamp(8, 1000).min(count.max(8));
        let mut found = Vec::new();
        while found.len() < count {
            self.fill(base, at_once).await?;
            let newest = self.strands.iter_mut().filter(|strand| !strand.ahead.is_empty());
            let Some(strand) = newest.max_by_key(|strand| strand.ahead.front().copied()) else { break };
            found.extend(strand.ahead.pop_front().map(|member| (strand.realm.clone(), member)));
        }
        Ok(found)
    }

    async fn fill(&mut self, base: &Base, at_once: usize) -> Result<(), Fault> {
        let dry = self.strands.iter_mut().filter(|strand| strand.ahead.is_empty() && !strand.is_read);
        try_join_all(dry.map(|strand| strand.fill(base, at_once))).await.map(drop)
    }
}

impl Strand {
    async fn fill(&mut self, base: &Base, at_once: usize) -> Result<(), Fault> {
        let range = self.after.map(|after| ("sk < :after", vec![(":after", text(after.sort()))]));
        let question = Question { partition: self.partition.clone(), range, from_the_end: true, most: Some(at_once) };
        let items = query(base, &question).await?;
        self.is_read = items.len() < at_once;
        self.ahead.extend(items.iter().filter_map(|item| Member::read(item::read_text(item, SORT)?)));
        self.after = self.ahead.back().copied().or(self.after);
        Ok(())
    }
}

/// Takes an entry out of the indices whose record is gone.
pub(crate) async fn forget_entry(base: &Base, key: &Key) -> Result<(), Fault> {
    let key = item::keyed(key);
    let ask = || base.client.delete_item().table_name(&base.table).set_key(Some(key.clone())).send();
    base.write(ask).await?.map(drop).map_err(|error| Fault::Lost(error.to_string()))
}
