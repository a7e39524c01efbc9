use super::*;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("valid JSON")
}

fn plus_one() -> Apply {
    Box::new(|before| {
        let number: u64 = before.map_or(Ok(0), |raw| serde_json::from_str(raw.get()))?;
        serde_json::value::to_raw_value(&(number + 1)).map(Some)
    })
}

fn text(bytes: &Bytes) -> &str {
    str::from_utf8(bytes).expect("text")
}

const BASE: Bytes = Bytes::from_static(br#"{"a":1,"b":2}"#);
const OTHER: Bytes = Bytes::from_static(br#"{"a":5,"b":2,"c":3}"#);

#[test]
fn blind_changes_are_done_again_on_whatever_is_there() {
    let mut changes = Changes::default();
    changes.put("a", Some(raw("9")));
    changes.put("b", None);
    assert_eq!(text(&changes.apply(&BASE, None).expect("valid")), r#"{"a":9}"#);
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("valid")), r#"{"a":9,"c":3}"#);
}

#[test]
fn a_key_that_was_read_and_set_is_replayed_only_if_unchanged() {
    let mut changes = Changes::default();
    assert!(matches!(changes.read("a"), Pending::Unchanged));
    changes.put("a", Some(raw("2")));
    assert!(changes.apply(&OTHER, Some(&BASE)).expect_err("a changed").is_conflict());
    let mut changes = Changes::default();
    assert!(matches!(changes.read("b"), Pending::Unchanged));
    changes.put("b", Some(raw("7")));
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("b is as it was")), r#"{"a":5,"b":7,"c":3}"#);
}

#[test]
fn a_key_that_was_set_before_it_was_read_is_blind() {
    let mut changes = Changes::default();
    changes.put("a", Some(raw("2")));
    assert!(matches!(changes.read("a"), Pending::Changed(Some(_))));
    changes.put("a", Some(raw("3")));
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("blind")), r#"{"a":3,"b":2,"c":3}"#);
}

#[test]
fn what_an_update_removes_is_nothing_to_the_next() {
    let mut changes = Changes::default();
    changes.update("a", Some(&raw("1")), Box::new(|_| Ok(None))).expect("removed");
    assert!(matches!(changes.peek("a"), Pending::Changed(None)));
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("valid")), r#"{"b":2,"c":3}"#);
    assert!(!changes.has_values());
    changes.update("a", None, plus_one()).expect("a number");
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("valid")), r#"{"a":1,"b":2,"c":3}"#);
    assert_eq!(changes.names(&OTHER).expect("an object"), ["b", "c", "a"]);
}

