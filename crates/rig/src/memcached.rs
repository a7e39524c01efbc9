use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{Server, free_port, program};

/// A Memcached server of one test's own; killed when the value is dropped.
#[derive(Debug)]
pub struct Memcached {
    program: PathBuf,
    port: u16,
    options: Vec<String>,
    server: Option<Server>,
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a Memcached server on a port of its own, or says that the test is skipped.
///
/// Each option is a word of its command line, such as `-M`.
///
/// # Panics
///
/// If the server does not come up; or if it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn memcached(options: &[&str]) -> Option<Memcached> {
    let program = program("memcached")?;
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    let mut memcached = Memcached { program, port: free_port(), options, server: None };
    memcached.start();
    Some(memcached)
}

impl Memcached {
    /// Returns the port on which it listens, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns its address, as a host and a port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the URL of a store on it alone.
    pub fn url(&self) -> String {
        format!("memcached://{}", self.address())
    }

    /// Starts it again on the same port, and empty.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn start(&mut self) {
        let mut command = Command::new(&self.program);
        // As root it wants to be told who to be, and nobody else may look into the folders of tests.
        command.args(["-l", "127.0.0.1", "-p", &self.port.to_string(), "-U", "0", "-u", "root", "-t", "2"]);
        command.args(&self.options);
        let address = self.address();
        match Server::start(command, PATIENCE, |_| TcpStream::connect(&address).ok()) {
            Ok((server, _)) => self.server = Some(server),
            Err(error) => panic!("memcached does not start: {error}"),
        }
    }

    /// Kills it as `kill -9` does, and all that it holds is gone; [`start`](Memcached::start) brings it back.
    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Freezes it, as a machine that hangs: it keeps its connections and answers nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on where it was frozen.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(server) = &self.server else { return };
        let sent = Command::new("kill").args(["-s", signal, &server.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "memcached cannot be sent {signal}");
    }

    /// Asks it something in its own words, and returns all that it answers.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    pub fn ask(&self, question: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).expect("memcached is there");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        // What comes last marks the end of the answer.
        stream.write_all(format!("{question}\r\nmn\r\n").as_bytes()).expect("memcached reads");
        let (mut answer, mut part) = (Vec::new(), [0; 4096]);
        while !answer.ends_with(b"MN\r\n") {
            let count = stream.read(&mut part).expect("memcached answers");
            assert!(count > 0, "memcached has closed the connection");
            answer.extend_from_slice(&part[..count]);
        }
        answer.truncate(answer.len() - 4);
        String::from_utf8_lossy(&answer).trim_end().to_owned()
    }
}
