use super::case::Case;
use super::{cancel, copy, epoch, event, feed, fields, filter, outage, page, race, realm, save, subject, sweep, touch};

/// Gives the list of cases to another macro: module, name and meaning of each.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($with:ident $($context:tt)*) => {
        $crate::$with! { [$($context)*]
            fields an_unknown_session_is_absent
                "Loading an id that was never saved answers nothing, and is no error.";
            fields every_field_comes_back
                "A record with every field set, also fields that a newer version wrote, is loaded as it was saved.";
            fields a_record_with_nothing_optional_comes_back
                "A record without subject, client, attributes and the like comes back without them.";
            fields a_tombstone_comes_back
                "An ended record is loaded like any other, with time, reason, actor and note of its end.";
            fields attributes_of_one_mebibyte_come_back
                "Attributes may have up to 1 MiB, in ASCII or not.";
            fields text_of_every_script_comes_back
                "Text is kept byte by byte: any script, quotes, wildcards, separators, spaces at the ends.";
            fields the_longest_of_everything_comes_back
                "Names, notes and methods may be as long and as many as their types allow.";
            fields times_and_versions_at_their_bounds_come_back
                "Times from 1970 to 9999 and versions up to 2^63 - 1 are kept exactly, also above 2^53.";
            fields a_save_replaces_the_whole_record
                "What the new version does not have is gone; nothing of the old one shines through.";
            fields a_record_outlives_its_expiry
                "A store never judges time: an expired record is loaded, listed, touched and saved like any other.";

            save a_save_that_expects_nothing_writes_only_once
                "Creation needs a free id; a second one is a conflict and changes nothing.";
            save a_save_that_expects_nothing_gives_way_to_a_tombstone
                "The id of an ended session is not free.";
            save a_save_that_expects_a_version_never_creates
                "A save that expects a version, of a record that is not there, is a conflict and leaves nothing.";
            save a_save_that_expects_another_version_changes_nothing
                "Versions are compared exactly, in both directions; a conflict changes nothing.";
            save a_save_is_seen_at_once
                "What was acknowledged is loaded and listed at once, also through another handle.";
            save a_save_never_brings_an_ended_session_back
                "Whatever a save expects, it cannot make a tombstone a living record again.";
            save a_tombstone_is_never_written_over
                "Also another tombstone does not take its place: how a session ended does not change.";
            save a_session_that_was_never_stored_can_be_ended
                "A tombstone can be created where there is nothing, and a creation that comes later is a conflict.";

            race two_creators_one_wins
                "Of several creations of one id at once, exactly one is applied, and is what is stored.";
            race two_writers_one_wins
                "Of several saves that expect one version at once, exactly one is applied, with its event.";
            race fifty_increments_at_once_end_at_fifty
                "Load, change and save until applied is an atomic change: fifty at once lose nothing.";
            race an_end_holds_against_writers_in_flight
                "Once an end was applied, no save and no touch that is still under way undoes it.";
            race a_touch_makes_no_save_conflict
                "A touch leaves the version as it is, so no save that races it fails, or mixes with it.";
            race touches_at_once_end_at_the_latest
                "Each of the two times ends at the latest that was given, whatever the order.";
            race a_reader_never_sees_half_a_save
                "Loads and listings during saves have each record whole: fields of one version, once.";

            touch a_touch_moves_two_times_and_nothing_else
                "After a touch, `seen_at` and `expires_at` are moved and everything else is as it was, the version too.";
            touch a_touch_never_goes_back
                "Each of the two times is the later of what was stored and what was given.";
            touch a_touch_gives_way_to_a_write
                "With another version than the one stored, a touch is a conflict and changes nothing.";
            touch a_touch_never_creates
                "Without a record, a touch is a conflict and leaves nothing.";
            touch a_touch_leaves_a_tombstone_alone
                "A tombstone is not kept longer, and does not look used, because of a late touch.";
            touch a_save_never_moves_the_last_use_back
                "A save that did not know of a touch keeps its `seen_at`, also one that ends the session.";

            realm realms_have_their_own_records
                "One id in two realms is two records, in every method.";
            realm realms_have_their_own_listings
                "A listing of a realm, or of a subject in it, has nothing of another; one without a realm has all.";
            realm realms_have_their_own_events
                "The same for events.";
            realm realms_have_their_own_epochs
                "Raising a subject's epoch in one realm leaves the same subject's epoch in another.";

            filter each_filter_lists_what_it_says
                "Every filter by itself lists exactly what it says, also at its bounds.";
            filter filters_combined_list_what_meets_them_all
                "Every two filters together list what meets both, in pages.";
            filter a_user_agent_is_found_in_any_case_and_letter_by_letter
                "Case does not matter in any script, accents do, and nothing in the text is a wildcard.";
            filter a_listing_shows_records_as_they_are_now
                "Filters go by what is stored now, after touches, changes and ends.";

            page a_listing_is_ordered_newest_first
                "By `created_at`, latest first, whatever the order of saving or use.";
            page records_of_one_instant_are_ordered_by_the_bytes_of_their_ids
                "Then by id, highest first, as bytes and not as text.";
            page pages_cover_every_record_once
                "Following `next` meets each record once, for every size of page, also within one instant.";
            page pages_cover_every_record_once_while_others_come_and_go
                "The same while between two pages records are made, changed, used and ended.";
            page pages_cover_every_session_while_it_ends
                "The same while each listed session is ended at once, as a revocation of everything does.";
            page a_page_has_no_more_than_its_limit
                "1 to 1,000 records, by default 100, and `next` where there are more.";
            page a_cursor_that_no_listing_gave_is_an_error
                "Text that is no cursor is unsupported, since a retry does not help; one beyond the end gives nothing.";

            subject a_listing_follows_a_subject_being_set
                "A session is listed under the subject that it has now, and under no other.";
            subject an_ended_session_stays_listed
                "A tombstone is listed under its subject until it is swept.";
            subject a_subject_has_its_own_sessions_only
                "Subjects are compared byte by byte: case, spaces, accents and wildcards tell them apart.";
            subject a_conflict_leaves_a_subject_as_it_is
                "A save that was not applied leaves the index of subjects as it was.";
            subject a_revocation_of_all_misses_no_session
                "A session that was saved before a listing began is in it, while others are being saved.";

            event every_field_of_an_event_comes_back
                "An event comes back as it was given, also of a kind that a newer version made.";
            event an_event_is_there_if_and_only_if_its_change_is
                "All events of an applied save are kept, and none of a conflict.";
            event events_come_in_the_order_in_which_they_were_taken_in
                "Oldest first by arrival, not by name or time; `after` goes on behind an event.";
            event each_filter_of_events_lists_what_it_says
                "Subject, session and kind, each by itself and together.";
            event pages_of_events_cover_each_once_while_others_come
                "Following `next` meets each event once while more are taken in.";
            event a_page_of_events_has_no_more_than_its_limit
                "By default 100, and `next` where there are more; many events of one save are kept in order.";

            event events_of_no_session_are_kept_too
                "Where the store can: in their order among the others, and without a session.";

            epoch an_epoch_rises_by_one_each_time_it_is_raised
                "Asking raises nothing; raising answers the new epoch, which everybody sees at once.";
            epoch raises_at_once_are_all_counted
                "Twenty raises at once answer twenty different epochs.";
            epoch subjects_have_their_own_epochs
                "Subjects are compared byte by byte, and the end of a session leaves its subject's epoch.";

            sweep a_sweep_keeps_the_margin
                "What expired up to an hour before the given time stays, to the millisecond; a minute later it is forgotten.";
            sweep a_sweep_forgets_tombstones_and_living_records_alike
                "Each by its own stored deadline.";
            sweep a_sweep_forgets_no_more_than_its_limit_and_counts
                "It answers how many it forgot, and as many are gone.";
            sweep what_a_sweep_forgot_is_nowhere
                "No load, listing, touch or save finds it; the subject's epoch stays, and the id is free.";
            sweep a_sweep_goes_by_the_stored_deadline
                "A touch or save that moved the deadline counts, in both directions.";
            sweep a_record_that_is_used_during_a_sweep_stays
                "The deadline is checked in the same step as the removal, and no record is counted twice.";

            sweep what_is_overdue_is_told_no_more_than_asked_for_and_all_in_the_end
                "Of every application's realm, what has not ended and whose stored deadline is at or before the given time.";

            cancel a_save_that_is_dropped_half_way_happens_whole_or_not_at_all
                "After its future is dropped, old or new is stored, with the event or without, and nothing is stuck.";
            cancel a_creation_that_is_dropped_half_way_happens_whole_or_not_at_all
                "The record is there and listed, or is not, and a second try settles it.";
            cancel a_touch_that_is_dropped_half_way_happens_whole_or_not_at_all
                "Both times have moved, or none.";
            cancel a_task_that_is_aborted_leaves_the_store_whole
                "The same for a task that is stopped at any moment.";

            copy a_copy_catches_up_with_its_record
                "A copy that a store has at hand is of what changed and ended elsewhere, or gone, within 5 seconds.";
            copy a_read_that_is_under_way_leaves_no_copy_from_before
                "A load that began before an end, and answers after it, leaves no copy in which the session lives.";

            feed news_comes_of_what_changes_elsewhere
                "Where the store says that it tells of changes, it does so within 5 seconds, also of an end.";
            feed a_save_that_is_dropped_half_way_is_told_of_if_it_happens
                "A caller that goes away before the answer does not take the news with it.";
        }
    };
}

