//! Frames of text on their way to one reader, bounded in number and in bytes.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, OwnedSemaphorePermit, Semaphore};

/// A frame, and its bytes of the room.
type Waiting = (Bytes, OwnedSemaphorePermit);

/// The end that frames are put into.
#[derive(Debug)]
pub struct TextSender {
    frames: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    bytes: u32,
}

/// The end that frames come out of.
#[derive(Debug)]
pub struct TextReceiver(mpsc::Receiver<Waiting>);

/// A queue of at most so many frames, which have at most so many bytes together, but for one that is longer by itself.
#[must_use]
pub fn text_channel(frames: usize, bytes: usize) -> (TextSender, TextReceiver) {
    let bytes = u32::try_from(bytes.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
    let (sender, receiver) = mpsc::channel(frames);
    (TextSender { frames: sender, room: Arc::new(Semaphore::new(bytes as usize)), bytes }, TextReceiver(receiver))
}

impl TextSender {
    /// Waits for room. False when nobody reads any more.
    pub async fn send(&self, frame: Bytes) -> bool {
        let share = u32::try_from(frame.len()).unwrap_or(u32::MAX).min(self.bytes);
        // What waits for a reader that has gone gives its room back.
        match self.room.clone().acquire_many_owned(share).await {
            Ok(room) => self.frames.send((frame, room)).await.is_ok(),
            Err(_) => false,
        }
    }
}

impl TextReceiver {
    /// The next frame; `None` when there are no more. Its bytes no longer count.
    pub async fn recv(&mut self) -> Option<Bytes> {
        self.0.recv().await.map(|(frame, _)| frame)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn frames_wait_for_room_in_bytes_and_one_that_is_too_long_goes_alone() {
        let (sender, mut receiver) = text_channel(10, 100);
        let send = |len: usize| sender.send(Bytes::from(vec![0; len])).now_or_never();
        assert_eq!((send(60), send(40), send(1), send(0)), (Some(true), Some(true), None, Some(true)));
        for len in [60, 40, 0] {
            assert_eq!(receiver.recv().now_or_never().flatten().map(|frame| frame.len()), Some(len));
        }
        assert_eq!((send(1_000), send(1)), (Some(true), None));
        assert!(receiver.recv().now_or_never().flatten().is_some_and(|frame| frame.len() == 1_000));
        let mut waiting = Box::pin(join(sender.send(Bytes::from(vec![0; 101])), sender.send(Bytes::from(vec![0]))));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(receiver);
        assert_eq!(waiting.now_or_never(), Some((true, false)), "nobody reads what waits");
    }
}
