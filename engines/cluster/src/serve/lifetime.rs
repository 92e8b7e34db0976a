//! The end of a process together with the one that started it.

use std::io::Read;

/// Waits until standard input is closed, which happens when the process at its other end ends, in whatever way. Without
/// `is_bound` it waits for ever.
pub(crate) async fn parent_ended(is_bound: bool) {
    if !is_bound {
        return std::future::pending().await;
    }
    let (end, ended) = tokio::sync::oneshot::channel();
    // A thread of its own: the async runtime would wait for its reads before the process ends.
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while std::io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
        let _ = end.send(());
    });
    let _ = ended.await;
}
