use num_bigint::BigInt;

use super::{Spelling, order};
use crate::cursor::Cursor;
use crate::error::{Error, Format};
use crate::limits::{Budget, Limits};
use crate::value::{Map, Text, TextBuilder, Value, whole};

/// As many as `int` of Python reads from text.
const MOST_DIGITS: usize = 4300;

/// Reads one value and nothing behind it but white space.
pub(crate) fn read(bytes: &[u8], spelling: Spelling, limits: &Limits) -> Result<Value, Error> {
    read_and_tell(bytes, spelling, limits).map(|(value, _)| value)
}

/// Reads one value, and tells whether each key of an object stood there once.
pub(crate) fn read_and_tell(bytes: &[u8], spelling: Spelling, limits: &Limits) -> Result<(Value, bool), Error> {
    let budget = Budget::new(Format::Json, limits, bytes)?;
    let mut reader = Reader { cursor: Cursor::new(Format::Json, bytes), spelling, budget, is_unique: true };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    if !reader.cursor.is_empty() {
        return Err(reader.cursor.error("it goes on after its end"));
    }
    Ok((value, reader.is_unique))
}

struct Reader<'b> {
    cursor: Cursor<'b>,
    spelling: Spelling,
    budget: Budget,
    is_unique: bool,
}

impl<'b> Reader<'b> {
    fn value(&mut self) -> Result<Value, Error> {
        self.budget.spend(1, self.cursor.at())?;
        match self.cursor.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'N') if self.spelling.is_python() => self.word("NaN", Value::Float(f64::NAN)),
            Some(b'I') if self.spelling.is_python() => self.word("Infinity", Value::Float(f64::INFINITY)),
            _ => Err(self.cursor.error("a value was expected")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Error>) -> Result<Value, Error> {
        self.budget.descend(self.cursor.at())?;
        self.cursor.take(1)?;
        self.skip_space();
        let value = read(self)?;
        self.budget.ascend();
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Error> {
        let mut pairs = Vec::new();
        if self.closes(b'}')? {
            return Ok(Value::Map(Map::new()));
        }
        loop {
            if self.cursor.peek() != Some(b'"') {
                return Err(self.cursor.error("a key was expected"));
            }
            let key = Value::Text(self.text()?);
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            pairs.push((key, self.value()?));
            self.skip_space();
            if self.closes(b'}')? {
                // JavaScript makes an object, which has them in an order of its own, and Go a map, which has none.
                order::sort(&mut pairs, self.spelling, |(key, _)| key);
                let count = pairs.len();
                let map = Map::from_pairs(pairs);
                self.is_unique &= map.len() == count;
                return Ok(Value::Map(map));
            }
            self.expect(b',')?;
            self.skip_space();
        }
    }

    fn array(&mut self) -> Result<Value, Error> {
        let mut items = Vec::new();
        if self.closes(b']')? {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.closes(b']')? {
                return Ok(Value::List(items));
            }
            self.expect(b',')?;
            self.skip_space();
        }
    }

    fn closes(&mut self, bracket: u8) -> Result<bool, Error> {
        let closes = self.cursor.peek() == Some(bracket);
        if closes {
            self.cursor.take(1)?;
        }
        Ok(closes)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.cursor.peek() != Some(byte) {
            return Err(self.cursor.error("a comma, a colon or a bracket was expected"));
        }
        self.cursor.take(1).map(|_| ())
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        if !self.cursor.rest().starts_with(word.as_bytes()) {
            return Err(self.cursor.error("a value was expected"));
        }
        self.cursor.take(word.len())?;
        Ok(value)
    }

    fn text(&mut self) -> Result<Text, Error> {
        self.cursor.take(1)?;
        let first = self.plain()?;
        if self.closes(b'"')? {
            return Ok(first.into());
        }
        let mut text = TextBuilder::default();
        text.push_str(first);
        while !self.closes(b'"')? {
            self.cursor.take(1)?;
            self.escape(&mut text)?;
            let plain = self.plain()?;
            // An empty piece would come between two halves of a character.
            if !plain.is_empty() {
                text.push_str(plain);
            }
        }
        let text = text.finish();
        // Text of Go has no halves of characters.
        Ok(if self.spelling == Spelling::Go { text.to_lossy().into_owned().into() } else { text })
    }

    /// Takes text up to a quote or an escape.
    fn plain(&mut self) -> Result<&'b str, Error> {
        let rest = self.cursor.rest();
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        let length = length.ok_or_else(|| self.cursor.error("text does not end"))?;
        if rest[length] < 0x20 {
            self.cursor.take(length)?;
            return Err(self.cursor.error("a control character stands in text"));
        }
        let invalid = self.cursor.error("text is not UTF-8");
        str::from_utf8(self.cursor.take(length)?).map_err(|_| invalid)
    }

