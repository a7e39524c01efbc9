use hallpass::Event;
use hallpass::audit::Entry;

/// The names of the columns.
pub(super) const HEADER: &str = "number,id,at,kind,outcome,realm,session,subject,level,profile,actor,reason,note,request_id,\
                                 ip,user_agent,route,hash\r\n";

/// Returns the row of a line of the trail, or nothing if it is no event. An event that is not sealed has no number and hash.
pub(super) fn row(text: &str) -> Option<String> {
    let (number, hash, event) = match Entry::read(text).ok()? {
        Entry::Line(line) => (line.number.to_string(), line.hash.to_string(), line.event),
        Entry::Unsealed(event) => (String::new(), String::new(), event),
        Entry::Head(_) | Entry::Checkpoint(_) => return None,
    };
    let event: Event = serde_json::from_str(&event).ok()?;
    let outcome = if event.kind.is_refusal() { "refused" } else { "done" };
    let origin = &event.origin;
    let cells = [
        number,
        event.id.to_string(),
        event.at.to_string(),
        event.kind.to_string(),
        outcome.to_owned(),
        event.realm.to_string(),
        or_empty(event.session.as_ref()),
        or_empty(event.subject.as_ref()),
        or_empty(event.level.as_ref()),
        or_empty(event.profile.as_ref()),
        event.actor.to_string(),
        or_empty(event.reason.as_ref()),
        or_empty(event.note.as_ref()),
        or_empty(origin.request_id.as_ref()),
        or_empty(origin.ip.as_ref()),
        or_empty(origin.user_agent.as_ref()),
        or_empty(origin.route.as_ref()),
        hash,
    ];
    Some(format!("{}\r\n", cells.map(|cell| quoted(&cell)).join(",")))
}

fn or_empty(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// Quotes a cell (RFC 4180), and keeps spreadsheets from taking it for a formula, as the OWASP page on CSV injection says.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains(['"', ',', '\r', '\n']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_to_every_reader() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
    }

    #[test]
    fn a_row_has_as_many_cells_as_the_header() {
        let event = "{\"id\":\"00000000000000000000000000000007\",\"at\":\"2023-11-14T22:13:20.123Z\",\"kind\":\"revoked\",\
                     \"realm\":\"default\",\"actor\":\"policy\",\"origin\":{}}";
        let row = row(&format!("{{\"unsealed\":{event}}}")).expect("a row");
        assert_eq!(row.matches(',').count(), HEADER.matches(',').count());
        assert!(
            row.starts_with(",00000000000000000000000000000007,2023-11-14T22:13:20.123Z,revoked,done,default,,"),
            "{row}"
        );
    }
}
