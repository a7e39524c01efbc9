-- What is known of an event besides: how well its session was proved, under which policy it lives, and what was asked for.
ALTER TABLE events ADD COLUMN level INTEGER;
ALTER TABLE events ADD COLUMN profile TEXT;
ALTER TABLE events ADD COLUMN route TEXT;

-- The audit trail: each event's place in it, and the hash that binds it to all before. Written after the event, by one
-- sealer at a time. `checkpoint` is JSON: what was signed when the line was the last.
CREATE TABLE seals (
    number INTEGER PRIMARY KEY,
    event BLOB NOT NULL UNIQUE,
    hash BLOB NOT NULL,
    checkpoint TEXT
) STRICT;
