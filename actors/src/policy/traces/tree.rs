//! Putting a tree together of calls that came in any order.

use std::collections::HashMap;

use crate::protocol::Span;

/// The calls by index, each before those that it made, with the number of its callers that are there; siblings by when
/// they came. A call whose caller is not there stands at the top, and so does the first of calls that name each other as
/// callers in a circle. Every index comes once.
pub fn in_order(spans: &[Span]) -> Vec<(usize, usize)> {
    let mut by_start: Vec<usize> = (0..spans.len()).collect();
    by_start.sort_by_key(|index| (spans[*index].start_us, std::cmp::Reverse(spans[*index].total_us), *index));
    let mut places: HashMap<u64, usize> = HashMap::with_capacity(spans.len());
    for index in &by_start {
        places.entry(spans[*index].span_id).or_insert(*index);
    }
    let caller = |index: usize| places.get(&spans[index].parent_id).copied().filter(|caller| *caller != index);
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut tops = Vec::new();
    // Backwards, since what is put on the stack last is looked at first.
    for index in by_start.iter().rev().copied() {
        match caller(index) {
            Some(caller) => children[caller].push(index),
            None => tops.push((index, 0)),
        }
    }
    let mut seen = vec![false; spans.len()];
    let mut order = Vec::with_capacity(spans.len());
    let mut descend = |mut stack: Vec<(usize, usize)>| {
        while let Some((index, depth)) = stack.pop() {
            if !std::mem::replace(&mut seen[index], true) {
                order.push((index, depth));
                stack.extend(children[index].iter().map(|child| (*child, depth + 1)));
            }
        }
    };
    descend(tops);
    by_start.into_iter().for_each(|index| descend(vec![(index, 0)]));
    order
}
