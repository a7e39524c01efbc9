use hallpass::{KeyState, Timestamp};
use hallpass_server::SigningKeyInfo;
use serde::Serialize;

use crate::args::{RemoveKey, RetireKey, RotateKey, SigningCommand};
use crate::backend::{Backend, unknown};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output, relative};
use crate::view::{SIGNING_KEY_COLUMNS, signing_key_row};

#[derive(Serialize)]
struct Listed<'a> {
    items: &'a [SigningKeyInfo],
}

/// Lists, retires and removes the keys that tokens are signed or sealed with.
pub(crate) async fn run(command: SigningCommand, backend: &dyn Backend, context: &Context) -> Result<Ending, Failure> {
    match command {
        SigningCommand::List => list(backend, context).await,
        SigningCommand::Retire(retire) => self::retire(&retire, backend, context).await,
        SigningCommand::Remove(remove) => self::remove(&remove, backend, context).await,
        SigningCommand::Rotate(rotate) => self::rotate(&rotate, backend, context).await,
    }
}

/// Makes the next key.
pub(crate) async fn rotate(rotate: &RotateKey, backend: &dyn Backend, context: &Context) -> Result<Ending, Failure> {
    let made = backend.rotate_signing_key(rotate.reason.as_ref()).await?;
    let output = &context.output;
    if output.json {
        output.document(&made)?;
    } else {
        output.data(&made.id)?;
        let when = moment(made.signs_from, context);
        output.note(format_args!("This {} key is published, and signs {when}. Nobody is logged out.", made.algorithm));
    }
    Ok(Ending::Done)
}

async fn list(backend: &dyn Backend, context: &Context) -> Result<Ending, Failure> {
    let keys = backend.signing_keys().await?;
    let output = &context.output;
    if output.json {
        output.document(&Listed { items: &keys })?;
    } else if keys.is_empty() {
        output.note("There is no signing key: this service makes no tokens that need one.");
    } else {
        let now = context.now();
        let rows: Vec<_> = keys.iter().map(|key| signing_key_row(key, now)).collect();
        output.write(&Columns::new(SIGNING_KEY_COLUMNS, Output::width()).piece(&rows))?;
    }
    Ok(Ending::found(!keys.is_empty()))
}

async fn retire(retire: &RetireKey, backend: &dyn Backend, context: &Context) -> Result<Ending, Failure> {
    let retired = backend.retire_signing_key(&retire.key, retire.reason.as_ref()).await?;
    let output = &context.output;
    if output.json {
        output.document(&retired)?;
    } else {
        output.data(format_args!("retired {}", retired.id))?;
        let (until, at) = (moment(retired.signs_until, context), moment(retired.retires_at, context));
        output.note(format_args!("Another key signs {until}, and this one is forgotten {at}. Nobody is logged out."));
    }
    Ok(Ending::Done)
}

async fn remove(remove: &RemoveKey, backend: &dyn Backend, context: &Context) -> Result<Ending, Failure> {
    let output = &context.output;
    if !remove.yes {
        let keys = backend.signing_keys().await?;
        let key = keys.iter().find(|key| key.id == remove.key).ok_or_else(|| unknown(&remove.key))?;
        let said = format!("the {} key {}, which {}", key.algorithm, key.id, doing(key.state));
        if !Output::can_ask() {
            return Err(Failure::refused(format!(
                "every token under {said} would be refused, and there is nobody to ask"
            ))
            .hint("--yes does not ask; `hallpass keys rotate` refuses nobody"));
        }
        if !output.ask(format_args!("Remove {said}? Every token under it is refused, and nothing brings it back."))? {
            return Err(Failure::refused("nothing was removed"));
        }
    }
    let removed = backend.remove_signing_key(&remove.key, &remove.reason).await?;
    if output.json {
        output.document(&removed)?;
        return Ok(Ending::Done);
    }
    output.data(format_args!("removed {}", removed.removed.id))?;
    output.note(format_args!("Every node refuses it {}.", moment(Some(removed.effective_at), context)));
    if removed.published_effective_at.is_some() {
        let when = moment(removed.published_effective_at, context);
        output.note(format_args!("Who verifies by the published keys refuses it {when}."));
    }
    Ok(Ending::Done)
}

/// Returns what a key does, for the middle of a sentence.
fn doing(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "does not sign yet",
        KeyState::Signing => "signs now",
        KeyState::Verifying => "signs no more",
        _ => "is over",
    }
}

/// Returns when something is, from now.
fn moment(at: Option<Timestamp>, context: &Context) -> String {
    at.map_or_else(|| "later".to_owned(), |at| relative(at, context.now()))
}
