use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{
    AuditKey, Break, BreakKind, ChainHash, Checkpoint, Entry, Head, Line, Purged, Report, SignedText as _,
};
use super::Verifier;
use crate::name::Actor;
use crate::time::Timestamp;

fn key() -> AuditKey {
    AuditKey::derived(b"the newest key: 32 random bytes!").expect("long enough")
}

fn lines(first: u64, after: ChainHash, count: u64) -> Vec<Line> {
    let mut hash = after;
    let line = |number| {
        let event = format!("{{\"kind\":\"created\",\"subject\":\"user{number}\"}}");
        hash = hash.after(number, &event);
        Line { number, hash, event }
    };
    (first..first + count).map(line).collect()
}

/// Returns an export of so many lines, with a checkpoint after every third and after the last.
fn export(count: u64) -> Vec<String> {
    let lines = lines(1, ChainHash::START, count);
    let sign = |line: &Line| key().sign(Checkpoint::new(line.number, line.hash, Timestamp::from_millis(line.number)));
    let end = lines.last().map(sign);
    let mut texts = vec![Entry::Head(Head::new(1, ChainHash::START, None, end)).to_string()];
    for line in lines {
        let checkpoint = (line.number % 3 == 0 || line.number == count).then(|| sign(&line));
        texts.push(Entry::Line(line).to_string());
        texts.extend(checkpoint.map(|checkpoint| Entry::Checkpoint(checkpoint).to_string()));
    }
    texts
}

fn check(texts: &[String]) -> Report {
    check_with(Verifier::new(Some(BTreeSet::from([key().public()]))), texts)
}

fn check_with(mut verifier: Verifier, texts: &[String]) -> Report {
    for (position, text) in (1..).zip(texts) {
        match Entry::read(text) {
            Ok(entry) => verifier.take(&entry, Some(position)),
            Err(_) => verifier.unreadable(Some(position)),
        }
    }
    verifier.finish()
}

fn broken(texts: &[String]) -> (u64, BreakKind) {
    let report = check(texts);
    let Break { number, kind, .. } = report.broken.expect("something is wrong");
    (number, kind)
}

/// Returns the place of a line's text in an export.
fn place(texts: &[String], number: u64) -> usize {
    texts.iter().position(|text| text.starts_with(&format!("{{\"number\":{number},"))).expect("the line")
}

#[test]
fn a_trail_that_is_as_it_was_is_whole() {
    let report = check(&export(10));
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.first, report.last, report.lines, report.signed_through), (Some(1), Some(10), 10, Some(10)));
    assert_eq!(report.keys, BTreeSet::from([key().public()]));
    assert!(check(&export(0)).is_whole());
    assert!(check_with(Verifier::new(None), &export(4)).is_whole());
}

#[test]
fn a_changed_a_removed_an_inserted_and_a_moved_line_are_each_named() {
    for number in 1..=9 {
        let good = export(10);
        let at = place(&good, number);
        let mut changed = good.clone();
        changed[at] = changed[at].replace("user", "uzer");
        assert_eq!(broken(&changed), (number, BreakKind::Changed));

        let mut removed = good.clone();
        removed.remove(at);
        assert_eq!(broken(&removed), (number, BreakKind::Removed { through: number }));

        let mut inserted = good.clone();
        let false_line = Line { number, hash: ChainHash::START, event: "{\"kind\":\"created\"}".to_owned() };
        inserted.insert(at, Entry::Line(false_line).to_string());
        let report = check(&inserted).broken.expect("it is found");
        let position = u64::try_from(at).expect("small") + 1;
        assert_eq!(report, Break { number, position: Some(position), kind: BreakKind::Inserted });

        let mut twice = good.clone();
        twice.insert(at + 1, good[at].clone());
        assert_eq!(broken(&twice), (number + 1, BreakKind::Inserted));

        let mut swapped = good.clone();
        let other = place(&good, number + 1);
        swapped.swap(at, other);
        let (found, kind) = broken(&swapped);
        // Where a checkpoint stands between the two, it shows that the one before it is missing.
        assert!(found == number && matches!(kind, BreakKind::Moved), "{number}: {found} {kind:?}");
    }
}

#[test]
fn an_end_that_was_cut_off_is_missed() {
    for kept in 0..10 {
        let mut texts = export(10);
        texts.truncate(if kept == 0 { 1 } else { place(&texts, kept) + 1 });
        assert_eq!(broken(&texts), (kept + 1, BreakKind::CutOff { through: 10 }));
    }
}

