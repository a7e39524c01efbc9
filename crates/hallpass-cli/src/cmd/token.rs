use std::io::Read as _;
use std::path::Path;

use hallpass::{Carried, Fault, Glance, Jwt, Key, KeyAlgorithm, KeyRing, ReferenceToken, Sealed, Timestamp};
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::args::{Inspect, TokenCommand};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Output, relative, visible};

/// More than any token has.
const LONGEST: u64 = 64 * 1024;
/// The claims that are instants, in seconds.
const INSTANTS: [&str; 4] = ["iat", "nbf", "exp", "auth_time"];

/// What a token says of itself.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shown {
    /// It points at a session.
    Reference { session: String, generation: u32 },
    /// It carries a session, and is sealed.
    Sealed { key: String, bytes: usize },
    /// It is a JSON Web Token.
    Jwt {
        header: Value,
        claims: Value,
        #[serde(flatten)]
        verdict: Verdict,
    },
}

/// What comes of verifying it, if somebody asked.
#[derive(Serialize, Default)]
struct Verdict {
    #[serde(skip_serializing_if = "Option::is_none")]
    good: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Looks into tokens.
pub(crate) fn run(command: &TokenCommand, context: &Context) -> Result<Ending, Failure> {
    let TokenCommand::Inspect(inspect) = command;
    let text = token(&context.output)?;
    let shown = look(text.as_bytes(), inspect, context.now())?;
    let output = &context.output;
    if output.json {
        output.document(&shown)?;
    } else {
        write(&shown, output, context.now())?;
    }
    let is_bad = matches!(&shown, Shown::Jwt { verdict: Verdict { good: Some(false), .. }, .. });
    Ok(Ending::found(!is_bad))
}

/// Reads the one token of standard input.
fn token(output: &Output) -> Result<Zeroizing<String>, Failure> {
    if Output::can_ask() {
        output.note("Paste the token, then press Enter and Ctrl-D.");
    }
    let mut text = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::new("standard input cannot be read").because(error))?;
    let bare = text.trim();
    if bare.is_empty() {
        return Err(Failure::refused("there is no token on standard input").hint("hallpass token inspect < token.txt"));
    }
    let bare = bare.strip_prefix("Bearer ").unwrap_or(bare).trim();
    Ok(Zeroizing::new(bare.to_owned()))
}

fn look(text: &[u8], inspect: &Inspect, now: Timestamp) -> Result<Shown, Failure> {
    let only_service = |what: &str| {
        Failure::refused(format!("{what} can be verified by its service only"))
            .hint("without --verify, this says what it says of itself")
    };
    if let Ok(token) = ReferenceToken::parse(text) {
        if inspect.verify {
            return Err(only_service("a reference"));
        }
        return Ok(Shown::Reference { session: token.id.to_string(), generation: token.generation.number() });
    }
    if let Some(key) = Sealed::glance(text) {
        if inspect.verify {
            return Err(only_service("a sealed session"));
        }
        return Ok(Shown::Sealed { key: key.to_string(), bytes: text.len() });
    }
    let unreadable = |fault: Fault| {
        Failure::refused("this is neither a token of hallpass nor a JWT").hint(format!("as a JWT: {fault}"))
    };
    let Glance { header, claims } = Glance::of(text).map_err(unreadable)?;
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let (header, claims) = (json(&header), json(&claims));
    let verdict = if inspect.verify { verify(text, &header, inspect, now)? } else { Verdict::default() };
    Ok(Shown::Jwt { header, claims, verdict })
}

/// Judges a JWT as the kind of token that it says it is.
fn verify(text: &[u8], header: &Value, inspect: &Inspect, now: Timestamp) -> Result<Verdict, Failure> {
    let (Some(issuer), Some(audience)) = (&inspect.issuer, &inspect.audience) else {
        return Err(Failure::new("--verify needs --issuer and --audience"));
    };
    let ring = ring(inspect)?;
    let typ = header.get("typ").and_then(Value::as_str).unwrap_or_default();
    let jwt = if typ.to_ascii_lowercase().ends_with("hallpass-session+jwt") {
        Jwt::session(ring, issuer, audience)
    } else {
        Jwt::access(ring, issuer, audience)
    };
    let judged: Result<Carried, Fault> = jwt.map_err(|error| Failure::new(error.to_string()))?.check(text, now);
    Ok(match judged {
        Ok(_) => Verdict { good: Some(true), fault: None },
        Err(fault) => Verdict { good: Some(false), fault: Some(fault.to_string()) },
    })
}

fn ring(inspect: &Inspect) -> Result<KeyRing, Failure> {
    let read = |path: &Path| {
        let bytes = std::fs::read(path);
        bytes.map_err(|error| Failure::new(format!("{} cannot be read", path.display())).because(error))
    };
    match (&inspect.jwks, &inspect.secret_file) {
        (Some(path), _) => {
            KeyRing::from_jwks(&read(path)?).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
        }
        (None, Some(path)) => {
            let secret = Zeroizing::new(read(path)?);
            let key = Key::symmetric(KeyAlgorithm::Hs256, &secret).map_err(|error| Failure::new(error.to_string()))?;
            KeyRing::new([key]).map_err(|error| Failure::new(error.to_string()))
        }
        (None, None) => {
            Err(Failure::new("--verify needs a key").hint("give --jwks FILE, or for HS256 --secret-file FILE"))
        }
    }
}

fn write(shown: &Shown, output: &Output, now: Timestamp) -> Result<(), Failure> {
    match shown {
        Shown::Reference { session, generation } => {
            output.data("A reference: it points at a session in a store.")?;
            output.data(format_args!("session     {session}\ngeneration  {generation}"))?;
            output.note(format_args!("What the session is: hallpass sessions show {session}"));
        }
        Shown::Sealed { key, bytes } => {
            output.data("A sealed session: it carries a session that only its service can read.")?;
            output.data(format_args!("key    {}\nbytes  {bytes}", visible(key)))?;
        }
        Shown::Jwt { header, claims, verdict } => {
            output.data("A JSON Web Token.")?;
            write_members("header", header, output, now)?;
            write_members("claims", claims, output, now)?;
            match (verdict.good, &verdict.fault) {
                (Some(true), _) => output.data("Good: signature, type and claims are right.")?,
                (_, Some(fault)) => output.data(format_args!("Bad: {fault}."))?,
                _ => output.note("Nothing of this is verified."),
            }
        }
    }
    Ok(())
}

fn write_members(title: &str, members: &Value, output: &Output, now: Timestamp) -> Result<(), Failure> {
    output.data(format_args!("{title}"))?;
    for (name, value) in members.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let instant = value.as_u64().filter(|_| INSTANTS.contains(&name.as_str()));
        let instant = instant.and_then(|seconds| seconds.checked_mul(1000)).map(Timestamp::from_millis);
        let told = instant.map(|at| format!("  ({}, {})", output.zone.show(at), relative(at, now))).unwrap_or_default();
        output.data(format_args!("  {:<10}  {}{told}", visible(name), visible(&text)))?;
    }
    Ok(())
}