    fn escape(&mut self, text: &mut TextBuilder) -> Result<(), Error> {
        let character = match self.cursor.u8()? {
            escaped @ (b'"' | b'\\' | b'/') => escaped.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits: [u8; 4] = self.cursor.array()?;
                let unit = str::from_utf8(&digits).ok().filter(|_| digits.iter().all(u8::is_ascii_hexdigit));
                let unit = unit.and_then(|digits| u16::from_str_radix(digits, 16).ok());
                text.push_unit(unit.ok_or_else(|| self.cursor.error("an escape has no four digits"))?);
                return Ok(());
            }
            _ => return Err(self.cursor.error("there is no such escape")),
        };
        text.push_char(character);
        Ok(())
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.cursor.at();
        let is_negative = self.closes(b'-')?;
        if is_negative && self.spelling.is_python() && self.cursor.peek() == Some(b'I') {
            return self.word("Infinity", Value::Float(f64::NEG_INFINITY));
        }
        let leads_with_zero = self.cursor.peek() == Some(b'0');
        let digits = self.digits()?;
        if leads_with_zero && digits > 1 {
            return Err(self.cursor.error("a number begins with a zero"));
        }
        let mut is_whole = true;
        if self.closes(b'.')? {
            is_whole = false;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.cursor.peek() {
            is_whole = false;
            self.cursor.take(1)?;
            if let Some(b'+' | b'-') = self.cursor.peek() {
                self.cursor.take(1)?;
            }
            self.digits()?;
        }
        if digits > MOST_DIGITS {
            return Err(Error::too_large(Format::Json, start, "a number has too many digits"));
        }
        // Only ASCII was let through.
        let text = str::from_utf8(self.cursor.since(start)).unwrap_or_default();
        let number = if is_whole { self.whole(text) } else { text.parse().ok().map(|number| self.float(number)) };
        number.ok_or_else(|| self.cursor.error("a number is out of range"))
    }

    fn whole(&self, text: &str) -> Option<Value> {
        match self.spelling {
            Spelling::JavaScript | Spelling::Go => text.parse().ok().map(|number| self.float(number)),
            Spelling::Python | Spelling::PythonSpaced | Spelling::Java => match text.parse() {
                Ok(number) => Some(Value::Int(number)),
                Err(_) => text.parse::<BigInt>().ok().map(|number| Value::from_big(&number)),
            },
        }
    }

    fn float(&self, number: f64) -> Value {
        match (self.spelling, whole(number)) {
            (Spelling::JavaScript, Some(number)) => Value::Int(number),
            // The negative zero is written as the other one.
            (Spelling::JavaScript, None) if number == 0.0 => Value::Int(0),
            _ => Value::Float(number),
        }
    }

    fn digits(&mut self) -> Result<usize, Error> {
        let rest = self.cursor.rest();
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        if count == 0 {
            return Err(self.cursor.error("a digit was expected"));
        }
        self.cursor.take(count).map(|_| count)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.cursor.peek() {
            if self.cursor.take(1).is_err() {
                return;
            }
        }
    }
}
