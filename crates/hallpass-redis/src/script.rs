use std::sync::LazyLock;

use redis::Cmd;

/// A script that the server runs in one step.
#[derive(Debug)]
pub(crate) struct Script {
    text: String,
    digest: String,
}

macro_rules! script {
    ($($(#[$doc:meta])* $name:ident = $($part:literal),+;)+) => {
        $($(#[$doc])*
        pub(crate) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!($(include_str!(concat!("lua/", $part, ".lua"))),+)));)+
    };
}

script! {
    SAVE = "frame", "filing", "save";
    UPDATE = "update";
    TOUCH = "frame", "touch";
    FILE_IN_REALM = "frame", "filing", "file_realm";
    FILE_UNDER_SUBJECT = "frame", "file_subject";
    REFILE = "refile";
    FORGET = "frame", "forget";
    FORGET_IN_REALM = "frame", "forget_realm";
    FORGET_UNDER_SUBJECT = "forget_subject";
    APPEND = "append";
    SET = "set";
}

impl Script {
    pub(crate) fn new(text: &str) -> Self {
        let digest = redis::Script::new(text).get_hash().to_owned();
        Self { text: text.to_owned(), digest }
    }

    /// Returns the command that runs the script by its digest, for servers that have met it.
    pub(crate) fn by_digest(&self, keys: &[String], arguments: &[Vec<u8>]) -> Cmd {
        Self::command("EVALSHA", &self.digest, keys, arguments)
    }

    /// Returns the command that brings the text along.
    pub(crate) fn by_text(&self, keys: &[String], arguments: &[Vec<u8>]) -> Cmd {
        Self::command("EVAL", &self.text, keys, arguments)
    }

    /// Returns the command that makes the server know the script.
    pub(crate) fn load(&self) -> Cmd {
        let mut command = redis::cmd("SCRIPT");
        command.arg("LOAD").arg(&self.text);
        command
    }

    fn command(name: &str, script: &str, keys: &[String], arguments: &[Vec<u8>]) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
        command
    }
}
