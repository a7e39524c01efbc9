/// One thing that is wrong with a store, each seen in the wild or waiting to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Flaw {
    // What is stored is not what was saved.
    AbsentIsAnError,
    DropsUnknownFields,
    EmptyAttributesBecomeAnObject,
    DropsTheNoteOfAnEnd,
    CutsAttributesAt64KiB,
    KeepsThreeBytesOfACharacter,
    CutsUserAgentsAt255Bytes,
    CountsVersionsInFloatingPoint,
    KeepsWhatTheNewVersionLacks,
    HidesWhatIsExpired,

    // A save does not mind what it finds.
    CreationOverwrites,
    CreationOverwritesTombstones,
    SaveIsAnUpsert,
    VersionIgnored,
    OlderVersionsAccepted,
    LoadsFromALaggingReplica,
    ListsFromALaggingReplica,
    EndingRemoves,
    SaveOverwritesTombstones,
    TombstonesOverwriteTombstones,
    OnlyTheLivingCanEnd,

    // Two steps where there should be one.
    SaveIsTwoSteps,
    SaveIsWrittenInParts,
    TouchIsTwoSteps,
    EpochIsTwoSteps,
    SweepIsTwoSteps,

    // A touch does too much.
    TouchBumpsTheVersion,
    TouchGoesBack,
    SaveUndoesTouches,
    TouchMovesBothOrNone,
    TouchIgnoresTheVersion,
    TouchUpserts,
    TouchKeepsTombstones,
    LateTouchIsAConflict,

    // Realms are mixed up.
    RealmIgnored,
    ListIgnoresTheRealm,
    EventsIgnoreTheRealm,
    EpochIgnoresTheRealm,

    // A listing is not of what was asked for.
    ListIsEmptyWithoutTheCapability,
    IpIgnored,
    SeenBeforeIsInclusive,
    ExpiresByIsExclusive,
    SubjectExcludesOtherFilters,
    UserAgentIsAPattern,
    UserAgentFoldsAsciiOnly,
    IndexIgnoresTouches,
    OrderedByUse,
    OrderedByIdsAsText,
    CursorSkipsTheRestOfAnInstant,
    CursorRepeatsTheLast,
    PagesByOffset,
    LimitIgnored,
    NoMoreThanAHundred,
    BadCursorStartsOver,

    // The index of subjects is not kept.
    IndexKnowsTheFirstSubjectOnly,
    EndedSessionsAreUnlisted,
    SubjectsFoldCase,
    SubjectsAreTrimmed,
    ConflictMovesTheSubject,

    // Events are not those of the changes.
    EventsLackTheirOrigin,
    EventsOnConflict,
    OnlyTheFirstEventIsKept,
    EventsAreLost,
    EventsSortByName,
    EventsIgnoreTheKind,
    EventPagesRepeatTheLast,
    EventPagesEndAfterOne,
    AppendedEventsAreLost,

    // Epochs are not counted.
    AskingRaises,
    EpochOfAllSubjects,

    // A sweep forgets the wrong thing.
    SweepWithoutMargin,
    SweepForgetsNothing,
    SweepSparesTombstones,
    SweepIgnoresItsLimit,
    SweepMiscounts,
    SweepForgetsEpochs,
    SweepByTheFirstDeadline,
    OverdueTellsTheEnded,
    OverdueTellsWhatLives,
    OverdueIgnoresItsLimit,
    OverdueOfOneRealm,
    OverdueTellsWhatIsNoSession,

    // Half a write is left behind.
    EventsFollowTheSave,
    IndexFollowsTheSave,
    TouchIsTwoWrites,
    DroppedSaveStaysLocked,

    // A copy is not what it was made of.
    CopiesNeverCatchUp,
    CopiesAreFilledWithoutAFence,
    LoadsAreCopies,

    // News does not come.
    NewsIsNeverTold,
    NewsOfEndsIsNotTold,
    NewsOfRevocationsIsNotTold,
    NewsFollowsTheSave,
    NewsWithoutTheCapability,

    // An outage is answered.
    OutageLoadsNothing,
    OutageIsUnsupported,
    OutageListsNothing,
    OutageStartsEpochsOver,
    OutageAcknowledgesSaves,
    OutageAnswersConflict,
}
