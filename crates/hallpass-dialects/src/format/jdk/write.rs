use super::utf;
use crate::error::{Error, Format};
use crate::value::{Map, Text, Value};

/// Writes an object: text, numbers, `Boolean`, `ArrayList`, `HashMap` and null, and nothing else.
pub(crate) fn write(value: &Value) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { out: vec![0xac, 0xed, 0, 5], handles: 0x7e_0000, described: Vec::new() };
    writer.object(value)?;
    Ok(writer.out)
}

/// A class: its name, the number of its version, its flags, its fields, and whether it is a number.
struct Class {
    name: &'static str,
    version: u64,
    flags: u8,
    fields: &'static [(u8, &'static str)],
    is_number: bool,
}

const fn wrapper(name: &'static str, version: u64, field: &'static [(u8, &'static str)], is_number: bool) -> Class {
    Class { name, version, flags: 2, fields: field, is_number }
}

const INTEGER: Class = wrapper("java.lang.Integer", 0x12e2_a0a4_f781_8738, &[(b'I', "value")], true);
const LONG: Class = wrapper("java.lang.Long", 0x3b8b_e490_cc8f_23df, &[(b'J', "value")], true);
const SHORT: Class = wrapper("java.lang.Short", 0x684d_3713_3460_da52, &[(b'S', "value")], true);
const BYTE: Class = wrapper("java.lang.Byte", 0x9c4e_6084_ee50_f51c, &[(b'B', "value")], true);
const DOUBLE: Class = wrapper("java.lang.Double", 0x80b3_c24a_296b_fb04, &[(b'D', "value")], true);
const FLOAT: Class = wrapper("java.lang.Float", 0xdaed_c9a2_db3c_f0ec, &[(b'F', "value")], true);
const BOOLEAN: Class = wrapper("java.lang.Boolean", 0xcd20_7280_d59c_faee, &[(b'Z', "value")], false);
const CHARACTER: Class = wrapper("java.lang.Character", 0x348b_47d9_6b1a_2678, &[(b'C', "value")], false);
const NUMBER: Class = wrapper("java.lang.Number", 0x86ac_951d_0b94_e08b, &[], false);
const ARRAY_LIST: Class = Class {
    name: "java.util.ArrayList",
    version: 0x7881_d21d_99c7_619d,
    flags: 3,
    fields: &[(b'I', "size")],
    is_number: false,
};
const HASH_MAP: Class = Class {
    name: "java.util.HashMap",
    version: 0x0507_dac1_c316_60d1,
    flags: 3,
    fields: &[(b'F', "loadFactor"), (b'I', "threshold")],
    is_number: false,
};

struct Writer {
    out: Vec<u8>,
    /// The next handle: what was written once is referred to by its handle.
    handles: u32,
    described: Vec<(&'static str, u32)>,
}

impl Writer {
    fn object(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Null => self.out.push(0x70),
            Value::Text(text) => self.text(text),
            Value::Bool(flag) => self.wrap(&BOOLEAN, &[u8::from(*flag)]),
            Value::Int(number) => match i32::try_from(*number) {
                Ok(small) => self.wrap(&INTEGER, &small.to_be_bytes()),
                Err(_) => self.wrap(&LONG, &number.to_be_bytes()),
            },
            Value::Float(number) => self.wrap(&DOUBLE, &number.to_be_bytes()),
            Value::List(items) => self.list(items)?,
            Value::Map(map) => self.map(map)?,
            Value::Tagged(tagged) => self.tagged(&tagged.tag, &tagged.value)?,
            Value::Big(_) => return Err(refuse("a number beyond 64 bits")),
            Value::Bytes(_) => return Err(refuse("bytes")),
            Value::Opaque(opaque) => return Err(refuse(opaque.class())),
        }
        Ok(())
    }

    fn tagged(&mut self, tag: &str, value: &Value) -> Result<(), Error> {
        let out_of_range = || refuse(&format!("a {tag} out of its range"));
        match (tag, value) {
            ("java.lang.Long", Value::Int(number)) => self.wrap(&LONG, &number.to_be_bytes()),
            ("java.lang.Short", Value::Int(number)) => {
                let number = i16::try_from(*number).map_err(|_| out_of_range())?;
                self.wrap(&SHORT, &number.to_be_bytes());
            }
            ("java.lang.Byte", Value::Int(number)) => {
                let number = i8::try_from(*number).map_err(|_| out_of_range())?;
                self.wrap(&BYTE, &number.to_be_bytes());
            }
            #[allow(clippy::cast_possible_truncation)] // it is checked that nothing is lost
            ("java.lang.Float", Value::Float(number)) => {
                let short = *number as f32;
                if f64::from(short).to_bits() != number.to_bits() && !number.is_nan() {
                    return Err(out_of_range());
                }
                self.wrap(&FLOAT, &short.to_be_bytes());
            }
            ("java.lang.Character", Value::Text(text)) => {
                let units = utf16(text);
                let &[unit] = units.as_slice() else { return Err(out_of_range()) };
                self.wrap(&CHARACTER, &unit.to_be_bytes());
            }
            _ => return Err(refuse(tag)),
        }
        Ok(())
    }

    fn text(&mut self, text: &Text) {
        let bytes = utf::write(text);
        if let Ok(length) = u16::try_from(bytes.len()) {
            self.out.push(0x74);
            self.out.extend_from_slice(&length.to_be_bytes());
        } else {
            self.out.push(0x7c);
            self.out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        }
        self.out.extend_from_slice(&bytes);
        self.handles += 1;
    }

    fn wrap(&mut self, class: &Class, value: &[u8]) {
        self.begin(class);
        self.out.extend_from_slice(value);
    }

    fn list(&mut self, items: &[Value]) -> Result<(), Error> {
        let size = i32::try_from(items.len()).map_err(|_| refuse("so long a list"))?;
        self.begin(&ARRAY_LIST);
        self.out.extend_from_slice(&size.to_be_bytes());
        self.out.extend_from_slice(&[0x77, 4]);
        self.out.extend_from_slice(&size.to_be_bytes());
        items.iter().try_for_each(|item| self.object(item))?;
        self.out.push(0x78);
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Result<(), Error> {
        let size =
            i32::try_from(map.len()).ok().filter(|size| *size < 1 << 28).ok_or_else(|| refuse("so large a map"))?;
        // The load factor is 0.75; an empty map has made no buckets yet.
        let buckets = ((size.saturating_mul(4) + 2) / 3).max(16).cast_unsigned().next_power_of_two().cast_signed();
        let threshold = if map.is_empty() { 0 } else { buckets / 4 * 3 };
        self.begin(&HASH_MAP);
        self.out.extend_from_slice(&0.75_f32.to_be_bytes());
        self.out.extend_from_slice(&threshold.to_be_bytes());
        self.out.extend_from_slice(&[0x77, 8]);
        self.out.extend_from_slice(&buckets.to_be_bytes());
        self.out.extend_from_slice(&size.to_be_bytes());
        for (key, value) in map.iter() {
            self.object(key)?;
            self.object(value)?;
        }
        self.out.push(0x78);
        Ok(())
    }

    /// Writes the mark of an object and its class; the object takes a handle behind those of the class.
    fn begin(&mut self, class: &Class) {
        self.out.push(0x73);
        self.describe(class);
        self.handles += 1;
    }

    fn describe(&mut self, class: &Class) {
        if let Some((_, handle)) = self.described.iter().find(|(name, _)| *name == class.name) {
            self.out.push(0x71);
            self.out.extend_from_slice(&handle.to_be_bytes());
            return;
        }
        self.described.push((class.name, self.handles));
        self.handles += 1;
        self.out.push(0x72);
        self.name(class.name);
        self.out.extend_from_slice(&class.version.to_be_bytes());
        // There are two fields at the most.
        self.out.extend_from_slice(&[class.flags, 0, u8::try_from(class.fields.len()).unwrap_or_default()]);
        for (code, name) in class.fields {
            self.out.push(*code);
            self.name(name);
        }
        self.out.push(0x78);
        if class.is_number {
            self.describe(&NUMBER);
        } else {
            self.out.push(0x70);
        }
    }

    fn name(&mut self, name: &str) {
        // Names of classes are short.
        self.out.extend_from_slice(&[0, u8::try_from(name.len()).unwrap_or_default()]);
        self.out.extend_from_slice(name.as_bytes());
    }
}

fn utf16(text: &Text) -> Vec<u16> {
    let mut units = Vec::new();
    for part in text.parts() {
        match part {
            crate::value::Part::Whole(text) => units.extend(text.encode_utf16()),
            crate::value::Part::Half(unit) => units.push(unit),
        }
    }
    units
}

fn refuse(what: &str) -> Error {
    Error::read_only(Format::Jdk, format!("it has no place for {what:?}"))
}
