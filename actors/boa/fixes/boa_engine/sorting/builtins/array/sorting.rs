//! A stable sort that any comparator may be given: one that is inconsistent gives some order, and one that throws
//! ends it. Ranges of up to 64 items are sorted by the comparisons that V8 makes, so that comparators which are
//! wrong in a usual way (`(a, b) => a < b`) give what they give there.

use std::cmp::Ordering;

use crate::{Context, JsResult, JsValue};

/// Sorts `items`; those that are `undefined` come last without being compared.
pub(super) fn sort<F>(items: Vec<JsValue>, compare: F, context: &mut Context) -> JsResult<Vec<JsValue>>
where
    F: Fn(&JsValue, &JsValue, &mut Context) -> JsResult<Ordering>,
{
    let (missing, mut items): (Vec<_>, Vec<_>) =
        items.into_iter().partition(JsValue::is_undefined);
    let mut less = |x: &JsValue, y: &JsValue| -> JsResult<bool> {
        // Without a function of the script's, no other code looks.
        context.check_interrupt()?;
        Ok(compare(x, y, context)?.is_lt())
    };

    let width = shortest_run(items.len());
    for range in items.chunks_mut(width.max(1)) {
        sort_short(range, &mut less)?;
    }
    let mut width = width;
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for pair in items.chunks(width * 2) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            merge(left, right, &mut merged, &mut less)?;
        }
        items = merged;
        width *= 2;
    }
    items.extend(missing);
    Ok(items)
}

/// Between 32 and 64 for long lists, so that the number of runs is a power of two or a little less.
fn shortest_run(mut length: usize) -> usize {
    let mut odd = 0;
    while length >= 64 {
        odd |= length & 1;
        length >>= 1;
    }
    length + odd
}

/// Binary insertion behind the ordered run that the range begins with.
fn sort_short<L>(range: &mut [JsValue], less: &mut L) -> JsResult<()>
where
    L: FnMut(&JsValue, &JsValue) -> JsResult<bool>,
{
    if range.len() < 2 {
        return Ok(());
    }
    let descending = less(&range[1], &range[0])?;
    let mut ordered = 2;
    while ordered < range.len() && less(&range[ordered], &range[ordered - 1])? == descending {
        ordered += 1;
    }
    if descending {
        range[..ordered].reverse();
    }
    for next in ordered..range.len() {
        let (mut low, mut high) = (0, next);
        while low < high {
            let middle = low + (high - low) / 2;
            if less(&range[next], &range[middle])? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        range[low..=next].rotate_right(1);
    }
    Ok(())
}

fn merge<L>(
    mut left: &[JsValue],
    mut right: &[JsValue],
    merged: &mut Vec<JsValue>,
    less: &mut L,
) -> JsResult<()>
where
    L: FnMut(&JsValue, &JsValue) -> JsResult<bool>,
{
    // Most lists are ordered in part.
    if let (Some(last), Some(first)) = (left.last(), right.first())
        && !less(first, last)?
    {
        merged.extend_from_slice(left);
        merged.extend_from_slice(right);
        return Ok(());
    }
    while let (Some(first_left), Some(first_right)) = (left.first(), right.first()) {
        if less(first_right, first_left)? {
            merged.push(first_right.clone());
            right = &right[1..];
        } else {
            merged.push(first_left.clone());
            left = &left[1..];
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(())
}

/// Sorts the elements of a typed array, by the comparisons that V8 makes for those.
pub(super) fn merge_sort<F>(items: Vec<JsValue>, compare: F, context: &mut Context) -> JsResult<Vec<JsValue>>
where
    F: Fn(&JsValue, &JsValue, &mut Context) -> JsResult<Ordering>,
{
    let (mut source, mut target) = (items.clone(), items);
    let mut in_order = |x: &JsValue, y: &JsValue| -> JsResult<bool> { Ok(compare(x, y, context)?.is_le()) };
    merge_halves(&mut source, &mut target, &mut in_order)?;
    Ok(target)
}

/// Both have the same items; `target` becomes ordered, and `source` is worked in.
fn merge_halves<L>(source: &mut [JsValue], target: &mut [JsValue], in_order: &mut L) -> JsResult<()>
where
    L: FnMut(&JsValue, &JsValue) -> JsResult<bool>,
{
    if source.len() < 2 {
        return Ok(());
    }
    let middle = source.len() / 2;
    merge_halves(&mut target[..middle], &mut source[..middle], in_order)?;
    merge_halves(&mut target[middle..], &mut source[middle..], in_order)?;
    let (mut left, mut right) = source.split_at(middle);
    for place in target {
        let from_left = match (left.first(), right.first()) {
            (Some(left), Some(right)) => in_order(left, right)?,
            (left, _) => left.is_some(),
        };
        let from = if from_left { &mut left } else { &mut right };
        if let Some((first, rest)) = from.split_first() {
            *place = first.clone();
            *from = rest;
        }
    }
    Ok(())
}
