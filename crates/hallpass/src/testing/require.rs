use std::env;
use std::fmt::Display;
use std::io::Write as _;
use std::panic::Location;
use std::thread;

/// Hands on what a test needs of the machine, or says that the test is skipped, and why.
///
/// Where it is missing, one line `SKIPPED: test: reason` goes to standard error, past the test harness, which would
/// keep it to itself since the test passes; the test then returns early. The test is named by its thread, or by
/// where it stands if the harness runs it in a thread without a name.
///
/// ```
/// use hallpass::testing::require;
///
/// # fn a_test() {
/// let Some(url) = require(std::env::var("REDIS_URL").map_err(|_| "REDIS_URL is not set")) else { return };
/// # drop(url);
/// # }
/// ```
///
/// # Panics
///
/// If it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`, so that nothing is skipped where everything is to be there.
#[track_caller]
pub fn require<T, E: Display>(found: Result<T, E>) -> Option<T> {
    let place = Location::caller();
    match found {
        Ok(thing) => Some(thing),
        Err(reason) => {
            let everything = env::var("HALLPASS_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
            skip(&test(place), &reason, everything);
            None
        }
    }
}

fn test(place: &Location<'_>) -> String {
    match thread::current().name() {
        Some(name) if name != "main" && !name.starts_with("tokio-") => name.to_owned(),
        _ => format!("{} line {}", place.file(), place.line()),
    }
}

fn skip(test: &str, reason: &dyn Display, everything: bool) {
    assert!(!everything, "{test} cannot run: {reason}");
    // In one write, so that two tests cannot mix their lines; if it fails, the test still cannot run.
    let _ = std::io::stderr().write_all(line(test, reason).as_bytes());
}

fn line(test: &str, reason: &dyn Display) -> String {
    format!("SKIPPED: {test}: {}\n", reason.to_string().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_handed_on() {
        assert_eq!(require(Ok::<_, &str>(7)), Some(7));
    }

    #[test]
    fn what_is_missing_is_told_in_one_line() {
        assert_eq!(line("a_test", &"no\nserver"), "SKIPPED: a_test: no server\n");
        assert!(test(Location::caller()).ends_with("what_is_missing_is_told_in_one_line"));
    }

    #[test]
    #[should_panic(expected = "a_test cannot run: no server")]
    fn a_machine_that_must_have_everything_fails_the_test() {
        skip("a_test", &"no server", true);
    }
}
