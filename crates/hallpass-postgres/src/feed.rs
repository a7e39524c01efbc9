use std::sync::Arc;
use std::time::Duration;

use hallpass::Change;
use hallpass_sql::News;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::connection::{Live, Purpose, Recipe};
use crate::error::Fault;
use crate::line;

/// How long the feed believes in a silent connection before it asks.
const SILENCE: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Tells what others announce, heard on a connection of its own.
///
/// Until the server is listened to, and whenever it was lost, there is a hole.
pub(crate) async fn listen(recipe: Arc<Recipe>, news: Arc<News>) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Ok(Ok((live, told))) = timeout(recipe.timeout, begin(&recipe)).await {
            pause = SHORTEST_PAUSE;
            news.tell(&Change::Hole);
            hear(&live, told, &recipe, &news).await;
            tracing::warn!(target: "hallpass::postgres", server = %recipe.server, "the feed of changes was lost");
            news.tell(&Change::Hole);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn begin(recipe: &Recipe) -> Result<(Live, mpsc::UnboundedReceiver<String>), Fault> {
    let (sender, told) = mpsc::unbounded_channel();
    let live = recipe.connect(Purpose::News(sender)).await?;
    live.run("LISTEN hallpass").await?;
    Ok((live, told))
}

/// Tells what is heard until the connection ends, or does not answer any more.
async fn hear(live: &Live, mut told: mpsc::UnboundedReceiver<String>, recipe: &Recipe, news: &News) {
    loop {
        match timeout(SILENCE, told.recv()).await {
            Ok(Some(lines)) => line::read(&lines).for_each(|change| news.tell(&change)),
            Ok(None) => return,
            // A connection that was cut on its way looks like one on which nothing happens.
            Err(_) => match timeout(recipe.timeout, live.run("")).await {
                Ok(Ok(())) => {}
                _ => return,
            },
        }
    }
}
