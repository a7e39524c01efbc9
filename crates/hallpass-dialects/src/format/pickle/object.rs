//! Values of the known classes, from the arguments that Python's own `__reduce__` gives them.

use std::fmt::Write as _;

use num_bigint::BigInt;

use super::class::Class;
use super::tree::{Id, Node, Tree};
use crate::value::{Text, TextBuilder, Value};

/// Makes a value of a class; nothing if the arguments are none of those that Python writes.
pub(super) fn make(class: Class, arguments: &[Id], tree: &Tree, is_new: bool) -> Option<Node> {
    let value = match (class, arguments) {
        (Class::Uuid, []) if is_new => return Some(Node::Unbuilt(Class::Uuid)),
        _ if is_new => return None,
        (Class::GetAttr, [owner, name]) => {
            let is_unpickle =
                matches!(tree.node(*owner), Node::Class(Class::ZoneInfo)) && tree.text(*name)? == "_unpickle";
            return is_unpickle.then_some(Node::Class(Class::ZoneInfoUnpickle));
        }
        (Class::Set, [items]) => return items_of(*items, tree).map(Node::Set),
        (Class::FrozenSet, [items]) => return items_of(*items, tree).map(Node::FrozenSet),
        (Class::Set, []) => return Some(Node::Set(Vec::new())),
        (Class::FrozenSet, []) => return Some(Node::FrozenSet(Vec::new())),
        (Class::Encode, [text, encoding]) => encode(text_of(*text, tree)?, tree.text(*encoding)?)?,
        (Class::ByteArray, []) => Value::tagged("bytearray", Value::Bytes([].into())),
        (Class::ByteArray, [bytes]) => Value::tagged("bytearray", Value::Bytes(bytes_of(*bytes, tree)?.into())),
        // Protocol 2 writes `bytearray(text, "latin-1")`.
        (Class::ByteArray, [text, encoding]) => {
            Value::tagged("bytearray", encode(text_of(*text, tree)?, tree.text(*encoding)?)?)
        }
        (Class::Decimal, [digits]) => decimal(tree.text(*digits)?)?,
        (Class::Date, [state]) => date(bytes_of(*state, tree)?.try_into().ok()?)?,
        (Class::Time, [state, zone @ ..]) => {
            let (time, fold) = time(bytes_of(*state, tree)?.try_into().ok()?)?;
            Value::tagged("datetime.time", format!("{time}{}{fold}", zone_of(zone, tree)?).into())
        }
        (Class::DateTime, [state, zone @ ..]) => {
            let state: [u8; 10] = bytes_of(*state, tree)?.try_into().ok()?;
            let [y1, y2, month, day, clock @ ..] = state;
            // The mark of a time that comes again is in the month here.
            let (clock, "") = time(clock)? else { return None };
            let fold = if month & 0x80 == 0 { "" } else { FOLD };
            let date = date_text([y1, y2, month & 0x7f, day])?;
            Value::tagged("datetime.datetime", format!("{date}T{clock}{}{fold}", zone_of(zone, tree)?).into())
        }
        (Class::TimeDelta, [days, seconds, micros]) => {
            let part = |id: &Id| tree.value(*id)?.as_int().map(i128::from);
            let micros = (part(days)? * 86_400 + part(seconds)?) * 1_000_000 + part(micros)?;
            Value::tagged("datetime.timedelta", Value::from_big(&BigInt::from(micros)))
        }
        (Class::TimeZone, [offset, name @ ..]) => {
            let name = match name {
                [] => String::new(),
                [name] => format!("[{}]", plain_name(tree.text(*name)?)?),
                _ => return None,
            };
            let offset = tree.value(*offset).filter(|offset| offset.tag() == Some("datetime.timedelta"))?.as_int()?;
            Value::tagged("datetime.timezone", format!("{}{name}", offset_text(offset)?).into())
        }
        (Class::ZoneInfoUnpickle, [key, _]) => Value::tagged("zoneinfo.ZoneInfo", plain_name(tree.text(*key)?)?.into()),
        _ => return None,
    };
    Some(Node::Value(value))
}

/// What is behind a time that comes again when clocks are set back.
pub(super) const FOLD: &str = "[fold=1]";

/// Makes a `UUID` from its state, `{'int': number}`.
pub(super) fn uuid(state: Id, tree: &Tree) -> Option<Value> {
    let Node::Dict(pairs) = tree.node(state) else { return None };
    let [(name, number)] = pairs[..] else { return None };
    let number: u128 = match tree.value(number).filter(|_| tree.text(name) == Some("int"))? {
        Value::Int(number) => u128::try_from(*number).ok()?,
        Value::Big(digits) => digits.parse().ok()?,
        _ => return None,
    };
    let hex = format!("{number:032x}");
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Some(Value::tagged("uuid.UUID", parts.join("-").into()))
}

