use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::daemon::as_nobody;
use crate::program::find;
use crate::sql_server::{PASSWORD, Programs, SqlServer};

/// A MariaDB server of the tests' own; its options are like `--read-only`.
pub type MariaDb = SqlServer<MariaDbPrograms>;

/// Where MariaDB's programs are.
#[derive(Debug)]
pub struct MariaDbPrograms {
    install: PathBuf,
    server: PathBuf,
    client: PathBuf,
}

impl Programs for MariaDbPrograms {
    const PACKAGE: &'static str = "mariadb-server";
    const SCHEME: &'static str = "mysql";
    const FIRST_DATABASE: &'static str = "mysql";
    const CRASH: &'static str = "KILL";
    const ODD: &'static [&'static str] = &[
        "--innodb-flush-log-at-trx-commit=0",
        "--default-time-zone=-03:30",
        "--character-set-server=latin1",
        "--collation-server=latin1_german1_ci",
        "--sql-mode=",
    ];

    fn find() -> Option<Self> {
        let known = |names: [&str; 2]| {
            let in_path = names.iter().find_map(|name| find(name));
            in_path.or_else(|| Some(PathBuf::from("/usr/sbin").join(names[0])).filter(|path| path.is_file()))
        };
        Some(Self {
            install: known(["mariadb-install-db", "mysql_install_db"])?,
            server: known(["mariadbd", "mysqld"])?,
            client: known(["mariadb", "mysql"])?,
        })
    }

    fn shared() -> &'static OnceLock<Option<MariaDb>> {
        static SHARED: OnceLock<Option<MariaDb>> = OnceLock::new();
        &SHARED
    }

    fn installation(&self, folder: &Path) -> Command {
        let first = format!(
            "CREATE USER IF NOT EXISTS hallpass@'%' IDENTIFIED BY '{PASSWORD}';\n\
             GRANT ALL ON *.* TO hallpass@'%' WITH GRANT OPTION;\n"
        );
        fs::write(folder.join("first.sql"), first).expect("the folder can be written");
        let mut init = as_nobody(&self.install);
        init.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
        // Two that are made at once would use the same names elsewhere.
        init.arg(format!("--tmpdir={}", folder.display()));
        init.arg(format!("--datadir={}", folder.join("data").display()));
        init
    }

    fn server(&self, folder: &Path, port: u16) -> Command {
        let mut server = as_nobody(&self.server);
        server.args(["--no-defaults", "--bind-address=127.0.0.1", "--max-connections=400", "--skip-name-resolve"]);
        server.arg(format!("--port={port}")).arg(format!("--tmpdir={}", folder.display()));
        for (option, file) in
            [("datadir", "data"), ("socket", "socket"), ("pid-file", "server.pid"), ("init-file", "first.sql")]
        {
            server.arg(format!("--{option}={}", folder.join(file).display()));
        }
        server
    }

    fn client(&self, port: u16, database: &str, sql: &str) -> Command {
        let mut client = Command::new(&self.client);
        client.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=hallpass"]);
        client.args(["--batch", "--skip-column-names", "--connect-timeout=5"]);
        client.env("MYSQL_PWD", PASSWORD).arg(format!("--port={port}")).args([database, "-e", sql]);
        client
    }
}