/// The same for the cases that take the store away.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_outage_cases {
    ($with:ident $($context:tt)*) => {
        $crate::$with! { [$($context)*]
            outage an_outage_is_an_error_and_not_an_absent_record
                "While the store is away, a load fails as unavailable; afterwards the record is there as it was.";
            outage an_outage_is_of_every_question
                "Listings, events, epochs and sweeps fail as unavailable too, and never answer with nothing.";
            outage what_an_outage_refuses_is_not_acknowledged
                "Saves, ends and touches fail as unavailable, and can be tried again afterwards.";
        }
    };
}

/// Makes a test of each of the [`CASES`](crate::testing::conformance::CASES), for the store that the given async function makes.
///
/// The tests are functions with the names of their cases, so the macro stands in a module of its own. The function
/// is called once for each test and returns anything that is [`IntoHandles`](crate::testing::conformance::IntoHandles): a store,
/// [`Handles`](crate::testing::conformance::Handles), or nothing.
///
/// ```
/// mod memory {
///     use std::sync::Arc;
///
///     hallpass::testing::conformance_tests!(async || Arc::new(hallpass::MemoryStore::new()));
/// }
/// # fn main() {}
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ($make:expr) => {
        $crate::__conformance_cases! { __conformance_test_functions $make }
    };
}

