use hallpass_model::*;
use stateright::*;
use std::time::Instant;
fn main() {
    let only = std::env::args().nth(1);
    for (name, b) in worlds::all() {
        if only.as_ref().is_some_and(|o| o != name) {
            continue;
        }
        let t = Instant::now();
        let c = World::new(b).checker().spawn_bfs().join();
        println!(
            "{name}: {:?} unique {} total {} depth {}",
            t.elapsed(),
            c.unique_state_count(),
            c.state_count(),
            c.max_depth()
        );
        let found = c.discoveries();
        for p in c.model().properties() {
            let bad = found.contains_key(p.name) == (p.expectation == Expectation::Always);
            if bad {
                println!("  !! {}", p.name);
            }
            if let Some(path) = found.get(p.name).filter(|_| bad) {
                for (s, a) in path.clone().into_vec() {
                    println!(
                        "    now {} g {} from {} conf {:?} msgs {} jobs {} -> {a:?}",
                        s.now,
                        s.record.chain.generation,
                        s.record.chain.from,
                        s.record.chain.confirmed_at,
                        s.messages.len(),
                        s.jobs.len()
                    );
                }
            }
        }
    }
}
