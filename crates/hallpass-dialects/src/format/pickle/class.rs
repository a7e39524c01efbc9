/// The classes and functions that may be named in a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    ByteArray,
    /// `_codecs.encode`: how protocols before 3 write bytes.
    Encode,
    Date,
    DateTime,
    Decimal,
    FrozenSet,
    /// `getattr`, which is taken for `ZoneInfo._unpickle` and nothing else.
    GetAttr,
    Set,
    Time,
    TimeDelta,
    TimeZone,
    Uuid,
    ZoneInfo,
    /// `ZoneInfo._unpickle`, once it was asked for.
    ZoneInfoUnpickle,
}

impl Class {
    /// Returns the class of this name; protocols before 3 know modules by their names in Python 2.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("builtins" | "__builtin__", "bytearray") => Self::ByteArray,
            ("builtins" | "__builtin__", "frozenset") => Self::FrozenSet,
            ("builtins" | "__builtin__", "getattr") => Self::GetAttr,
            ("builtins" | "__builtin__", "set") => Self::Set,
            ("_codecs", "encode") => Self::Encode,
            ("datetime", "date") => Self::Date,
            ("datetime", "datetime") => Self::DateTime,
            ("datetime", "time") => Self::Time,
            ("datetime", "timedelta") => Self::TimeDelta,
            ("datetime", "timezone") => Self::TimeZone,
            ("decimal", "Decimal") => Self::Decimal,
            ("uuid", "UUID") => Self::Uuid,
            ("zoneinfo", "ZoneInfo") => Self::ZoneInfo,
            _ => return None,
        })
    }
}
