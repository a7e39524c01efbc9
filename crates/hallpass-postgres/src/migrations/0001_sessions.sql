-- What a column means is told in hallpass-sql, `SESSION_COLUMNS`. Text sorts and compares by its bytes, whatever the
-- locale of the database.
--
-- `data` is `json` and not `jsonb`, since attributes come back as they were given: `jsonb` sorts keys and rewrites
-- numbers. `sealed` has what is no JSON: attributes that were encrypted above the store.
CREATE TABLE hallpass.sessions (
    realm text COLLATE "C" NOT NULL,
    id bytea NOT NULL,
    version bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    subject text COLLATE "C",
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    level smallint NOT NULL,
    profile text COLLATE "C" NOT NULL,
    ip inet,
    user_agent text COLLATE "C",
    head bytea NOT NULL,
    data json,
    sealed bytea,
    PRIMARY KEY (realm, id)
) WITH (
    -- Every use of a session leaves an old row behind: tidied after 2 % of the table and not after 20.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);
-- An index for every filter of a listing, under the names of hallpass-sql, `Lead`. Each is written at every use of a
-- session, so those of level and profile leave out what nearly every session has.
CREATE INDEX sessions_by_subject ON hallpass.sessions (subject, realm, created_at, id) WHERE subject IS NOT NULL;
CREATE INDEX sessions_by_creation ON hallpass.sessions (realm, created_at, id);
CREATE INDEX sessions_by_expiry ON hallpass.sessions (expires_at, ended_at);
CREATE INDEX sessions_by_use ON hallpass.sessions (seen_at);
CREATE INDEX sessions_by_address ON hallpass.sessions (ip) WHERE ip IS NOT NULL;
CREATE INDEX sessions_by_level ON hallpass.sessions (realm, level, created_at, id) WHERE level > 1;
CREATE INDEX sessions_by_profile ON hallpass.sessions (realm, profile, created_at, id) WHERE profile <> 'default';
CREATE INDEX sessions_by_end ON hallpass.sessions (realm, created_at, id) WHERE ended_at IS NOT NULL;

-- `xid` is the transaction that took the event in. A number of a sequence is drawn before the commit, so a reader that
-- goes by it alone would pass what commits late; by `(xid, seq)` it reads what is older than every open transaction.
CREATE TABLE hallpass.events (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    id bytea NOT NULL UNIQUE,
    at timestamptz NOT NULL,
    kind text COLLATE "C" NOT NULL,
    realm text COLLATE "C" NOT NULL,
    session bytea,
    subject text COLLATE "C",
    actor text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    note text COLLATE "C",
    request_id text COLLATE "C",
    ip text COLLATE "C",
    user_agent text COLLATE "C",
    PRIMARY KEY (xid, seq)
);
CREATE INDEX events_by_session ON hallpass.events (session, xid, seq) WHERE session IS NOT NULL;
CREATE INDEX events_by_subject ON hallpass.events (subject, realm, xid, seq) WHERE subject IS NOT NULL;
CREATE INDEX events_by_kind ON hallpass.events (kind, xid, seq);

CREATE TABLE hallpass.epochs (
    realm text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    PRIMARY KEY (realm, subject)
);

CREATE TABLE hallpass.settings (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- For people: names as the program shows them, and attributes that can be searched.
CREATE VIEW hallpass.readable_sessions AS
SELECT
    rtrim(translate(encode(id, 'base64'), '+/', '-_'), '=') AS id,
    realm, subject, level, profile, created_at, seen_at, expires_at, ended_at, ip, user_agent,
    data::jsonb AS data
FROM hallpass.sessions;
