-- What a column means is told in hallpass-sql, `SESSION_COLUMNS`. Instants are in UTC: a DATETIME has no zone, and no
-- server or session turns it into another. Text compares by its bytes, spaces at its end included; the name of that
-- collation differs between the two servers.
--
-- `data` has attributes as text, so that they come back as they were given: the type JSON of MySQL sorts keys and
-- rewrites numbers. `sealed` has those that are no text: encrypted above the store.
CREATE TABLE IF NOT EXISTS hallpass_sessions (
    realm VARCHAR(64) NOT NULL,
    id BINARY(16) NOT NULL,
    version BIGINT NOT NULL,
    seen_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    subject VARCHAR(255),
    created_at DATETIME(3) NOT NULL,
    ended_at DATETIME(3),
    level TINYINT NOT NULL,
    profile VARCHAR(64) NOT NULL,
    ip VARBINARY(16),
    user_agent VARCHAR(1024),
    head MEDIUMBLOB NOT NULL,
    data LONGTEXT,
    sealed LONGBLOB,
    is_ended TINYINT AS (ended_at IS NOT NULL) STORED,
    PRIMARY KEY (realm, id),
    -- An index for every filter of a listing, under the names of hallpass-sql, `Lead`.
    KEY sessions_by_subject (subject, realm, created_at, id),
    KEY sessions_by_creation (realm, created_at, id),
    KEY sessions_by_expiry (expires_at, ended_at),
    KEY sessions_by_use (seen_at),
    KEY sessions_by_address (ip),
    KEY sessions_by_level (realm, level, created_at, id),
    KEY sessions_by_profile (realm, profile, created_at, id),
    KEY sessions_by_end (realm, is_ended, created_at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- `intake` is drawn before the commit, so a reader that goes by it would pass what commits late. `seq` is given to
-- events that are committed, by one reader at a time: it is the order in which they became visible.
CREATE TABLE IF NOT EXISTS hallpass_events (
    intake BIGINT NOT NULL AUTO_INCREMENT,
    seq BIGINT,
    id BINARY(16) NOT NULL,
    at DATETIME(3) NOT NULL,
    kind VARCHAR(255) NOT NULL,
    realm VARCHAR(64) NOT NULL,
    session BINARY(16),
    subject VARCHAR(255),
    actor VARCHAR(255) NOT NULL,
    reason VARCHAR(255),
    note VARCHAR(512),
    request_id VARCHAR(512),
    ip VARCHAR(64),
    user_agent VARCHAR(512),
    PRIMARY KEY (intake),
    UNIQUE KEY events_by_id (id),
    KEY events_by_seq (seq),
    KEY events_by_session (session, seq),
    KEY events_by_subject (subject, realm, seq),
    KEY events_by_kind (kind, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

CREATE TABLE IF NOT EXISTS hallpass_epochs (
    realm VARCHAR(64) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (realm, subject)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

CREATE TABLE IF NOT EXISTS hallpass_settings (
    name VARCHAR(128) NOT NULL PRIMARY KEY,
    value MEDIUMBLOB NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};

-- The last `seq` that was given; who gives numbers holds its row.
CREATE TABLE IF NOT EXISTS hallpass_counters (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
INSERT IGNORE INTO hallpass_counters (name, value) VALUES ('events', 0);

-- What nodes tell each other; each row is forgotten after some minutes. `seq` is given as that of events is.
CREATE TABLE IF NOT EXISTS hallpass_changes (
    intake BIGINT NOT NULL AUTO_INCREMENT,
    seq BIGINT,
    realm VARCHAR(64) NOT NULL,
    id BINARY(16) NOT NULL,
    at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (intake),
    KEY changes_by_seq (seq),
    KEY changes_by_age (at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
INSERT IGNORE INTO hallpass_counters (name, value) VALUES ('changes', 0);
