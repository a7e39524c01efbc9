use std::time::Duration;

use hallpass::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, Response, redirect};

use super::Webhook;
use super::message::Message;

/// How long a receiver has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// For at most so long a receiver may ask to be left alone.
const LONGEST_REST: Duration = Duration::from_hours(1);
pub(super) const LONGEST_ERROR: usize = 500;

/// Posts messages to one receiver.
#[derive(Debug)]
pub(super) struct Sender(Client);

/// Why a message was not taken.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: String,
    /// How long the receiver asks to be left alone.
    pub(super) rest: Option<Duration>,
}

impl Sender {
    pub(super) fn new(webhook: &Webhook) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(PATIENCE)
            // Whoever answers could send it anywhere, with its signatures.
            .redirect(redirect::Policy::none())
            // A proxy would look names up for itself.
            .no_proxy()
            .dns_resolver(webhook.target.resolver())
            .pool_max_idle_per_host(1);
        Ok(Self(client.build()?))
    }

    /// Posts a message; it is taken if the receiver says so in time.
    pub(super) async fn send(&self, webhook: &Webhook, message: &Message, now: Timestamp) -> Result<(), Refused> {
        let second = now.as_millis() / 1000;
        let request = self
            .0
            .post(webhook.target.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("hallpass/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", second.to_string())
            .header("webhook-signature", message.signatures(second, &webhook.secrets))
            .body(message.body.clone());
        let answer = request.send().await.map_err(|error| Refused::unreachable(&error))?;
        if answer.status().is_success() { Ok(()) } else { Err(Refused::answered(&answer)) }
    }
}

impl Refused {
    fn unreachable(error: &reqwest::Error) -> Self {
        let mut text = if error.is_timeout() { "no answer within 10 s".to_owned() } else { "not reached".to_owned() };
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self { error: text.chars().take(LONGEST_ERROR / 4).collect(), rest: None }
    }

    fn answered(answer: &Response) -> Self {
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let rest = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_REST));
        Self { error: format!("it answered {}", answer.status().as_u16()), rest }
    }
}