/// Makes a test of each of the [`OUTAGE_CASES`](crate::testing::conformance::OUTAGE_CASES), as
/// [`conformance_tests!`](crate::testing::conformance_tests) does of the others.
///
/// The handles need a switch: [`Handles::with_outage`](crate::testing::conformance::Handles::with_outage).
#[doc(hidden)]
#[macro_export]
macro_rules! __outage_tests {
    ($make:expr) => {
        $crate::__conformance_outage_cases! { __conformance_test_functions $make }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_test_functions {
    ([$make:expr] $($module:ident $case:ident $means:literal;)*) => {
        $(
            #[doc = $means]
            #[::core::prelude::v1::test]
            fn $case() {
                $crate::testing::conformance::check(::core::stringify!($case), $make);
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_list {
    ([$about:literal $list:ident] $($module:ident $case:ident $means:literal;)*) => {
        #[doc = $about]
        #[doc = ""]
        $(#[doc = concat!("- `", stringify!($case), "`: ", $means)])*
        pub const $list: &[Case] = &[
            $(Case { name: stringify!($case), means: $means, run: |handles| Box::pin($module::$case(handles)) },)*
        ];
    };
}

__conformance_cases! { __conformance_list "What must hold of every store, by the name of its case:" CASES }
__conformance_outage_cases! {
    __conformance_list "What must hold while a store is away, for [`Handles::with_outage`](super::Handles::with_outage):"
    OUTAGE_CASES
}
