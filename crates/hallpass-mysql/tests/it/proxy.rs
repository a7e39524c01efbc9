//! A wire between a store and its server that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    is_cut: AtomicBool,
    /// How many more bytes of answers get through; then each connection is cut in the middle.
    left: AtomicUsize,
    cuts: watch::Sender<u32>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let state =
            State { is_cut: AtomicBool::new(false), left: AtomicUsize::new(usize::MAX), cuts: watch::Sender::new(0) };
        let proxy = Self { address, state: Arc::new(state) };
        let state = Arc::clone(&proxy.state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !state.is_cut.load(Ordering::SeqCst) {
                    tokio::spawn(carry(client, port, Arc::clone(&state)));
                }
            }
        });
        proxy
    }

    /// The URL of the server with the address of the wire in it.
    pub(crate) fn url(&self, url: &str, port: u16) -> String {
        url.replace(&format!(":{port}/"), &format!(":{}/", self.address.port()))
    }

    /// Cuts all connections, and refuses new ones until it is mended.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.state.is_cut.store(is_cut, Ordering::SeqCst);
        if is_cut {
            self.state.cuts.send_modify(|cuts| *cuts += 1);
        }
    }

    /// Lets so many bytes of answers through, and then cuts all connections once.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.state.left.store(bytes, Ordering::SeqCst);
    }
}

async fn carry(mut client: TcpStream, port: u16, state: Arc<State>) {
    let mut cuts = state.cuts.subscribe();
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from_client, mut from_server) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        tokio::select! {
            _ = cuts.changed() => return,
            read = client.read(&mut from_client) => match read {
                Ok(count) if count > 0 => if server.write_all(&from_client[..count]).await.is_err() { return },
                _ => return,
            },
            read = server.read(&mut from_server) => match read {
                Ok(count) if count > 0 => {
                    let left = state.left.load(Ordering::SeqCst);
                    let through = count.min(left);
                    if client.write_all(&from_server[..through]).await.is_err() { return }
                    if left != usize::MAX {
                        state.left.store(left - through, Ordering::SeqCst);
                        if left <= count {
                            state.left.store(usize::MAX, Ordering::SeqCst);
                            state.cuts.send_modify(|cuts| *cuts += 1);
                            return;
                        }
                    }
                }
                _ => return,
            },
        }
    }
}
