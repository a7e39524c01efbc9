use std::str::FromStr as _;

use num_bigint::BigInt;

use super::object::FOLD;
use crate::error::{Error, Format};
use crate::limits::Limits;
use crate::value::{Map, Text, Value};

/// Writes a value in protocol 4 or 5, as C Python does where no object is used twice.
///
/// What was shared is written at each place, so a few bytes can become more than is read.
pub(crate) fn write(value: &Value, protocol: u8, limits: &Limits) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { out: Vec::new(), memo: 0 };
    writer.value(value)?;
    writer.out.push(b'.');
    let body = writer.out;
    let mut out = Vec::with_capacity(body.len() + 11);
    out.extend_from_slice(&[0x80, protocol]);
    // A frame is for readers of streams; larger pickles do without.
    if (4..64 << 10).contains(&body.len()) {
        out.push(0x95);
        out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    }
    out.extend_from_slice(&body);
    // A value takes a byte at least: only what is longer can be more than is read.
    if out.len() > limits.values.min(limits.bytes) {
        super::read(&out, limits)?;
    }
    Ok(out)
}

/// As many items are added at once as C Python does.
const BATCH: usize = 1000;

struct Writer {
    out: Vec<u8>,
    memo: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Null => self.out.push(b'N'),
            Value::Bool(flag) => self.out.push(if *flag { 0x88 } else { 0x89 }),
            Value::Int(number) => self.int(*number),
            Value::Big(digits) => self.long(&BigInt::from_str(digits).map_err(|_| refuse("a number is none"))?)?,
            Value::Float(number) => {
                self.out.push(b'G');
                self.out.extend_from_slice(&number.to_be_bytes());
            }
            Value::Text(text) => self.text(text)?,
            Value::Bytes(bytes) => self.sized(bytes, b'C', b'B')?,
            Value::List(items) => {
                self.out.push(b']');
                self.memoise();
                self.batches(items, b'a', b'e', Self::value)?;
            }
            Value::Map(map) => self.map(map)?,
            Value::Tagged(tagged) => self.tagged(&tagged.tag, &tagged.value)?,
            Value::Opaque(opaque) => return Err(refuse(format!("it has no place for {:?}", opaque.class()))),
        }
        Ok(())
    }

    fn tagged(&mut self, tag: &str, value: &Value) -> Result<(), Error> {
        match (tag, value) {
            ("tuple", Value::List(items)) => self.tuple(items),
            ("set", Value::List(items)) => {
                self.out.push(0x8f);
                self.memoise();
                if items.is_empty() {
                    return Ok(());
                }
                for batch in items.chunks(BATCH) {
                    self.out.push(b'(');
                    batch.iter().try_for_each(|item| self.hashed(item))?;
                    self.out.push(0x90);
                }
                Ok(())
            }
            ("frozenset", Value::List(items)) => {
                self.out.push(b'(');
                items.iter().try_for_each(|item| self.hashed(item))?;
                self.out.push(0x91);
                self.memoise();
                Ok(())
            }
            ("bytearray", Value::Bytes(_)) => self.call("builtins", "bytearray", |writer| writer.value(value)),
            ("decimal.Decimal", Value::Text(_)) => self.call("decimal", "Decimal", |writer| writer.value(value)),
            ("uuid.UUID", Value::Text(text)) => self.uuid(text),
            ("datetime.date", _) => {
                let state = value.as_str().and_then(date).ok_or_else(|| refuse("a date is none"))?;
                self.call("datetime", "date", |writer| writer.sized(&state, b'C', b'B'))
            }
            ("datetime.time" | "datetime.datetime", _) => {
                let (state, zone) = value.as_str().and_then(moment).ok_or_else(|| refuse("a time is none"))?;
                let name = tag.strip_prefix("datetime.").unwrap_or_default();
                self.class("datetime", name);
                self.sized(&state, b'C', b'B')?;
                if zone.is_empty() {
                    self.reduce(1);
                    return Ok(());
                }
                self.zone(zone)?;
                self.reduce(2);
                Ok(())
            }
            ("datetime.timedelta", Value::Int(_) | Value::Big(_)) => self.timedelta(value),
            ("datetime.timezone" | "zoneinfo.ZoneInfo", Value::Text(text)) => {
                let name = text.as_str().unwrap_or_default();
                if tag == "datetime.timezone" { self.zone(name) } else { self.zone(&format!("[{name}]")) }
            }
            _ => Err(refuse(format!("it has no place for {tag:?}"))),
        }
    }

    fn int(&mut self, number: i64) {
        if let Ok(byte) = u8::try_from(number) {
            self.out.extend_from_slice(&[b'K', byte]);
        } else if let Ok(short) = u16::try_from(number) {
            self.out.push(b'M');
            self.out.extend_from_slice(&short.to_le_bytes());
        } else if let Ok(word) = i32::try_from(number) {
            self.out.push(b'J');
            self.out.extend_from_slice(&word.to_le_bytes());
        } else {
            let bytes = BigInt::from(number).to_signed_bytes_le();
            // At most eight bytes.
            self.out.extend_from_slice(&[0x8a, u8::try_from(bytes.len()).unwrap_or_default()]);
            self.out.extend_from_slice(&bytes);
        }
    }

    fn long(&mut self, number: &BigInt) -> Result<(), Error> {
        let bytes = number.to_signed_bytes_le();
        self.length(bytes.len(), 0x8a, 0x8b)?;
        self.out.extend_from_slice(&bytes);
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Result<(), Error> {
        self.sized(text.as_bytes(), 0x8c, b'X')
    }

    /// Writes bytes behind their length, with the opcode for short or for long ones.
    fn sized(&mut self, bytes: &[u8], short: u8, long: u8) -> Result<(), Error> {
        self.length(bytes.len(), short, long)?;
        self.out.extend_from_slice(bytes);
        self.memoise();
        Ok(())
    }

    fn length(&mut self, length: usize, short: u8, long: u8) -> Result<(), Error> {
        if let Ok(length) = u8::try_from(length) {
            self.out.extend_from_slice(&[short, length]);
            return Ok(());
        }
        let length = u32::try_from(length).map_err(|_| refuse("a value is too long"))?;
        self.out.push(long);
        self.out.extend_from_slice(&length.to_le_bytes());
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Result<(), Error> {
        self.out.push(b'}');
        self.memoise();
        let pairs: Vec<_> = map.iter().collect();
        self.batches(&pairs, b's', b'u', |writer, (key, value)| {
            writer.hashed(key)?;
            writer.value(value)
        })
    }

    /// Writes a key or a member of a set.
    fn hashed(&mut self, value: &Value) -> Result<(), Error> {
        if !is_hashable(value) {
            return Err(refuse("a key cannot be one in Python"));
        }
        self.value(value)
    }

    fn batches<T>(
        &mut self,
        items: &[T],
        one: u8,
        many: u8,
        mut write: impl FnMut(&mut Self, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for batch in items.chunks(BATCH) {
            if let [item] = batch {
                write(self, item)?;
                self.out.push(one);
                continue;
            }
            self.out.push(b'(');
            batch.iter().try_for_each(|item| write(self, item))?;
            self.out.push(many);
        }
        Ok(())
    }

    fn tuple(&mut self, items: &[Value]) -> Result<(), Error> {
        if items.is_empty() {
            self.out.push(b')');
            return Ok(());
        }
        if items.len() > 3 {
            self.out.push(b'(');
        }
        items.iter().try_for_each(|item| self.value(item))?;
        self.close_tuple(items.len());
        Ok(())
    }

    fn close_tuple(&mut self, length: usize) {
        self.out.push(match length {
            1 => 0x85,
            2 => 0x86,
            3 => 0x87,
            _ => b't',
        });
        self.memoise();
    }

    fn class(&mut self, module: &str, name: &str) {
        for text in [module, name] {
            // Names of modules are short.
            self.out.extend_from_slice(&[0x8c, u8::try_from(text.len()).unwrap_or_default()]);
            self.out.extend_from_slice(text.as_bytes());
            self.memoise();
        }
        self.out.push(0x93);
        self.memoise();
    }

    fn reduce(&mut self, arguments: usize) {
        self.close_tuple(arguments);
        self.out.push(b'R');
        self.memoise();
    }

    fn call(
        &mut self,
        module: &str,
        name: &str,
        argument: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.class(module, name);
        argument(self)?;
        self.reduce(1);
        Ok(())
    }

    fn timedelta(&mut self, micros: &Value) -> Result<(), Error> {
        let micros: i128 = match micros {
            Value::Big(digits) => digits.parse().map_err(|_| refuse("a duration is too long"))?,
            other => other.as_int().unwrap_or_default().into(),
        };
        let days = micros.div_euclid(86_400_000_000);
        let days = i64::try_from(days).ok().filter(|days| days.unsigned_abs() < 1_000_000_000);
        let within = micros.rem_euclid(86_400_000_000);
        let part = |number: i128| i64::try_from(number).unwrap_or_default();
        self.class("datetime", "timedelta");
        self.int(days.ok_or_else(|| refuse("a duration is too long"))?);
        self.int(part(within / 1_000_000));
        self.int(part(within % 1_000_000));
        self.reduce(3);
        Ok(())
    }

    /// Writes a zone: `+02:00`, `+02:00[CEST]` or `[Europe/Vienna]`.
    fn zone(&mut self, zone: &str) -> Result<(), Error> {
        let (offset, name) = zone.split_once('[').unwrap_or((zone, ""));
        let name = name.trim_end_matches(']');
        if offset.is_empty() {
            self.class("builtins", "getattr");
            self.class("zoneinfo", "ZoneInfo");
            self.text(&"_unpickle".into())?;
            self.reduce(2);
            self.text(&name.into())?;
            self.out.push(0x88);
            self.reduce(2);
            return Ok(());
        }
        let micros = offset_micros(offset).ok_or_else(|| refuse("a time zone is none"))?;
        self.class("datetime", "timezone");
        self.timedelta(&Value::Int(micros))?;
        if name.is_empty() {
            self.reduce(1);
            return Ok(());
        }
        self.text(&name.into())?;
        self.reduce(2);
        Ok(())
    }

    fn uuid(&mut self, text: &Text) -> Result<(), Error> {
        let hex = text.as_str().map(|text| text.replace('-', "")).filter(|hex| hex.len() == 32);
        let number = hex.and_then(|hex| u128::from_str_radix(&hex, 16).ok()).ok_or_else(|| refuse("a UUID is none"))?;
        self.class("uuid", "UUID");
        self.out.extend_from_slice(&[b')', 0x81]);
        self.memoise();
        self.out.push(b'}');
        self.memoise();
        self.text(&"int".into())?;
        self.value(&Value::from_big(&BigInt::from(number)))?;
        self.out.extend_from_slice(b"sb");
        Ok(())
    }

    fn memoise(&mut self) {
        self.out.push(0x94);
        self.memo += 1;
    }
}

/// Tells whether Python has a hash of a value: of what can be changed, and of tuples of such, it has none.
fn is_hashable(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Tagged(tagged) => match (&*tagged.tag, &tagged.value) {
            ("set" | "bytearray", _) => false,
            ("tuple", Value::List(items)) => items.iter().all(is_hashable),
            _ => true,
        },
        _ => true,
    }
}

fn refuse(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::read_only(Format::Pickle, what)
}

/// Returns the state of a date, `2026-01-03`.
fn date(text: &str) -> Option<[u8; 4]> {
    let mut parts = text.split('-');
    let [y1, y2] = parts.next()?.parse::<u16>().ok()?.to_be_bytes();
    let state = [y1, y2, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?];
    (parts.next().is_none() && (1..=12).contains(&state[2]) && (1..=31).contains(&state[3])).then_some(state)
}

/// Returns the state of a time or of a date with a time, and the zone behind it.
fn moment(text: &str) -> Option<(Vec<u8>, &str)> {
    let (text, is_fold) = text.strip_suffix(FOLD).map_or((text, false), |text| (text, true));
    // Names of zones have a T in them too.
    let is_date = text.as_bytes().get(4) == Some(&b'-');
    let (day, clock) =
        if is_date { text.split_once('T').map(|(day, clock)| (Some(day), clock))? } else { (None, text) };
    let end = clock.find(['+', '-', '[']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(end);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let mut part = |most: u8| parts.next()?.parse::<u8>().ok().filter(|part| *part <= most);
    let mut time = vec![part(23)?, part(59)?, part(59)?];
    let micros: u32 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    time.extend_from_slice(&micros.to_be_bytes()[1..]);
    let Some(day) = day else {
        time[0] |= if is_fold { 0x80 } else { 0 };
        return Some((time, zone));
    };
    let mut state = date(day)?.to_vec();
    state[2] |= if is_fold { 0x80 } else { 0 };
    state.extend_from_slice(&time);
    Some((state, zone))
}

fn offset_micros(text: &str) -> Option<i64> {
    let (sign, text) = match text.split_at_checked(1)? {
        ("+", text) => (1, text),
        ("-", text) => (-1, text),
        _ => return None,
    };
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut seconds = 0;
    let mut scale = 3600;
    for part in clock.split(':') {
        seconds += part.parse::<u8>().ok().map(i64::from)? * scale;
        scale /= 60;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some(sign * (seconds * 1_000_000 + micros))
}