#[test]
fn updates_are_computed_again() {
    let mut changes = Changes::default();
    changes.update("a", Some(&raw("1")), plus_one()).expect("a number");
    changes.update("a", None, plus_one()).expect("a number");
    assert!(matches!(changes.peek("a"), Pending::Changed(Some(value)) if value.get() == "3"));
    assert_eq!(text(&changes.apply(&BASE, None).expect("valid")), r#"{"a":3,"b":2}"#);
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("valid")), r#"{"a":7,"b":2,"c":3}"#);
    changes.put("a", Some(raw("0")));
    assert_eq!(text(&changes.apply(&BASE, Some(&BASE)).expect("unchanged")), r#"{"a":0,"b":2}"#);
    assert!(changes.apply(&OTHER, Some(&BASE)).expect_err("what was seen has changed").is_conflict());
}

#[test]
fn changes_from_before_a_failure_are_done_again_before_those_since() {
    let mut earlier = Changes::default();
    earlier.update("a", Some(&raw("1")), plus_one()).expect("a number");
    earlier.put("b", Some(raw("5")));
    earlier.put("c", Some(raw("5")));
    let mut changes = Changes::default();
    changes.update("a", Some(&raw("1")), plus_one()).expect("a number");
    changes.update("b", Some(&raw("2")), plus_one()).expect("a number");
    changes.put("c", Some(raw("7")));
    changes.put_under(earlier, &BASE);
    assert_eq!(text(&changes.apply(&BASE, None).expect("valid")), r#"{"a":3,"b":6,"c":7}"#);
}

#[test]
fn a_login_since_a_failure_keeps_of_what_was_before_only_what_it_names() {
    let mut earlier = Changes::default();
    earlier.put("b", Some(raw("5")));
    earlier.put("c", Some(raw("5")));
    let mut changes = Changes::default();
    changes.keep_only(&["b"]);
    changes.put("d", Some(raw("1")));
    changes.put_under(earlier, &BASE);
    assert_eq!(text(&changes.apply(&BASE, None).expect("valid")), r#"{"b":5,"d":1}"#);
}

#[test]
fn changes_that_were_made_on_older_attributes_are_done_again() {
    let mut changes = Changes::default();
    changes.update("a", Some(&raw("1")), plus_one()).expect("a number");
    changes.made_on(&BASE);
    assert_eq!(text(&changes.apply(&OTHER, None).expect("valid")), r#"{"a":6,"b":2,"c":3}"#);
}

#[test]
fn an_update_of_what_was_set_is_not_computed_again() {
    let mut changes = Changes::default();
    changes.put("a", Some(raw("10")));
    changes.update("a", Some(&raw("1")), plus_one()).expect("a number");
    assert_eq!(text(&changes.apply(&OTHER, Some(&BASE)).expect("valid")), r#"{"a":11,"b":2,"c":3}"#);
}

#[test]
fn a_login_keeps_what_is_named_and_later_changes() {
    let mut changes = Changes::default();
    changes.put("cart", Some(raw("[1]")));
    changes.put("admin", Some(raw("true")));
    changes.keep_only(&["cart", "b", "absent"]);
    assert!(matches!(changes.read("a"), Pending::Changed(None)), "it is gone");
    assert!(matches!(changes.read("b"), Pending::Unchanged), "it is as it is stored");
    changes.put("theme", Some(raw("1")));
    let mut after = text(&changes.apply(&OTHER, Some(&BASE)).expect("valid")).to_owned();
    assert_eq!(after, r#"{"b":2,"cart":[1],"theme":1}"#);
    let newer = Bytes::from_static(br#"{"a":5,"b":3}"#);
    after = text(&changes.apply(&newer, Some(&BASE)).expect("valid")).to_owned();
    assert_eq!(after, r#"{"b":3,"cart":[1],"theme":1}"#, "what others made of it meanwhile is kept");
    changes.keep_only(&[]);
    after = text(&changes.apply(&OTHER, None).expect("valid")).to_owned();
    assert_eq!(after, "");
    assert!(!changes.is_empty(), "clearing is a change");
}

#[test]
fn the_bound_is_never_below_the_size() {
    let mut changes = Changes::default();
    changes.put("a\u{1}b", Some(raw(r#""xyz""#)));
    changes.put("b", None);
    let size = changes.apply(&BASE, None).expect("valid").len();
    assert!(changes.bound(&BASE) >= size);
}

proptest::proptest! {
    #[test]
    fn the_bound_is_never_below_what_is_saved(
        keys in proptest::collection::vec("[a\u{1}\"é]{0,3}", 1..4),
        values in proptest::collection::vec("[x\u{1}]{0,4}", 1..4),
        keeps in proptest::bool::ANY,
    ) {
        let mut changes = Changes::default();
        if !keeps {
            changes.keep_only(&[]);
        }
        for (key, value) in keys.iter().zip(&values) {
            changes.put(key, Some(serde_json::value::to_raw_value(value).expect("JSON")));
        }
        for data in [Bytes::new(), BASE] {
            let saved = changes.apply(&data, None).expect("valid").len();
            proptest::prop_assert!(changes.bound(&data) >= saved, "{} < {saved}", changes.bound(&data));
        }
    }
}

#[test]
fn each_key_that_was_read_is_remembered() {
    let mut changes = Changes::default();
    assert!(matches!(changes.read("b"), Pending::Unchanged));
    assert!(matches!(changes.read("a"), Pending::Unchanged));
    changes.put("a", Some(raw("2")));
    assert!(changes.apply(&OTHER, Some(&BASE)).expect_err("a changed").is_conflict());
}

#[test]
fn an_update_of_what_was_dropped_starts_from_nothing() {
    let mut changes = Changes::default();
    changes.keep_only(&["b"]);
    changes.update("a", Some(&raw("5")), plus_one()).expect("a number");
    assert_eq!(text(&changes.apply(&OTHER, None).expect("valid")), r#"{"b":2,"a":1}"#);
}
