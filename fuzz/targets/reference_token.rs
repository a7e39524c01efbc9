//! Any bytes as a token: no panic, one text per token, and a stranger's token is never more than wrong.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use hallpass::{Chain, Generation, Grace, ReferenceToken, Standing, Timestamp};
use libfuzzer_sys::fuzz_target;

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let mut renewed = Chain::start(Generation::FIRST, NOW);
    for _ in 0..100 {
        renewed = renewed
            .chain
            .renew(&renewed.secret, renewed.chain.generation, None, GRACE, NOW)
            .expect("far from the last");
    }
    renewed.chain
});
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const GRACE: Grace = Grace { grace: Duration::from_secs(30), replay_after: Duration::from_secs(150) };

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(token) = ReferenceToken::parse(text) else { return };
    assert_eq!(token.encode().expose(), text, "a token has one text");

    for later in [0, 31, 151] {
        let now = NOW.plus(Duration::from_secs(later));
        let standing = CHAIN.judge(&token, None, GRACE, now, |_| true);
        assert!(matches!(standing, Standing::Wrong), "{standing:?} for a token that was never handed out");
    }
});
