use super::*;

fn kept(number: u64) -> Kept {
    Kept { realm: "default".into(), of: Name::Subject(number.to_string().into()) }
}

#[test]
fn what_is_over_makes_room_also_after_all_room_was_taken() {
    const MOST: usize = 4096;
    let at = |second: u64| Timestamp::from_millis(second * 1000);
    let mut held = Held::default();
    // More than there is room for, and they end within a minute.
    for number in 0..6000 {
        held.put(kept(number), Lowest { good: 1, until: at(60) }, at(1), MOST);
    }
    assert_eq!(held.lowest.len(), MOST);
    assert_eq!(held.short_until, Some(at(60)), "until then the store is asked");
    // An hour later there are few, and none of them is missing.
    for number in 10_000..10_100 {
        held.put(kept(number), Lowest { good: 1, until: at(7200) }, at(3600), MOST);
    }
    assert_eq!(held.lowest.len(), 100);
    assert_eq!(held.short_until, Some(at(60)));
}

#[test]
fn a_number_never_goes_down_and_nothing_is_given_up_before_its_time() {
    let at = |second: u64| Timestamp::from_millis(second * 1000);
    let mut held = Held::default();
    held.put(kept(0), Lowest { good: 7, until: at(100) }, at(1), 4096);
    held.put(kept(0), Lowest { good: 5, until: at(90) }, at(1), 4096);
    for number in 1..4096 {
        held.put(kept(number), Lowest { good: 1, until: at(50) }, at(99), 4096);
    }
    let lowest = held.lowest.get(&kept(0).mark()).expect("its time is not over");
    assert_eq!((lowest.good, lowest.until), (7, at(100)));
}
