use std::process::{Command, Stdio};

/// Sends a signal to processes by their ids; answers whether all of them got it.
pub(crate) fn send<'a>(signal: &str, ids: impl IntoIterator<Item = &'a str>) -> bool {
    let mut kill = Command::new("kill");
    kill.arg("-s").arg(signal).args(ids).stderr(Stdio::null());
    kill.status().is_ok_and(|status| status.success())
}
