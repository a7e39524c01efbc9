//! Java's own serialisation, read without Java: a graph of objects with their fields, and no class is ever looked up.

mod class;
mod graph;
mod read;
mod time;
mod utf;
mod values;
mod write;

#[cfg(test)]
mod tests;

use crate::error::Error;
use crate::limits::Limits;
use crate::value::{Opaque, Value};

pub(crate) use self::write::write;

/// Reads one object; what comes behind it is ignored, as Java does.
///
/// What could not be written again as it was is opaque, with what can be seen of it.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Value, Error> {
    let stream = read::read(bytes, limits)?;
    let read = values::to_value(&stream, limits, bytes)?;
    if read.is_writable {
        return Ok(read.value);
    }
    let view = match read.value {
        Value::Opaque(opaque) => opaque.view().clone(),
        value => value,
    };
    Ok(Value::Opaque(Box::new(Opaque::new(&read.class, bytes, view))))
}