#[test]
fn a_history_that_was_written_anew_is_not_what_was_signed() {
    let good = export(10);
    let mut hash = ChainHash::START;
    let mut anew = Vec::new();
    for text in &good {
        match Entry::read(text).expect("its own") {
            Entry::Line(mut line) => {
                if line.number >= 5 {
                    line.event = line.event.replace("user5", "nobody");
                }
                hash = hash.after(line.number, &line.event);
                anew.push(Entry::Line(Line { hash, ..line }).to_string());
            }
            _ => anew.push(text.clone()),
        }
    }
    assert_eq!(broken(&anew), (4, BreakKind::Rewritten { through: 6 }), "between two signatures");
    let other = AuditKey::derived(b"another key of 32 random bytes!!").expect("long enough");
    let stranger = Verifier::new(Some(BTreeSet::from([other.public()])));
    assert_eq!(check_with(stranger, &good).broken.map(|found| found.kind), Some(BreakKind::Signature));
}

#[test]
fn a_checkpoint_that_was_kept_elsewhere_is_compared() {
    let good = export(10);
    let lines = lines(1, ChainHash::START, 12);
    let mut verifier = Verifier::new(None);
    verifier.expect(&Checkpoint::new(7, lines[6].hash, Timestamp::UNIX_EPOCH));
    assert!(check_with(verifier, &good).is_whole());
    let mut verifier = Verifier::new(None);
    verifier.expect(&Checkpoint::new(12, lines[11].hash, Timestamp::UNIX_EPOCH));
    let found = check_with(verifier, &good).broken.map(|found| (found.number, found.kind));
    assert_eq!(found, Some((11, BreakKind::CutOff { through: 12 })));
    let mut verifier = Verifier::new(None);
    verifier.expect(&Checkpoint::new(7, ChainHash::START, Timestamp::UNIX_EPOCH));
    let found = check_with(verifier, &good).broken.map(|found| (found.number, found.kind));
    assert_eq!(found, Some((7, BreakKind::Rewritten { through: 7 })));
}

#[test]
fn a_trail_goes_on_after_a_purge_and_only_as_was_signed() {
    let all = lines(1, ChainHash::START, 6);
    let purged = Purged::new(3, all[2].hash, Timestamp::MAX, Timestamp::MAX, Actor::policy());
    let purged = key().sign(purged);
    let end = key().sign(Checkpoint::new(6, all[5].hash, Timestamp::MAX));
    let texts = |purged: Purged, from: usize| {
        let head = Head::new(all[from].number, all[from - 1].hash, Some(purged), Some(end.clone()));
        let mut texts = vec![Entry::Head(head).to_string()];
        texts.extend(all[from..].iter().map(|line| Entry::Line(line.clone()).to_string()));
        texts
    };
    let report = check(&texts(purged.clone(), 3));
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.first, report.purged.as_ref()), (Some(4), Some(&purged)));
    for wrong in [
        Purged { through: 2, ..purged.clone() },
        Purged { hash: ChainHash::START, ..purged.clone() },
        Purged { before: Timestamp::UNIX_EPOCH, ..purged.clone() },
        Purged { through: 4, ..purged.clone() },
    ] {
        assert_eq!(broken(&texts(wrong, 3)).1, BreakKind::Purge);
    }
    assert_eq!(broken(&texts(purged.clone(), 2)).1, BreakKind::Purge, "it begins within what was taken out");
    assert!(check(&texts(purged, 4)).is_whole(), "a part of it");
}

#[test]
fn signatures_that_are_asked_for_cannot_be_left_out() {
    let mut texts = Vec::new();
    for text in export(5) {
        match Entry::read(&text).expect("its own") {
            Entry::Head(head) => {
                let end = head.end.map(|end| end.sealed(None, None));
                texts.push(Entry::Head(Head::new(1, ChainHash::START, None, end)).to_string());
            }
            Entry::Checkpoint(_) => {}
            _ => texts.push(text),
        }
    }
    assert_eq!(broken(&texts).1, BreakKind::Signature);
    let open = check_with(Verifier::new(None), &texts);
    assert!(open.is_whole() && open.signed_through.is_none(), "{open:?}");
}

