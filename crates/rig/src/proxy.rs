use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A way to a server that can be bad: a test cuts it in the middle of a reply, or lets it swallow everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    way: Arc<Way>,
}

#[derive(Debug)]
struct Way {
    server: u16,
    /// How many bytes of replies still come through; negative is all of them.
    left: AtomicI64,
    swallows: AtomicBool,
    refuses: AtomicBool,
    /// How often the connections that there were fell silent for good.
    lost: AtomicUsize,
    is_closed: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Opens a way to a port of this machine.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let way = Arc::new(Way {
            server,
            left: AtomicI64::new(-1),
            swallows: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&way);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if accepting.is_closed.load(Ordering::Relaxed) {
                    return;
                }
                if !accepting.refuses.load(Ordering::SeqCst) {
                    // A server that is away closes the connection, as it would without a way between.
                    let _ = accepting.connect(client);
                }
            }
        });
        Self { port, way }
    }

    /// Returns the port at which the way begins.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL of the server with the way's beginning in it.
    pub fn url(&self, url: &str) -> String {
        let [there, here] = [self.way.server, self.port].map(|port| format!("127.0.0.1:{port}"));
        url.replace(&there, &here)
    }

    /// Lets so many more bytes of replies through, and cuts all connections then.
    pub fn cut_after(&self, bytes: u32) {
        self.way.left.store(bytes.into(), Ordering::SeqCst);
    }

    /// Cuts all connections now; new ones are let through.
    pub fn cut(&self) {
        self.way.cut();
    }

    /// Cuts all connections, and refuses new ones until it is [mended](Self::mend).
    pub fn refuse(&self) {
        self.way.refuses.store(true, Ordering::SeqCst);
        self.way.cut();
    }

    /// Lets everything through again: takes back [`cut_after`](Self::cut_after) and [`refuse`](Self::refuse).
    pub fn mend(&self) {
        self.way.left.store(-1, Ordering::SeqCst);
        self.way.refuses.store(false, Ordering::SeqCst);
    }

    /// Lets nothing through in either direction any more, and closes nothing.
    pub fn swallow(&self, swallows: bool) {
        self.way.swallows.store(swallows, Ordering::SeqCst);
    }

    /// Lets new connections through again; what swallows stays silent for ever.
    pub fn forget(&self) {
        self.way.lost.fetch_add(1, Ordering::SeqCst);
        self.swallow(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.way.is_closed.store(true, Ordering::Relaxed);
        self.way.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Way {
    fn connect(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        let server = TcpStream::connect(("127.0.0.1", self.server))?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
            if let Ok(mut open) = self.open.lock() {
                open.push(stream.try_clone()?);
            }
        }
        if self.refuses.load(Ordering::SeqCst) {
            self.cut(); // since this connection began
            return Ok(());
        }
        let (there, back) = (Arc::clone(self), Arc::clone(self));
        let (from, to) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || there.pass(from, to, false));
        thread::spawn(move || back.pass(server, client, true));
        Ok(())
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, is_reply: bool) {
        let mut bytes = [0; 16 * 1024];
        let lost = self.lost.load(Ordering::SeqCst);
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let is_silent = || self.swallows.load(Ordering::SeqCst) || self.lost.load(Ordering::SeqCst) != lost;
            while is_silent() && !self.is_closed.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            let (through, is_cut) = if is_reply { self.through(count) } else { (count, false) };
            if to.write_all(&bytes[..through]).is_err() {
                break;
            }
            if is_cut {
                self.cut();
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// Returns how many of so many bytes come through, and whether they are the last.
    fn through(&self, count: usize) -> (usize, bool) {
        let left = self.left.load(Ordering::SeqCst);
        let Ok(left) = usize::try_from(left) else { return (count, false) };
        if left <= count {
            self.left.store(-1, Ordering::SeqCst);
            return (left, true);
        }
        self.left.store(i64::try_from(left - count).unwrap_or(-1), Ordering::SeqCst);
        (count, false)
    }

    fn cut(&self) {
        let Ok(mut open) = self.open.lock() else { return };
        for stream in open.drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
