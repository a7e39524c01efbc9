//! Rows in bulk, as the stores write them: three million saves would take a quarter of an hour.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use hallpass::Record;
use hallpass_sql::{SESSION_COLUMNS, Value, address, instant, session_values};

/// Writes rows as text: bytes in hexadecimal, instants in milliseconds.
pub(crate) fn write(path: &Path, records: impl Iterator<Item = Record>) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    for record in records {
        let fields = session_values(&record).map(|value| field(&value));
        writeln!(file, "{}", fields.join("\t")).expect("the disk has room");
    }
    file.flush().expect("the disk has room");
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => "\\N".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Instant(at) => instant(*at).to_string(),
        Value::Address(ip) => hex(&address(*ip)),
        // None of these has what would have to be escaped.
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => hex(bytes),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
        text
    })
}

const INSTANTS: [&str; 4] = ["seen_at", "expires_at", "created_at", "ended_at"];
const BYTES: [&str; 2] = ["id", "head"];

/// Returns statements that take the rows of a file into PostgreSQL.
pub(crate) fn into_postgres(path: &Path) -> String {
    let (mut staged, mut read) = (Vec::new(), Vec::new());
    for column in SESSION_COLUMNS {
        let (ty, value) = if INSTANTS.contains(&column) {
            ("bigint", format!("timestamptz 'epoch' + {column} * interval '1 millisecond'"))
        } else if BYTES.contains(&column) {
            ("text", format!("decode({column}, 'hex')"))
        } else {
            let ty = match column {
                "version" => "bigint",
                "level" => "smallint",
                "ip" => "inet",
                "data" => "json",
                _ => "text",
            };
            (ty, column.to_owned())
        };
        staged.push(format!("{column} {ty}"));
        read.push(value);
    }
    format!(
        "CREATE TEMP TABLE staged ({}); COPY staged FROM '{}';
         INSERT INTO hallpass.sessions ({}) SELECT {} FROM staged; DROP TABLE staged",
        staged.join(", "),
        path.display(),
        SESSION_COLUMNS.join(", "),
        read.join(", ")
    )
}

/// Returns a statement that takes the rows of a file into MySQL or MariaDB.
pub(crate) fn into_mysql(path: &Path) -> String {
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for column in SESSION_COLUMNS {
        if INSTANTS.contains(&column) {
            values.push(format!("{column} = TIMESTAMPADD(MICROSECOND, @{column} * 1000, '1970-01-01 00:00:00.000')"));
        } else if BYTES.contains(&column) {
            values.push(format!("{column} = UNHEX(@{column})"));
        } else {
            fields.push(column.to_owned());
            continue;
        }
        fields.push(format!("@{column}"));
    }
    format!(
        "LOAD DATA INFILE '{}' INTO TABLE hallpass_sessions CHARACTER SET utf8mb4 ({}) SET {}",
        path.display(),
        fields.join(", "),
        values.join(", ")
    )
}
