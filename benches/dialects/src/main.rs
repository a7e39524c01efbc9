//! Measures; `benches/run dialects` is how to call it.
//!
//! Each vector is read and verified here and by its own framework, in turn, from what a client and a store would give.

mod ours;
mod rounds;
mod theirs;

use std::collections::BTreeMap;

fn main() {
    let vectors = std::env::args().nth(1).expect("usage: dialects FOLDER-OF-VECTORS");
    for framework in ["express", "django", "spring", "gorilla"] {
        let theirs = theirs::measure(framework, &vectors);
        let ours: BTreeMap<String, f64> = ours::measure(framework, &vectors);
        println!("\n{framework}: nanoseconds, median for each vector\n");
        println!("| vector | hallpass | {framework} | times |\n| --- | ---: | ---: | ---: |");
        let mut ratios: Vec<f64> = Vec::new();
        for (vector, ours) in &ours {
            let Some(theirs) = theirs.get(vector) else { continue };
            println!("| {vector} | {ours:.0} | {theirs:.0} | {:.1} |", theirs / ours);
            ratios.push(theirs / ours);
        }
        ratios.sort_by(f64::total_cmp);
        if let (Some(least), Some(median)) = (ratios.first(), ratios.get(ratios.len() / 2)) {
            println!("\n{} vectors: {median:.1} times as fast in the median, {least:.1} at the least", ratios.len());
        }
    }
}
