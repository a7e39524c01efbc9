use crate::failure::Failure;

/// The most that one event of a stream can have, in bytes; what is longer is no stream of events.
const LONGEST: usize = 1 << 20;

/// Reads server-sent events from pieces of a stream, wherever they are cut
/// (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>).
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    after_return: bool,
    message: Message,
    size: usize,
}

/// One message of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// What kind it says it is; empty for a plain message.
    pub(super) event: String,
    /// What it holds, its lines joined.
    pub(super) data: String,
}

impl Reader {
    /// Takes in a piece, and returns the messages that it completes.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Message>, Failure> {
        let mut messages = Vec::new();
        for byte in piece {
            let follows_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if follows_return => {}
                b'\n' | b'\r' => messages.extend(self.end_line()),
                other => {
                    self.line.push(*other);
                    self.size += 1;
                    if self.size > LONGEST {
                        return Err(Failure::new("the service sends something else than events"));
                    }
                }
            }
        }
        Ok(messages)
    }

    fn end_line(&mut self) -> Option<Message> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            self.size = 0;
            let mut message = std::mem::take(&mut self.message);
            message.data.pop()?;
            return Some(message);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.message.event),
            "data" => {
                self.message.data.push_str(value);
                self.message.data.push('\n');
            }
            // `id` stands in the event itself, `retry` is ours to decide, and the rest is comments.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.data.as_str()).collect()
    }

    #[test]
    fn messages_are_whole_wherever_the_stream_is_cut() {
        let stream =
            "\u{feff}: hello\r\n\r\nid: 1\r\nevent: session\r\ndata: {\"a\":\ndata: 1}\r\n\r\ndata:x\n\n".as_bytes();
        for cut in 0..stream.len() {
            let mut reader = Reader::default();
            let mut messages = reader.feed(&stream[..cut]).expect("short");
            messages.extend(reader.feed(&stream[cut..]).expect("short"));
            assert_eq!(data(&messages), ["{\"a\":\n1}", "x"], "cut at {cut}");
            assert_eq!(messages[0].event, "session");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut reader = Reader::default();
        let refused = (0..1000).any(|_| reader.feed(&[b'x'; 4096]).is_err());
        assert!(refused && reader.line.len() <= LONGEST + 1);
    }

    #[test]
    fn comments_that_keep_a_line_open_complete_nothing() {
        let mut reader = Reader::default();
        for _ in 0..LONGEST {
            assert_eq!(reader.feed(b":\n\n").expect("comments"), []);
        }
    }
}
