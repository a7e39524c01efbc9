use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::daemon::as_nobody;
use crate::program::find;
use crate::sql_server::{PASSWORD, Programs, SqlServer};

const PATIENCE: Duration = Duration::from_secs(30);

/// A PostgreSQL server of the tests' own; its options are like `-cmax_connections=20`.
pub type Postgres = SqlServer<PostgresPrograms>;

/// The folder of PostgreSQL's programs.
#[derive(Debug)]
pub struct PostgresPrograms(PathBuf);

impl Programs for PostgresPrograms {
    const PACKAGE: &'static str = "postgresql";
    const SCHEME: &'static str = "postgres";
    const FIRST_DATABASE: &'static str = "postgres";
    const CRASH: &'static str = "QUIT";
    const ODD: &'static [&'static str] =
        &["-cfsync=off", "-ctimezone=America/St_Johns", "-cdatestyle=German", "-cbytea_output=escape"];

    /// Debian keeps each version's programs in a folder of its own, outside the path.
    fn find() -> Option<Self> {
        let has = |folder: &Path| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file());
        let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = debian
            .map(|version| version.path().join("bin"))
            .filter(|folder| has(folder))
            .max_by_key(|folder| version(folder));
        newest.or_else(|| find("initdb")?.parent().map(Path::to_owned).filter(|folder| has(folder))).map(Self)
    }

    fn shared() -> &'static OnceLock<Option<Postgres>> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        &SHARED
    }

    fn installation(&self, folder: &Path) -> Command {
        let password = folder.join("password");
        fs::write(&password, PASSWORD).expect("the folder can be written");
        let mut init = as_nobody(&self.0.join("initdb"));
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=hallpass", "--auth=scram-sha-256"]);
        init.arg(format!("--pwfile={}", password.display())).arg(folder.join("data"));
        init
    }

    fn server(&self, folder: &Path, port: u16) -> Command {
        let mut server = as_nobody(&self.0.join("postgres"));
        server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
        server.args(["-clisten_addresses=127.0.0.1", "-cmax_connections=200"]);
        server.arg(format!("-cunix_socket_directories={}", folder.display()));
        server
    }

    fn client(&self, port: u16, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.0.join("psql"));
        psql.env("PGPASSWORD", PASSWORD).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]);
        psql.args(["-p", &port.to_string(), "-U", "hallpass", "-d", database, "-c", sql]);
        psql
    }
}

impl Postgres {
    /// Starts a standby of this server. From now on the server acknowledges nothing that the standby has not got.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn standby(&self, options: &[&str]) -> Self {
        let copy = |programs: &PostgresPrograms, folder: &Path| {
            let mut copy = as_nobody(&programs.0.join("pg_basebackup"));
            copy.args(["-h", "127.0.0.1", "-p", &self.port().to_string(), "-U", "hallpass", "--write-recovery-conf"]);
            copy.args(["--checkpoint=fast", "--no-sync", "-D"]).arg(folder.join("data")).env("PGPASSWORD", PASSWORD);
            copy
        };
        let standby = Self::installed(options, copy).expect("its programs are there");
        standby.start();
        self.run("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.run("postgres", "SELECT pg_reload_conf()");
        let is_followed = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        let began = Instant::now();
        while self.run("postgres", is_followed) != "1" {
            assert!(began.elapsed() < PATIENCE, "the standby does not follow");
            sleep(Duration::from_millis(50));
        }
        standby
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.run("postgres", "SELECT pg_promote()");
    }
}

fn version(programs: &Path) -> u32 {
    let folder = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    folder.and_then(|name| name.parse().ok()).unwrap_or(0)
}
