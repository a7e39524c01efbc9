use std::sync::Arc;

use hallpass::{Carried, SelfContained, SessionsBuilder, Timestamp, Token, Unopened, Unsealed};

use crate::config::{Config, Tokens};

/// Tokens of whoever has no keys: none is made, and none opens.
#[derive(Debug)]
struct Unmade;

impl SelfContained for Unmade {
    fn seal(&self, _: &Carried) -> Result<Token, Unsealed> {
        Err(Unsealed::NoKey)
    }

    fn open(&self, _: &[u8], _: Timestamp) -> Result<Arc<Carried>, Unopened> {
        Err(Unopened::UnknownKey)
    }
}

impl Config {
    /// Has whoever ends sessions straight in the store end the self-contained tokens with them that the service made.
    /// Neither can tokens be made with these sessions, nor opened: they have no keys.
    pub fn ending_tokens(&self, builder: SessionsBuilder) -> SessionsBuilder {
        match self.tokens {
            Tokens::None => builder,
            Tokens::Jwt => builder.access_tokens(Unmade, self.jwt.lifetime()),
            Tokens::Sealed => builder.carried(Unmade),
        }
    }
}
