/// A method of [`Store`](crate::Store) that can be made to fail, and whose calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// [`Store::load`](crate::Store::load)
    Load,
    /// [`Store::save`](crate::Store::save)
    Save,
    /// [`Store::touch`](crate::Store::touch)
    Touch,
    /// [`Store::list`](crate::Store::list) and [`Store::overdue`](crate::Store::overdue)
    List,
    /// [`Store::events`](crate::Store::events)
    Events,
    /// [`Store::append`](crate::Store::append)
    Append,
    /// [`Store::epoch`](crate::Store::epoch)
    Epoch,
    /// [`Store::sweep`](crate::Store::sweep)
    Sweep,
}

impl Method {
    /// Every method, in the order of the trait.
    pub const ALL: [Self; 8] =
        [Self::Load, Self::Save, Self::Touch, Self::List, Self::Events, Self::Append, Self::Epoch, Self::Sweep];

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    pub(super) const fn can_conflict(self) -> bool {
        matches!(self, Self::Save | Self::Touch)
    }
}

/// How often each method of a store was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Calls of [`Store::load`](crate::Store::load).
    pub load: u64,
    /// Calls of [`Store::save`](crate::Store::save).
    pub save: u64,
    /// Calls of [`Store::touch`](crate::Store::touch).
    pub touch: u64,
    /// Calls of [`Store::list`](crate::Store::list) and [`Store::overdue`](crate::Store::overdue).
    pub list: u64,
    /// Calls of [`Store::events`](crate::Store::events).
    pub events: u64,
    /// Calls of [`Store::append`](crate::Store::append).
    pub append: u64,
    /// Calls of [`Store::epoch`](crate::Store::epoch).
    pub epoch: u64,
    /// Calls of [`Store::sweep`](crate::Store::sweep).
    pub sweep: u64,
}

impl Calls {
    /// Returns the number of all calls.
    pub const fn total(&self) -> u64 {
        self.load + self.save + self.touch + self.list + self.events + self.append + self.epoch + self.sweep
    }

    pub(super) const fn of(counts: [u64; 8]) -> Self {
        let [load, save, touch, list, events, append, epoch, sweep] = counts;
        Self { load, save, touch, list, events, append, epoch, sweep }
    }
}
