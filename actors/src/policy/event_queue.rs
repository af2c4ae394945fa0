//! What waits for one subscriber: a bounded queue that counts what it drops, and says so in the place where it was.

use std::collections::VecDeque;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Items.
    pub items: usize,
    /// Their bytes together; one item may have more.
    pub bytes: usize,
}

/// The queue.
///
/// Once it has dropped something it takes nothing until half of it is empty again, so that a reader that is too slow gets
/// long pieces of what there was, and between them a count, instead of many counts.
#[derive(Debug)]
pub struct EventQueue<T> {
    room: Room,
    waiting: VecDeque<Entry<T>>,
    bytes: usize,
}

#[derive(Debug)]
enum Entry<T> {
    Item(T, usize),
    Dropped(u64),
}

/// What came of putting something in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits.
    Queued,
    /// It was dropped, and that it was waits in its place.
    Dropped,
    /// It was dropped, like others before it that are counted together.
    DroppedToo,
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// What was put in.
    Item(T),
    /// So many were dropped here.
    Dropped(u64),
}

impl<T> EventQueue<T> {
    /// An empty queue.
    pub fn new(room: Room) -> Self {
        EventQueue { room, waiting: VecDeque::new(), bytes: 0 }
    }

    /// Puts in an item of so many bytes, if there is room.
    pub fn put(&mut self, item: T, bytes: usize) -> Put {
        let (room, held) = (self.room, self.waiting.len());
        let dropping = matches!(self.waiting.back(), Some(Entry::Dropped(_)));
        let fits = match dropping {
            true => held <= room.items / 2 && self.bytes <= room.bytes / 2,
            false => held < room.items,
        };
        if fits && (self.bytes == 0 || self.bytes.saturating_add(bytes) <= room.bytes) {
            self.bytes = self.bytes.saturating_add(bytes);
            self.waiting.push_back(Entry::Item(item, bytes));
            return Put::Queued;
        }
        self.count_dropped(1)
    }

    /// Notes that so many were dropped before they came here.
    pub fn count_dropped(&mut self, count: u64) -> Put {
        if let Some(Entry::Dropped(before)) = self.waiting.back_mut() {
            *before = before.saturating_add(count);
            return Put::DroppedToo;
        }
        self.waiting.push_back(Entry::Dropped(count));
        Put::Dropped
    }

    /// Takes out what is next.
    pub fn take(&mut self) -> Option<Taken<T>> {
        Some(match self.waiting.pop_front()? {
            Entry::Item(item, bytes) => {
                self.bytes = self.bytes.saturating_sub(bytes);
                Taken::Item(item)
            }
            Entry::Dropped(count) => Taken::Dropped(count),
        })
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(queue: &mut EventQueue<u64>) -> Vec<Taken<u64>> {
        std::iter::from_fn(|| queue.take()).collect()
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_was() {
        let mut queue = EventQueue::new(Room { items: 4, bytes: 100 });
        let put: Vec<Put> = (0..7).map(|item| queue.put(item, 1)).collect();
        assert_eq!(put[3..], [Put::Queued, Put::Dropped, Put::DroppedToo, Put::DroppedToo]);
        assert_eq!(queue.take(), Some(Taken::Item(0)));
        assert_eq!(queue.put(7, 1), Put::DroppedToo, "half of it must be empty first");
        assert_eq!((queue.take(), queue.take()), (Some(Taken::Item(1)), Some(Taken::Item(2))));
        assert_eq!(queue.put(8, 1), Put::Queued);
        assert_eq!(all(&mut queue), [Taken::Item(3), Taken::Dropped(4), Taken::Item(8)]);
        assert!(queue.is_empty());
    }

    #[test]
    fn bytes_count_and_one_item_may_have_more() {
        let mut queue = EventQueue::new(Room { items: 10, bytes: 100 });
        assert_eq!(queue.put(1, 1_000), Put::Queued);
        assert_eq!(queue.put(2, 1), Put::Dropped);
        assert_eq!(all(&mut queue), [Taken::Item(1), Taken::Dropped(1)]);
        assert_eq!(queue.put(3, 60), Put::Queued);
        assert_eq!(queue.put(4, 60), Put::Dropped);
    }

    proptest! {
        /// Nothing is lost without being counted, whatever is put in and taken out, and order is kept.
        #[test]
        fn every_item_is_taken_or_counted_in_its_place(steps in prop::collection::vec(0_u8..3, 0..200)) {
            let mut queue = EventQueue::new(Room { items: 5, bytes: 12 });
            let (mut next, mut seen) = (0_u64, 0_u64);
            let check = |taken: Taken<u64>, seen: &mut u64| {
                match taken {
                    Taken::Item(item) => { assert_eq!(item, *seen); *seen += 1; }
                    Taken::Dropped(count) => *seen += count,
                }
            };
            for step in steps {
                if step == 0 {
                    if let Some(taken) = queue.take() { check(taken, &mut seen); }
                } else {
                    queue.put(next, usize::from(step) * 2);
                    next += 1;
                    prop_assert!(queue.waiting.len() <= 6);
                }
            }
            for taken in all(&mut queue) { check(taken, &mut seen); }
            prop_assert_eq!(seen, next);
        }
    }
}
