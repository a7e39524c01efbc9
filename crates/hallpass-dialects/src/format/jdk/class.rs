/// Where a class is among those of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClassId(pub(super) usize);

/// A class as the stream describes it.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) flags: u8,
    /// Type codes and names, in the order in which values have them.
    pub(super) fields: Vec<(u8, String)>,
    pub(super) parent: Option<ClassId>,
    /// Whether its description is at its end: before, nothing can be of this class.
    pub(super) is_whole: bool,
}

/// The flags of a class (Java Object Serialization Specification, section 6.4.2).
pub(super) mod flag {
    pub(in super::super) const WRITE_METHOD: u8 = 1;
    pub(in super::super) const SERIALIZABLE: u8 = 2;
    pub(in super::super) const EXTERNALIZABLE: u8 = 4;
    pub(in super::super) const BLOCK_DATA: u8 = 8;
}