#[test]
fn lines_that_were_added_after_the_last_signature_are_not_believed() {
    let good = lines(1, ChainHash::START, 6);
    let unsigned = |line: &Line| Checkpoint::new(line.number, line.hash, Timestamp::MAX);
    let texts = |has_checkpoint: bool| {
        let end = good.last().map(unsigned);
        let mut texts = vec![Entry::Head(Head::new(1, ChainHash::START, None, end)).to_string()];
        for line in &good {
            texts.push(Entry::Line(line.clone()).to_string());
            match line.number {
                3 => texts.push(Entry::Checkpoint(key().sign(unsigned(line))).to_string()),
                6 if has_checkpoint => texts.push(Entry::Checkpoint(unsigned(line)).to_string()),
                _ => {}
            }
        }
        texts
    };
    assert_eq!(broken(&texts(false)), (4, BreakKind::Signature));
    assert_eq!(broken(&texts(true)), (6, BreakKind::Signature), "a checkpoint that lost its signature");
    assert!(check_with(Verifier::new(None), &texts(true)).is_whole(), "who knows no key asks for none");
}

#[test]
fn a_trail_that_was_not_signed_in_the_beginning_is_whole_from_its_first_signature_on() {
    let mut texts = export(6);
    let at = place(&texts, 3) + 1;
    let Ok(Entry::Checkpoint(third)) = Entry::read(&texts[at]) else { panic!("it follows its line") };
    texts[at] = Entry::Checkpoint(third.sealed(None, None)).to_string();
    let report = check(&texts);
    assert!(report.is_whole() && report.signed_through == Some(6), "{report:?}");
}

#[test]
fn a_part_goes_on_from_the_line_that_was_kept_elsewhere() {
    let all = lines(1, ChainHash::START, 6);
    let end = Checkpoint::new(6, all[5].hash, Timestamp::MAX);
    let mut texts = vec![Entry::Head(Head::new(4, all[2].hash, None, Some(end))).to_string()];
    texts.extend(all[3..].iter().map(|line| Entry::Line(line.clone()).to_string()));
    for (hash, is_whole) in [(all[2].hash, true), (ChainHash::START, false)] {
        let mut verifier = Verifier::new(None);
        verifier.expect(&Checkpoint::new(3, hash, Timestamp::UNIX_EPOCH));
        let report = check_with(verifier, &texts);
        assert_eq!(report.is_whole(), is_whole, "{report:?}");
    }
}

#[test]
fn a_purge_that_nobody_signed_is_not_believed() {
    let all = lines(1, ChainHash::START, 6);
    let purged = Purged::new(3, all[2].hash, Timestamp::MAX, Timestamp::MAX, Actor::policy());
    let end = key().sign(Checkpoint::new(6, all[5].hash, Timestamp::MAX));
    let mut texts = vec![Entry::Head(Head::new(4, all[2].hash, Some(purged), Some(end))).to_string()];
    texts.extend(all[3..].iter().map(|line| Entry::Line(line.clone()).to_string()));
    assert_eq!(broken(&texts), (4, BreakKind::Purge));
    assert!(check_with(Verifier::new(None), &texts).is_whole(), "who knows no key asks for none");
}

proptest! {
    #[test]
    fn one_flipped_bit_anywhere_is_found(place in 0_usize..4000, bit in 0_u8..7) {
        let good = export(9);
        let whole = good.join("\n");
        let mut bytes = whole.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        // A line feed more or less makes other lines; either way it is not what was written.
        let text = String::from_utf8(bytes).expect("ASCII");
        let texts: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let report = check(&texts);
        let found = report.broken.expect("every bit counts");
        let row = whole[..place].matches('\n').count() + 1;
        let row = u64::try_from(row).expect("small");
        let position = found.position.unwrap_or(row);
        prop_assert!(position == row || position == row + 1, "{} in row {row}", found);
    }

    #[test]
    fn any_lines_taken_out_or_put_elsewhere_are_found(from in 1_usize..12, to in 1_usize..12, moves in any::<bool>()) {
        let good = export(9);
        let mut texts = good.clone();
        let taken = texts.remove(from % good.len().max(1));
        if moves {
            texts.insert((to % texts.len()).max(1), taken);
        }
        let is_checkpoint = good[from % good.len()].starts_with("{\"checkpoint\"");
        // A checkpoint that is missing takes nothing away that the later ones do not say.
        if texts != good && (moves || !is_checkpoint) {
            prop_assert!(!check(&texts).is_whole(), "{texts:#?}");
        }
    }
}
