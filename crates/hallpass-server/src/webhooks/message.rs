use hallpass::{Event, Timestamp};
use serde::Serialize;

use super::secret::Secret;

/// An event as it is sent: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
#[derive(Debug)]
pub(super) struct Message {
    /// The event's own name: the same whenever it is sent, so that receivers can tell what they have.
    pub(super) id: String,
    pub(super) body: Vec<u8>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: Timestamp,
    data: &'a Event,
}

impl Message {
    pub(super) fn of(event: &Event) -> Result<Self, serde_json::Error> {
        let body = Body { kind: event.kind.as_str(), timestamp: event.at, data: event };
        Ok(Self { id: event.id.to_string(), body: serde_json::to_vec(&body)? })
    }

    /// Returns the signatures of the message as sent at this second, one by each secret.
    pub(super) fn signatures(&self, second: u64, secrets: &[Secret]) -> String {
        let mut content = format!("{}.{second}.", self.id).into_bytes();
        content.extend_from_slice(&self.body);
        let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(&content)).collect();
        signatures.join(" ")
    }
}