fn items_of(id: Id, tree: &Tree) -> Option<Vec<Id>> {
    match tree.node(id) {
        Node::List(items) | Node::Tuple(items) => Some(items.clone()),
        _ => None,
    }
}

fn text_of(id: Id, tree: &Tree) -> Option<&Text> {
    match tree.value(id)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn bytes_of(id: Id, tree: &Tree) -> Option<&[u8]> {
    match tree.value(id)? {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

fn encode(text: &Text, encoding: &str) -> Option<Value> {
    let latin = |character: char| u8::try_from(u32::from(character)).ok();
    let bytes: Option<Box<[u8]>> = text.as_str()?.chars().map(latin).collect();
    matches!(encoding, "latin1" | "latin-1").then_some(Value::Bytes(bytes?))
}

fn decimal(text: &str) -> Option<Value> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_number = !text.is_empty() && text.len() <= 4300 && text.bytes().all(is_plain);
    is_number.then(|| Value::tagged("decimal.Decimal", text.into()))
}

fn date(state: [u8; 4]) -> Option<Value> {
    date_text(state).map(|text| Value::tagged("datetime.date", text.into()))
}

fn date_text([y1, y2, month, day]: [u8; 4]) -> Option<String> {
    let year = u16::from_be_bytes([y1, y2]);
    let is_date = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Returns a time of day, and the mark of one that comes again, which is in the hour.
fn time([hour, minute, second, micros @ ..]: [u8; 6]) -> Option<(String, &'static str)> {
    let (hour, fold) = if hour & 0x80 == 0 { (hour, "") } else { (hour & 0x7f, FOLD) };
    let micros = u32::from_be_bytes([0, micros[0], micros[1], micros[2]]);
    if hour > 23 || minute > 59 || second > 59 || micros > 999_999 {
        return None;
    }
    let mut text = format!("{hour:02}:{minute:02}:{second:02}");
    if micros > 0 {
        let _ = write!(text, ".{micros:06}");
    }
    Some((text, fold))
}

fn zone_of(arguments: &[Id], tree: &Tree) -> Option<String> {
    match arguments {
        [] => Some(String::new()),
        [zone] => {
            let zone = tree.value(*zone)?;
            match zone.tag()? {
                "datetime.timezone" => zone.as_str().map(str::to_owned),
                "zoneinfo.ZoneInfo" => zone.as_str().map(|key| format!("[{key}]")),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns an offset in microseconds as Python writes it: `+02:00`.
fn offset_text(micros: i64) -> Option<String> {
    let (sign, micros) = if micros < 0 { ('-', micros.unsigned_abs()) } else { ('+', micros.unsigned_abs()) };
    let seconds = micros / 1_000_000;
    if seconds >= 86_400 {
        return None;
    }
    let mut text = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 > 0 || micros % 1_000_000 > 0 {
        let _ = write!(text, ":{:02}", seconds % 60);
    }
    if micros % 1_000_000 > 0 {
        let _ = write!(text, ".{:06}", micros % 1_000_000);
    }
    Some(text)
}

/// Returns the name of a zone, if it can stand in brackets.
fn plain_name(name: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+' | ' ' | ':');
    (!name.is_empty() && name.len() <= 100 && name.chars().all(is_plain)).then_some(name)
}

/// Text of protocol 0: Latin-1 with `\u` and `\U` escapes.
pub(super) fn raw_unicode_escape(line: &[u8]) -> Option<Text> {
    let mut text = TextBuilder::default();
    let mut rest = line;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let width = match (byte, behind.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                text.push_char(byte.into());
                continue;
            }
        };
        let code = hex(behind.get(1..=width)?)?;
        match (u16::try_from(code), char::from_u32(code)) {
            (Ok(unit), _) => text.push_unit(unit),
            (Err(_), Some(character)) => text.push_char(character),
            (Err(_), None) => return None,
        }
        rest = &behind[1 + width..];
    }
    Some(text.finish())
}

/// Text of protocol 0 in quotes, as `repr` of Python 2 writes it; ASCII only.
pub(super) fn quoted(line: &[u8]) -> Option<Text> {
    let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = line else { return None };
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            text.push(char::from(byte));
            continue;
        }
        let (&escape, behind) = behind.split_first()?;
        rest = behind;
        match escape {
            b'\\' | b'\'' | b'"' => text.push(escape.into()),
            b'n' => text.push('\n'),
            b'r' => text.push('\r'),
            b't' => text.push('\t'),
            b'x' => {
                text.push(char::from(u8::try_from(hex(behind.get(..2)?)?).ok()?));
                rest = &behind[2..];
            }
            _ => return None,
        }
    }
    text.is_ascii().then(|| text.into())
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}
