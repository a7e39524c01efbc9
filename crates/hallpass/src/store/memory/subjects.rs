//! Which records belong to which subject: lists threaded through a slab, so that each step takes the same time however
//! many sessions a subject has.

use hashbrown::HashTable;

const NONE: u32 = u32::MAX;
const SLOT_BITS: u32 = 26;

/// The hash of a realm and a subject under a key of the process.
///
/// Subjects whose hashes agree share a list; whoever reads it looks at the records and leaves out the others'.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SubjectHash(u64);

impl SubjectHash {
    pub(super) const fn new(hash: u64) -> Self {
        Self(hash)
    }

    #[allow(clippy::cast_possible_truncation)] // the remainder is below a `usize`
    pub(super) const fn shard(self, shards: usize) -> usize {
        (self.0 % shards as u64) as usize
    }

    const fn short(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Where a record lies: its shard and its slot there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place(u32);

impl From<(usize, u32)> for Place {
    #[allow(clippy::cast_possible_truncation)] // there are 64 shards
    fn from((shard, slot): (usize, u32)) -> Self {
        Self((shard as u32) << SLOT_BITS | slot)
    }
}

impl Place {
    pub(super) const fn shard(self) -> usize {
        (self.0 >> SLOT_BITS) as usize
    }

    pub(super) const fn slot(self) -> u32 {
        self.0 & ((1 << SLOT_BITS) - 1)
    }
}

struct Node {
    short: u32,
    place: Place,
    next: u32,
    previous: u32,
}

#[derive(Default)]
pub(super) struct Subjects {
    nodes: Vec<Node>,
    free: Vec<u32>,
    heads: HashTable<u32>,
}

fn spread(short: u32) -> u64 {
    u64::from(short) << 32 | u64::from(short)
}

impl Subjects {
    /// Enters a place; answers the node that [`Subjects::remove`] takes.
    pub(super) fn insert(&mut self, hash: SubjectHash, place: Place) -> u32 {
        let short = hash.short();
        let node = Node { short, place, next: NONE, previous: NONE };
        let index = if let Some(index) = self.free.pop() {
            self.nodes[index as usize] = node;
            index
        } else {
            self.nodes.push(node);
            u32::try_from(self.nodes.len() - 1).unwrap_or(NONE)
        };
        if let Some(head) = self.heads.find_mut(spread(short), |&head| self.nodes[head as usize].short == short) {
            self.nodes[index as usize].next = *head;
            self.nodes[*head as usize].previous = index;
            *head = index;
        } else {
            let nodes = &self.nodes;
            self.heads.insert_unique(spread(short), index, |&head| spread(nodes[head as usize].short));
        }
        index
    }

    pub(super) fn remove(&mut self, hash: SubjectHash, index: u32) {
        let Node { next, previous, .. } = self.nodes[index as usize];
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NONE {
            self.nodes[previous as usize].next = next;
        } else if let Ok(mut head) = self.heads.find_entry(spread(hash.short()), |&head| head == index) {
            if next == NONE {
                head.remove();
            } else {
                *head.get_mut() = next;
            }
        }
        self.free.push(index);
    }

    /// Returns every place that was entered under this hash.
    pub(super) fn places(&self, hash: SubjectHash) -> Vec<Place> {
        let short = hash.short();
        let head = self.heads.find(spread(short), |&head| self.nodes[head as usize].short == short);
        let node = |index: u32| self.nodes.get(index as usize);
        let first = head.and_then(|&head| node(head));
        std::iter::successors(first, |at| node(at.next)).map(|at| at.place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_entering_and_removing_keeps_the_list_whole() {
        let hash = SubjectHash::new(7 << 32 | 1);
        for removed in 0..4_u32 {
            let mut subjects = Subjects::default();
            let nodes: Vec<_> = (0..4).map(|slot| subjects.insert(hash, (3, slot).into())).collect();
            subjects.remove(hash, nodes[removed as usize]);
            let mut slots: Vec<_> = subjects.places(hash).into_iter().map(Place::slot).collect();
            slots.sort_unstable();
            assert_eq!(slots, (0..4).filter(|&slot| slot != removed).collect::<Vec<_>>());
            assert_eq!(subjects.insert(hash, (3, 9).into()), nodes[removed as usize], "nodes are used again");
            for slot in subjects.places(hash) {
                assert_eq!(slot.shard(), 3);
            }
        }
    }

    #[test]
    fn an_emptied_list_is_gone() {
        let hash = SubjectHash::new(7 << 32);
        let mut subjects = Subjects::default();
        let node = subjects.insert(hash, (0, 1).into());
        subjects.remove(hash, node);
        assert!(subjects.places(hash).is_empty() && subjects.heads.is_empty());
    }
}
