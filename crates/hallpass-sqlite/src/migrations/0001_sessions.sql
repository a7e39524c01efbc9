-- Instants are milliseconds since 1970 UTC. What a column means is told in hallpass-sql, `SESSION_COLUMNS`.
--
-- A table with a rowid, although it has a key of its own: ids are random, and rows are too big for the inner pages of
-- an index. New rows lie together, so a batch of them writes a third less, and a lookup descends as deep at three million
-- sessions as at a hundred thousand.
CREATE TABLE sessions (
    realm TEXT NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    subject TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    level INTEGER NOT NULL,
    profile TEXT NOT NULL,
    ip BLOB,
    user_agent TEXT,
    head BLOB NOT NULL,
    data ANY, -- text, or bytes where attributes are encrypted
    PRIMARY KEY (realm, id)
) STRICT;
CREATE INDEX sessions_by_subject ON sessions (subject, realm, created_at, id) WHERE subject IS NOT NULL;
CREATE INDEX sessions_by_creation ON sessions (realm, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- AUTOINCREMENT, so that a number is never used again: who follows events goes on from one.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    realm TEXT NOT NULL,
    session BLOB,
    subject TEXT,
    actor TEXT NOT NULL,
    reason TEXT,
    note TEXT,
    request_id TEXT,
    ip TEXT,
    user_agent TEXT
) STRICT;
CREATE INDEX events_by_session ON events (session) WHERE session IS NOT NULL;
CREATE INDEX events_by_subject ON events (subject, realm) WHERE subject IS NOT NULL;

CREATE TABLE epochs (
    realm TEXT NOT NULL,
    subject TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (realm, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
