use std::fmt::Write as _;

use super::{Spelling, number, order};
use crate::error::{Error, Format};
use crate::value::{Map, Part, Text, Value};

/// Writes a value. What JSON has no types for goes as the nearest that it has, as each language's own writer does.
pub(crate) fn write(value: &Value, spelling: Spelling) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { out: String::new(), spelling };
    writer.value(value)?;
    Ok(writer.out.into_bytes())
}

struct Writer {
    out: String,
    spelling: Spelling,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) => self.int(*number)?,
            Value::Big(digits) => self.big(digits)?,
            Value::Float(number) => self.float(*number)?,
            Value::Text(text) => self.text(text),
            Value::List(items) => {
                self.sequence('[', ']', items, Self::value)?;
            }
            Value::Map(map) => self.map(map)?,
            Value::Tagged(tagged) => self.value(&tagged.value)?,
            Value::Bytes(_) => return Err(Error::read_only(Format::Json, "it has no place for bytes")),
            Value::Opaque(opaque) => {
                return Err(Error::read_only(Format::Json, format!("it has no place for {:?}", opaque.class())));
            }
        }
        Ok(())
    }

    fn int(&mut self, number: i64) -> Result<(), Error> {
        let is_rounded = number.unsigned_abs() > 1 << 53;
        if is_rounded && matches!(self.spelling, Spelling::JavaScript | Spelling::Go) {
            return Err(Error::read_only(
                Format::Json,
                "a whole number beyond 2^53 would be rounded by whoever reads it",
            ));
        }
        let _ = write!(self.out, "{number}");
        Ok(())
    }

    fn big(&mut self, digits: &str) -> Result<(), Error> {
        if matches!(self.spelling, Spelling::JavaScript | Spelling::Go) {
            return Err(Error::read_only(
                Format::Json,
                "a whole number beyond 2^53 would be rounded by whoever reads it",
            ));
        }
        self.out.push_str(digits);
        Ok(())
    }

    fn float(&mut self, number: f64) -> Result<(), Error> {
        match self.spelling {
            Spelling::Python | Spelling::PythonSpaced => self.out.push_str(&number::python(number)),
            Spelling::Go | Spelling::Java if !number.is_finite() => {
                return Err(Error::read_only(Format::Json, "it has no place for what is no number"));
            }
            // The one number of which the two have not the same spelling.
            Spelling::Go if number == 0.0 && number.is_sign_negative() => self.out.push_str("-0"),
            Spelling::JavaScript | Spelling::Go => self.out.push_str(&number::javascript(number)),
            Spelling::Java => {
                let _ = write!(self.out, "{number:?}");
            }
        }
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Result<(), Error> {
        let mut pairs: Vec<&(Value, Value)> = map.iter().collect();
        order::sort(&mut pairs, self.spelling, |(key, _)| key);
        self.sequence('{', '}', &pairs, |writer, (key, value)| {
            writer.key(key)?;
            writer.out.push_str(if writer.spelling == Spelling::PythonSpaced { ": " } else { ":" });
            writer.value(value)
        })
    }

    fn key(&mut self, key: &Value) -> Result<(), Error> {
        match key {
            Value::Text(text) => self.text(text),
            // What is no text is quoted by Python.
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Float(_)
                if self.spelling.is_python() =>
            {
                self.out.push('"');
                self.value(key)?;
                self.out.push('"');
            }
            _ => return Err(Error::read_only(Format::Json, "a key is no text")),
        }
        Ok(())
    }

    fn sequence<T>(
        &mut self,
        open: char,
        close: char,
        items: &[T],
        mut write: impl FnMut(&mut Self, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.out.push(open);
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.out.push_str(if self.spelling == Spelling::PythonSpaced { ", " } else { "," });
            }
            write(self, item)?;
        }
        self.out.push(close);
        Ok(())
    }

    fn text(&mut self, text: &Text) {
        self.out.push('"');
        for part in text.parts() {
            match part {
                Part::Whole(text) => self.plain(text),
                Part::Half(_) if self.spelling == Spelling::Go => self.out.push_str("\\ufffd"),
                Part::Half(unit) => self.unit(unit),
            }
        }
        self.out.push('"');
    }

    fn plain(&mut self, text: &str) {
        let mut from = 0;
        for (at, character) in text.char_indices() {
            if self.is_raw(character) {
                continue;
            }
            self.out.push_str(&text[from..at]);
            from = at + character.len_utf8();
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                _ => character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| self.unit(*unit)),
            }
        }
        self.out.push_str(&text[from..]);
    }

    fn is_raw(&self, character: char) -> bool {
        let is_escaped = matches!(character, '"' | '\\' | '\0'..' ')
            || match self.spelling {
                Spelling::JavaScript => false,
                Spelling::Python | Spelling::PythonSpaced => !character.is_ascii(),
                Spelling::Go => matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
                Spelling::Java => character > '\u{ffff}',
            };
        !is_escaped
    }

    fn unit(&mut self, unit: u16) {
        let _ = match self.spelling {
            Spelling::Java => write!(self.out, "\\u{unit:04X}"),
            _ => write!(self.out, "\\u{unit:04x}"),
        };
    }
}
