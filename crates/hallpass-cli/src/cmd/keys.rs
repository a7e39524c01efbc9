use hallpass_server::keys::{ApiKeyInfo, KeyName, Role};
use serde::Serialize;

use super::signing;
use crate::args::KeysCommand;
use crate::backend::Backend;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output};
use crate::view::{KEY_COLUMNS, key_row};

/// A key that was made, with what its holder needs: written this once.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    info: &'a ApiKeyInfo,
    key: &'a str,
}

#[derive(Serialize)]
struct Listed<'a> {
    items: &'a [ApiKeyInfo],
}

/// Makes, lists and revokes API keys, and changes the keys that tokens are signed with.
pub(crate) async fn run(command: KeysCommand, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    match command {
        KeysCommand::Create { name, role } => create(name, role, &*backend, &context.output).await,
        KeysCommand::List => list(&*backend, context).await,
        KeysCommand::Revoke { key, yes } => revoke(&key, yes, &*backend, &context.output).await,
        KeysCommand::Rotate(rotate) => signing::rotate(&rotate, &*backend, context).await,
        KeysCommand::Signing { command } => signing::run(command, &*backend, context).await,
    }
}

async fn create(name: KeyName, role: Role, backend: &dyn Backend, output: &Output) -> Result<Ending, Failure> {
    let (info, secret) = backend.create_key(name, role).await?;
    if output.json {
        output.document(&Made { info: &info, key: secret.expose() })?;
    } else {
        output.data(secret.expose())?;
        output.note(format_args!(
            "This is shown once: {} key {} for the realm {}.\nUse it as HALLPASS_KEY, or as `Authorization: Bearer`.",
            info.role, info.id, info.realm
        ));
    }
    Ok(Ending::Done)
}

async fn list(backend: &dyn Backend, context: &Context) -> Result<Ending, Failure> {
    let keys = backend.keys().await?;
    let output = &context.output;
    if output.json {
        output.document(&Listed { items: &keys })?;
    } else if keys.is_empty() {
        output.note("There is no API key.");
    } else {
        let now = context.now();
        let rows: Vec<_> = keys.iter().map(|key| key_row(key, now)).collect();
        output.write(&Columns::new(KEY_COLUMNS, Output::width()).piece(&rows))?;
    }
    Ok(Ending::found(!keys.is_empty()))
}

async fn revoke(named: &str, yes: bool, backend: &dyn Backend, output: &Output) -> Result<Ending, Failure> {
    let keys = backend.keys().await?;
    let key = one(&keys, named)?;
    let said = format!("the {} key {} ({})", key.role, key.id, key.name);
    if !yes {
        if !Output::can_ask() {
            return Err(Failure::refused(format!("{said} would stop working, and there is nobody to ask"))
                .hint("--yes does not ask"));
        }
        if !output.ask(format_args!("Revoke {said}? Whatever uses it stops working at once."))? {
            return Err(Failure::refused("nothing was revoked"));
        }
    }
    backend.revoke_key(&key.id).await?;
    if output.json {
        output.document(key)?;
    } else {
        output.data(format_args!("revoked {}", key.id))?;
    }
    Ok(Ending::Done)
}

/// Finds the key with this id, or the only one with this name.
fn one<'a>(keys: &'a [ApiKeyInfo], named: &str) -> Result<&'a ApiKeyInfo, Failure> {
    if let Some(key) = keys.iter().find(|key| key.id == named) {
        return Ok(key);
    }
    let mut called = keys.iter().filter(|key| key.name.as_str() == named);
    match (called.next(), called.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(Failure::refused(format!("there is no key {named}")).hint("`hallpass keys list` shows them")),
        (Some(_), Some(_)) => Err(Failure::refused(format!("several keys are called {named}"))
            .hint("name one by its id: `hallpass keys list`")),
    }
}
