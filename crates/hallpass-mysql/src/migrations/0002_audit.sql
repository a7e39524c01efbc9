-- What is known of an event besides: how well its session was proved, under which policy it lives, and what was asked for.
-- MySQL has no ADD COLUMN IF NOT EXISTS, and this step may run again.
SET @missing = (SELECT COUNT(*) = 0 FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = 'hallpass_events' AND column_name = 'route');
SET @step = IF(@missing, 'ALTER TABLE hallpass_events ADD COLUMN level TINYINT, ADD COLUMN profile VARCHAR(64), ADD COLUMN route VARCHAR(512)', 'DO 0');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

-- The audit trail: each event's place in it, and the hash that binds it to all before. Written after the event, by one
-- sealer at a time. `checkpoint` is JSON: what was signed when the line was the last.
CREATE TABLE IF NOT EXISTS hallpass_seals (
    number BIGINT NOT NULL PRIMARY KEY,
    event BINARY(16) NOT NULL,
    hash BINARY(32) NOT NULL,
    checkpoint VARCHAR(1024),
    UNIQUE KEY seals_by_event (event)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
