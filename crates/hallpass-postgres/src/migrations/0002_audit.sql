-- What is known of an event besides: how well its session was proved, under which policy it lives, and what was asked for.
ALTER TABLE hallpass.events
    ADD COLUMN level smallint,
    ADD COLUMN profile text COLLATE "C",
    ADD COLUMN route text COLLATE "C";

-- The audit trail: each event's place in it, and the hash that binds it to all before. Written after the event, by one
-- sealer at a time. `checkpoint` is JSON: what was signed when the line was the last.
CREATE TABLE hallpass.seals (
    number bigint PRIMARY KEY,
    event bytea NOT NULL UNIQUE,
    hash bytea NOT NULL,
    checkpoint text COLLATE "C"
);
