//! A load of sessions through servers that are killed three times: nothing that was acknowledged is undone, nobody is
//! logged out, and service is back in time.
//!
//! `HALLPASS_STORM_SECONDS=60` makes it as long as that; by default it is short. What happened is printed.

mod client;
mod entry;
mod figures;
mod machine;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hallpass::{Sessions, Store};
use tokio::task::{JoinSet, spawn_blocking};

use self::client::Client;
use self::figures::Figures;
use self::machine::Machine;

const STRIKES: u32 = 3;
const CLIENTS: usize = 16;

/// By when no call may fail any more, counted from the first write that the servers themselves took again.
const BACK: Duration = Duration::from_secs(2);

/// The servers, and how they are struck.
pub(crate) trait Servers: Send + 'static {
    /// Kills the server that is written to, and returns as soon as it, or another in its place, takes writes as lasting
    /// as are asked for.
    fn strike(&mut self, number: u32);

    /// Brings back what is still missing, so that the next blow can be borne.
    fn mend(&mut self) {}
}

/// A blow, and when the servers themselves were back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blow {
    struck: Instant,
    back: Instant,
}

/// Returns how long the whole storm takes.
pub(crate) fn length() -> Duration {
    let seconds = std::env::var("HALLPASS_STORM_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(12))
}

/// Lives sessions on two nodes while their servers are struck, and looks at every one of them, meanwhile and afterwards;
/// answers what happened, in words.
pub(crate) async fn ride_out<S: Store + Clone>(stores: [S; 2], servers: impl Servers) -> String {
    assert!(stores.iter().all(|store| store.capabilities().durable), "the settings are durable");
    let begun = Instant::now();
    let (figures, blows, machine) = ride(stores, servers, length()).await;
    let report = format!("a storm of {} s\n{}", begun.elapsed().as_secs(), figures.report(&blows, &machine));
    if let Err(wrong) = figures.judge(&blows, &machine) {
        panic!("{wrong}, in {report}");
    }
    report
}

/// Asserts that a storm over servers that are not durable is noticed.
pub(crate) async fn founder<S: Store + Clone>(stores: [S; 2], servers: impl Servers) {
    let storm = tokio::spawn(ride(stores, servers, Duration::from_secs(6)));
    let told = storm.await.map(drop).expect_err("what was lost is noticed").into_panic();
    let told = told.downcast_ref::<String>().map_or("", String::as_str);
    let is_noticed = |words: &&str| told.contains(words);
    assert!(["is lost", "came back", "logs nobody out", " not "].iter().any(is_noticed), "{told}");
}

async fn ride<S: Store + Clone>(
    stores: [S; 2],
    mut servers: impl Servers,
    length: Duration,
) -> (Figures, Vec<Blow>, Machine) {
    let nodes = stores.map(|store| Sessions::builder().store(store).build().expect("the parts fit"));
    let machine = Machine::watch();
    let calm = Arc::new(AtomicBool::new(false));
    let mut running = JoinSet::new();
    let begun = Instant::now();
    for number in 0..CLIENTS {
        running.spawn(Client::new(number, nodes.clone()).work(Arc::clone(&calm)));
    }

    let mut blows = Vec::new();
    for number in 0..STRIKES {
        let at = begun + length * (2 * number + 1) / (2 * STRIKES);
        tokio::time::sleep_until(at.max(Instant::now() + Duration::from_secs(1)).into()).await;
        let struck = Instant::now();
        servers = spawn_blocking(move || {
            servers.strike(number);
            servers
        })
        .await
        .expect("the servers are back");
        blows.push(Blow { struck, back: Instant::now() });
        servers = spawn_blocking(move || {
            servers.mend();
            servers
        })
        .await
        .expect("the servers are whole again");
    }
    tokio::time::sleep_until((begun + length).max(Instant::now() + BACK).into()).await;
    calm.store(true, Ordering::SeqCst);

    let mut figures = Figures::default();
    for client in running.join_all().await {
        figures.add(client.look_at_all().await);
    }
    (figures, blows, machine)
}
