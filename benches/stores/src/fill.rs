use futures_util::StreamExt as _;
use futures_util::stream;
use hallpass::{
    Chain, Clock as _, Expected, Generation, Level, Outcome, Profile, Realm, Record, ReferenceToken, SessionId, Store,
    Subject, SystemClock, Terms, Timestamp, Token,
};

/// Ten days, so that nothing expires while it is measured.
const TERMS: Terms = Terms { idle: 864_000, absolute: 864_000, renewal: 864_000, anonymous: 864_000, locks: false };
/// As many as fill a batch of the writer several times.
const AT_ONCE: usize = 1024;

pub(crate) fn now() -> Timestamp {
    SystemClock::new().now()
}

/// Makes a record that ends at this instant, of a subject of 8 bytes, and its token.
pub(crate) fn session(index: usize, expires_at: Timestamp) -> (Record, Token) {
    let now = now();
    let id = SessionId::random();
    let renewed = Chain::start(Generation::FIRST, now);
    let mut record = Record::new(id, Realm::default(), Profile::default(), TERMS, renewed.chain, now);
    record.subject = Some(Subject::new(format!("u{index:07}")).expect("short"));
    record.authenticated_at = Some(now);
    record.level = Level::ONE_FACTOR;
    record.expires_at = expires_at;
    (record, ReferenceToken { id, generation: Generation::FIRST, secret: renewed.secret }.encode())
}

/// Saves so many new sessions; answers every `every`th token.
pub(crate) async fn fill(store: &dyn Store, count: usize, every: usize, expires_at: Timestamp) -> Vec<Token> {
    let put = |index: usize| async move {
        let (record, token) = session(index, expires_at);
        save(store, &record).await;
        index.is_multiple_of(every).then_some(token)
    };
    stream::iter(0..count).map(put).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}

/// On a machine that does too much at once an answer can be late; what it was about is there, or is saved again.
async fn save(store: &dyn Store, record: &Record) {
    let mut tried = false;
    loop {
        match store.save(record, Expected::Absent, &[]).await {
            Ok(Outcome::Conflict) if tried => return,
            Ok(outcome) => return assert_eq!(outcome, Outcome::Applied),
            Err(error) if error.is_unavailable() => tried = true,
            Err(error) => panic!("{error}"),
        }
    }
}
