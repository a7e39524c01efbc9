//! A service that refuses: it has the table, and answers everything else as a test wants.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

/// What it answers: a status and a code. No status at all is a connection that closes without an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Refusal(u16, &'static str),
    Silence,
}

#[derive(Debug)]
pub(crate) struct Fake {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    answer: Answer,
    to_description: Option<Answer>,
    asked: Vec<String>,
}

impl Fake {
    pub(crate) fn answering(answer: Answer) -> Self {
        Self::new(answer, None)
    }

    /// One that does not even tell of its table.
    pub(crate) fn refusing(answer: Answer) -> Self {
        Self::new(answer, Some(answer))
    }

    fn new(answer: Answer, to_description: Option<Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let state = Arc::new(Mutex::new(State { answer, to_description, asked: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that goes away ends it.
                thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("dynamodb://AKIATEST:s3cret@eu-west-1/sessions?endpoint=http://127.0.0.1:{}", self.port)
    }

    /// Returns what was asked so far, and forgets it.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().asked)
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let (mut target, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "x-amz-target" => value.rsplit('.').next().unwrap_or_default().clone_into(&mut target),
                "content-length" => length = value.parse().expect("a length"),
                _ => {}
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let answer = {
            let mut state = state.lock();
            state.asked.push(target.clone());
            if target == "DescribeTable" { state.to_description } else { Some(state.answer) }
        };
        let (status, body) = match answer {
            None => (200, DESCRIPTION.to_owned()),
            Some(Answer::Refusal(status, code)) => {
                (status, format!("{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{code}\",\"message\":\"no\"}}"))
            }
            Some(Answer::Silence) => return Ok(()),
        };
        write!(
            writer,
            "HTTP/1.1 {status} Word\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

const DESCRIPTION: &str = r#"{"Table":{"TableName":"sessions","TableStatus":"ACTIVE",
"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},
{"AttributeName":"due_in","AttributeType":"S"},{"AttributeName":"due_at","AttributeType":"N"}],
"GlobalSecondaryIndexes":[{"IndexName":"due","KeySchema":[{"AttributeName":"due_in","KeyType":"HASH"},
{"AttributeName":"due_at","KeyType":"RANGE"}]}]}}"#;
