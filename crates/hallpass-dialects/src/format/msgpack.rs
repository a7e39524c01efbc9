//! `MessagePack`, as msgpack-python writes it.

use crate::cursor::Cursor;
use crate::error::{Error, Format};
use crate::limits::{Budget, Limits};
use crate::value::{Map, Value};

/// Reads one value and nothing behind it.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Value, Error> {
    let budget = Budget::new(Format::MessagePack, limits, bytes)?;
    let mut reader = Reader { cursor: Cursor::new(Format::MessagePack, bytes), budget };
    let value = reader.value()?;
    if reader.cursor.is_empty() { Ok(value) } else { Err(reader.cursor.error("it goes on after its end")) }
}

struct Reader<'b> {
    cursor: Cursor<'b>,
    budget: Budget,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, Error> {
        let at = self.cursor.at();
        self.budget.spend(1, at)?;
        Ok(match self.cursor.u8()? {
            small @ 0..=0x7f => Value::Int(small.into()),
            small @ 0xe0..=0xff => Value::Int(small.cast_signed().into()),
            length @ 0x80..=0x8f => self.map((length & 15).into())?,
            length @ 0x90..=0x9f => self.list((length & 15).into())?,
            length @ 0xa0..=0xbf => self.text((length & 31).into())?,
            0xc0 => Value::Null,
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            width @ 0xc4..=0xc6 => {
                let length = self.unsigned(width - 0xc4)?;
                Value::Bytes(self.cursor.declared(length)?.into())
            }
            0xca => Value::Float(f32::from_be_bytes(self.cursor.array()?).into()),
            0xcb => Value::Float(f64::from_be_bytes(self.cursor.array()?)),
            width @ 0xcc..=0xcf => Value::from_u64(self.unsigned(width - 0xcc)?),
            0xd0 => Value::Int(i8::from_be_bytes(self.cursor.array()?).into()),
            0xd1 => Value::Int(i16::from_be_bytes(self.cursor.array()?).into()),
            0xd2 => Value::Int(i32::from_be_bytes(self.cursor.array()?).into()),
            0xd3 => Value::Int(i64::from_be_bytes(self.cursor.array()?)),
            width @ 0xd9..=0xdb => {
                let length = self.unsigned(width - 0xd9)?;
                self.text(length)?
            }
            width @ 0xdc..=0xdd => {
                let length = self.unsigned(width - 0xdb)?;
                self.list(length)?
            }
            width @ 0xde..=0xdf => {
                let length = self.unsigned(width - 0xdd)?;
                self.map(length)?
            }
            0xc1 => return Err(Error::malformed(Format::MessagePack, at, "there is no such type")),
            // 0xc7 to 0xc9 and 0xd4 to 0xd8: types of an application's own.
            _ => return Err(Error::foreign(Format::MessagePack, at, "an extension")),
        })
    }

    fn list(&mut self, length: u64) -> Result<Value, Error> {
        let at = self.cursor.at();
        let length = self.cursor.count(length, 1)?;
        self.budget.descend(at)?;
        let items = (0..length).map(|_| self.value()).collect::<Result<_, _>>()?;
        self.budget.ascend();
        Ok(Value::List(items))
    }

    fn map(&mut self, length: u64) -> Result<Value, Error> {
        let at = self.cursor.at();
        let length = self.cursor.count(length, 2)?;
        self.budget.descend(at)?;
        let pairs = (0..length).map(|_| Ok((self.value()?, self.value()?))).collect::<Result<_, _>>()?;
        self.budget.ascend();
        Ok(Value::Map(Map::from_pairs(pairs)))
    }

    fn text(&mut self, length: u64) -> Result<Value, Error> {
        let invalid = self.cursor.error("text is not UTF-8");
        str::from_utf8(self.cursor.declared(length)?).map(Value::from).map_err(|_| invalid)
    }

    /// Takes a number of 1, 2, 4 or 8 bytes.
    fn unsigned(&mut self, width: u8) -> Result<u64, Error> {
        Ok(match width {
            0 => self.cursor.u8()?.into(),
            1 => u16::from_be_bytes(self.cursor.array()?).into(),
            2 => u32::from_be_bytes(self.cursor.array()?).into(),
            _ => u64::from_be_bytes(self.cursor.array()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Value, Error> {
        super::read(bytes, &Limits::default())
    }

    // Written with msgpack-python 1.1.
    #[test]
    fn what_python_wrote_is_read() {
        assert_eq!(read(b"\x92\xff\xe0"), Ok(Value::List(vec![Value::Int(-1), Value::Int(-32)])));
        let value = read(b"\x82\xa1b\xcd\x01\x2c\xa1c\x93\xc0\xc2\xcb\x3f\xf8\0\0\0\0\0\0").unwrap();
        assert_eq!(value.at(&["b"]), Some(&Value::Int(300)));
        assert_eq!(value.at(&["c"]), Some(&Value::List(vec![Value::Null, Value::Bool(false), Value::Float(1.5)])));
        assert_eq!(read(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), Ok(Value::Big("18446744073709551615".into())));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for bytes in [
            &b"\xdd\xff\xff\xff\xff"[..],
            b"\xdf\x7f\xff\xff\xff\x01",
            b"\xdb\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
        ] {
            assert!(read(bytes).unwrap_err().is_malformed(), "{bytes:x?}");
        }
        assert!(read(&[0x91; 1000]).unwrap_err().is_too_large());
        assert!(read(b"\xc1").unwrap_err().is_malformed() && read(b"\xd4\x01\x02").unwrap_err().is_foreign());
    }
}
