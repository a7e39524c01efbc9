use hallpass::{Event, Sessions};

/// Keeps and tells the event of what was done, and is: a store that is away now hides the event, not that.
pub(crate) async fn tell(sessions: &Sessions, event: Event) {
    let (kind, note) = (event.kind.clone(), event.note.clone());
    match sessions.append(event).await {
        Err(error) if !error.is_unsupported() => {
            let about = note.as_ref().map(hallpass::Note::as_str);
            tracing::error!(%kind, about, error = %error, "an event is lost");
        }
        _ => {}
    }
}
