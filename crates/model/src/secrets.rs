//! Short names for tokens, so that a state is small and does not depend on chance.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Chain, ChainNonce, Generation, Grace, ReferenceToken, Renewed, SessionId, SessionSecret, Timestamp};

/// Which token it is: of which chain, by number and first generation, and of which generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The number of the chain; every authentication starts a new one.
    pub chain: u8,
    /// The first generation of the chain.
    pub first: u8,
    /// The generation of the token.
    pub generation: u8,
}

const CHAINS: u8 = 4;
const GENERATIONS: u8 = 32;
const ID: SessionId = SessionId::from_bytes([1; 16]);

impl Name {
    /// Returns the token with this name.
    pub fn token(self) -> ReferenceToken {
        let secret = SessionSecret::from_bytes(secrets().bytes[&self]);
        ReferenceToken { id: ID, generation: generation(self.generation), secret }
    }

    /// Returns the name of the token with this secret.
    pub fn of(secret: &SessionSecret) -> Self {
        secrets().names[secret.hash().as_bytes()]
    }

    /// Returns a chain that starts with this token.
    pub fn start(self, now: Timestamp) -> Chain {
        let mut chain = self.fix(Chain::start(generation(self.generation), now)).chain;
        chain.paced_until = Timestamp::UNIX_EPOCH;
        chain
    }

    /// Puts what is known in place of what was chosen at random.
    pub(crate) fn fix(self, mut started: Renewed) -> Renewed {
        started.secret = self.token().secret;
        started.chain.hash = started.secret.hash();
        started.chain.nonce = ChainNonce::from_bytes([self.chain; 16]);
        started
    }
}

/// Returns a token whose secret was never given to anybody.
pub(crate) fn guess(number: u8) -> ReferenceToken {
    ReferenceToken { id: ID, generation: generation(number), secret: SessionSecret::from_bytes([0xee; 28]) }
}

pub(crate) fn generation(number: u8) -> Generation {
    Generation::new(number.into()).expect("a byte is small")
}

pub(crate) fn number(generation: Generation) -> u8 {
    u8::try_from(generation.number()).expect("a model makes few generations")
}

/// Every secret of every chain that a model can come to.
struct Secrets {
    bytes: HashMap<Name, [u8; SessionSecret::LENGTH]>,
    names: HashMap<[u8; 32], Name>,
}

fn secrets() -> &'static Secrets {
    static SECRETS: OnceLock<Secrets> = OnceLock::new();
    SECRETS.get_or_init(|| {
        let mut secrets = Secrets { bytes: HashMap::new(), names: HashMap::new() };
        for chain in 0..CHAINS {
            for first in 0..GENERATIONS {
                secrets.derive(Name { chain, first, generation: first });
            }
        }
        secrets
    })
}

impl Secrets {
    fn derive(&mut self, mut name: Name) {
        let now = Timestamp::UNIX_EPOCH;
        let grace = Grace { grace: Duration::ZERO, replay_after: Duration::ZERO };
        let mut bytes = [name.chain * GENERATIONS + name.first + 1; SessionSecret::LENGTH];
        let mut chain = Chain::start(generation(name.first), now).chain;
        chain.nonce = ChainNonce::from_bytes([name.chain; 16]);
        loop {
            let secret = SessionSecret::from_bytes(bytes);
            self.bytes.insert(name, bytes);
            self.names.insert(*secret.hash().as_bytes(), name);
            name.generation += 1;
            if name.generation == GENERATIONS {
                return;
            }
            let renewed = chain.renew(&secret, chain.generation, None, grace, now).expect("generations are left");
            bytes = reveal(renewed.secret, renewed.chain.generation);
            chain = renewed.chain;
        }
    }
}

/// Reads a secret out of the text of its token, which is the one way to it.
fn reveal(secret: SessionSecret, generation: Generation) -> [u8; SessionSecret::LENGTH] {
    let text = ReferenceToken { id: ID, generation, secret }.encode();
    let bytes = URL_SAFE_NO_PAD.decode(text.expose()).expect("tokens are base64url");
    *bytes.last_chunk().expect("the secret comes last")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_secret_and_every_secret_is_another() {
        let name = Name { chain: 2, first: 3, generation: 9 };
        assert_eq!(Name::of(&name.token().secret), name);
        assert_eq!(secrets().bytes.len(), secrets().names.len());
    }

    #[test]
    fn a_started_chain_takes_its_token() {
        let name = Name { chain: 1, first: 4, generation: 4 };
        let chain = name.start(Timestamp::UNIX_EPOCH);
        let renewed = chain
            .renew(
                &name.token().secret,
                chain.generation,
                None,
                Grace { grace: Duration::ZERO, replay_after: Duration::ZERO },
                Timestamp::UNIX_EPOCH,
            )
            .expect("generations are left");
        assert_eq!(Name::of(&renewed.secret), Name { generation: 5, ..name });
    }
}
