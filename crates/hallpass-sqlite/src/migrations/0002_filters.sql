-- An index for every filter of a listing, under the names of hallpass-sql, `Lead`.
--
-- What is over is found by `sessions_by_expiry`; it holds `ended_at`, so that tombstones, which are most of what is over,
-- are passed without a look at their rows.
DROP INDEX sessions_by_expiry;
CREATE INDEX sessions_by_expiry ON sessions (expires_at, ended_at);
CREATE INDEX sessions_by_use ON sessions (seen_at);
CREATE INDEX sessions_by_address ON sessions (ip) WHERE ip IS NOT NULL;
CREATE INDEX sessions_by_level ON sessions (realm, level, created_at, id);
CREATE INDEX sessions_by_profile ON sessions (realm, profile, created_at, id);
CREATE INDEX sessions_by_end ON sessions (realm, created_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX events_by_kind ON events (kind);
