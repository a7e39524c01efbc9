//! What must hold of a home of settings.

use super::bench::answer;
use crate::store::{Outcome, Settings};

/// Checks what must hold of a home of settings; it uses names that begin with `conformance/`, and leaves none behind.
///
/// # Panics
///
/// With what does not hold.
pub async fn check_settings(settings: &dyn Settings) {
    what_is_written_comes_back(settings).await;
    a_setting_changes_only_from_what_was_expected(settings).await;
    names_are_listed_by_prefix_in_the_order_of_their_bytes(settings).await;
    what_is_out_of_bounds_is_refused(settings).await;
}

async fn save(settings: &dyn Settings, name: &str, value: &[u8], expected: Option<&[u8]>) -> Outcome {
    answer("save", settings.save(name, value, expected).await)
}

async fn remove(settings: &dyn Settings, name: &str, expected: &[u8]) -> Outcome {
    answer("remove", settings.remove(name, expected).await)
}

async fn assert_value(settings: &dyn Settings, name: &str, expected: Option<&[u8]>) {
    let found = answer("load", settings.load(name).await);
    assert!(found.as_deref() == expected, "the value of {name} is not what was written last");
}

async fn what_is_written_comes_back(settings: &dyn Settings) {
    let longest = vec![0xff; <dyn Settings>::LONGEST_VALUE];
    let name = format!("conformance/{}", "\u{e4}".repeat((<dyn Settings>::LONGEST_NAME - 12) / 2));
    for value in [&b""[..], b"\0\xff' OR 1=1 --", &longest] {
        assert_value(settings, &name, None).await;
        assert_eq!(save(settings, &name, value, None).await, Outcome::Applied);
        assert_value(settings, &name, Some(value)).await;
        assert_eq!(remove(settings, &name, value).await, Outcome::Applied);
    }
}

async fn a_setting_changes_only_from_what_was_expected(settings: &dyn Settings) {
    let name = "conformance/one";
    assert_eq!(save(settings, name, b"one", Some(b"zero")).await, Outcome::Conflict, "there is nothing to change");
    assert_value(settings, name, None).await;
    assert_eq!(save(settings, name, b"one", None).await, Outcome::Applied);
    for expected in [None, Some(&b"two"[..]), Some(b""), Some(b"ONE")] {
        assert_eq!(save(settings, name, b"two", expected).await, Outcome::Conflict, "it is something else");
        assert_value(settings, name, Some(b"one")).await;
    }
    assert_eq!(save(settings, name, b"two", Some(b"one")).await, Outcome::Applied);
    assert_eq!(remove(settings, name, b"one").await, Outcome::Conflict, "it was changed");
    assert_value(settings, name, Some(b"two")).await;
    assert_eq!(remove(settings, name, b"two").await, Outcome::Applied);
    assert_eq!(remove(settings, name, b"two").await, Outcome::Conflict, "it is gone");
    assert_value(settings, name, None).await;
}

async fn names_are_listed_by_prefix_in_the_order_of_their_bytes(settings: &dyn Settings) {
    let names = ["conformance/A", "conformance/a", "conformance/a/1", "conformance/a/2", "conformance/b"];
    for name in names.iter().rev() {
        assert_eq!(save(settings, name, name.as_bytes(), None).await, Outcome::Applied);
    }
    for (prefix, expected) in [("conformance/", &names[..]), ("conformance/a/", &names[2..4]), ("conformance/c", &[])] {
        let listed = answer("list", settings.list(prefix).await);
        let found: Vec<_> = listed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, expected, "what begins with {prefix}");
        assert!(listed.iter().all(|(name, value)| **value == *name.as_bytes()), "each with its own value");
    }
    for name in names {
        assert_eq!(remove(settings, name, name.as_bytes()).await, Outcome::Applied);
    }
}

async fn what_is_out_of_bounds_is_refused(settings: &dyn Settings) {
    let long_name = format!("conformance/{}", "x".repeat(<dyn Settings>::LONGEST_NAME - 11));
    let long_value = vec![0; <dyn Settings>::LONGEST_VALUE + 1];
    for (name, value) in [("", &b"value"[..]), (&long_name, b"value"), ("conformance/large", &long_value)] {
        let refused = settings.save(name, value, None).await;
        assert!(refused.is_err_and(|error| error.is_unsupported()), "out of its bounds: a name of {}", name.len());
        assert_value(settings, name, None).await;
    }
}
