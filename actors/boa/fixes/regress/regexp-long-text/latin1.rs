//! Matching of Latin-1 text as it is stored, and matching at one place only.

use crate::api::{Match, Regex};
use crate::bytesearch::ByteSearcher;
use crate::classicalbacktrack::{BacktrackExecutor, MatchAttempter};
use crate::cursor::Direction;
use crate::exec::Matches;
use crate::indexing::{InputIndexer, Ucs2Input, Utf16Input};
use crate::matchers::Utf16CharProperties;
use crate::position::IndexPosition;
use core::ops::Range;

/// A text each byte of which is a code point.
#[derive(Debug, Copy, Clone)]
pub struct Latin1Input<'a> {
    input: &'a [u8],
    unicode: bool,
}

impl<'a> Latin1Input<'a> {
    fn new(input: &'a [u8], unicode: bool) -> Self {
        Self { input, unicode }
    }

    fn range(&self, range: Range<IndexPosition<'a>>) -> &'a [u8] {
        &self.input[self.pos_to_offset(range.start)..self.pos_to_offset(range.end)]
    }
}

impl<'a> InputIndexer for Latin1Input<'a> {
    type Position = IndexPosition<'a>;
    type Element = u32;
    type CharProps = Utf16CharProperties;
    // A code unit is a byte, but not one of UTF-8, which is what the byte instructions are for.
    const CODE_UNITS_ARE_BYTES: bool = false;

    #[inline(always)]
    fn unicode(&self) -> bool {
        self.unicode
    }

    #[inline(always)]
    fn subinput(&self, range: Range<Self::Position>) -> Self {
        Self::new(self.range(range), self.unicode)
    }

    #[inline(always)]
    fn next_right(&self, pos: &mut Self::Position) -> Option<u32> {
        let unit = self.input.get(self.pos_to_offset(*pos))?;
        *pos += 1;
        Some(u32::from(*unit))
    }

    #[inline(always)]
    fn next_left(&self, pos: &mut Self::Position) -> Option<u32> {
        *pos = self.try_move_left(*pos, 1)?;
        self.input
            .get(self.pos_to_offset(*pos))
            .map(|unit| u32::from(*unit))
    }

    #[inline(always)]
    fn next_right_pos(&self, pos: Self::Position) -> Option<Self::Position> {
        self.try_move_right(pos, 1)
    }

    #[inline(always)]
    fn next_left_pos(&self, pos: Self::Position) -> Option<Self::Position> {
        self.try_move_left(pos, 1)
    }

    fn peek_byte_right(&self, _pos: Self::Position) -> Option<u8> {
        None
    }

    fn peek_byte_left(&self, _pos: Self::Position) -> Option<u8> {
        None
    }

    #[inline(always)]
    fn left_end(&self) -> Self::Position {
        IndexPosition::new(0)
    }

    #[inline(always)]
    fn right_end(&self) -> Self::Position {
        IndexPosition::new(self.input.len())
    }

    #[inline(always)]
    fn try_move_right(&self, pos: Self::Position, amount: usize) -> Option<Self::Position> {
        (self.right_end() - pos >= amount).then(|| pos + amount)
    }

    #[inline(always)]
    fn try_move_left(&self, pos: Self::Position, amount: usize) -> Option<Self::Position> {
        (pos - self.left_end() >= amount).then(|| pos - amount)
    }

    #[inline(always)]
    fn pos_to_offset(&self, pos: Self::Position) -> usize {
        pos - self.left_end()
    }

    fn find_bytes<Search: ByteSearcher>(
        &self,
        pos: Self::Position,
        _search: &Search,
    ) -> Option<Self::Position> {
        Some(pos)
    }

    fn subrange_eq<Dir: Direction>(
        &self,
        _dir: Dir,
        pos: &mut Self::Position,
        range: Range<Self::Position>,
    ) -> bool {
        let len = range.end - range.start;
        let other = if Dir::FORWARD {
            self.try_move_right(*pos, len).map(|end| *pos..end)
        } else {
            self.try_move_left(*pos, len).map(|start| start..*pos)
        };
        let Some(other) = other else {
            return false;
        };
        *pos = if Dir::FORWARD { other.end } else { other.start };
        self.range(range) == self.range(other)
    }

    fn match_bytes<const N: usize, Dir: Direction>(
        &self,
        _dir: Dir,
        _pos: &mut Self::Position,
        _bytes: &[u8; N],
    ) -> bool {
        false
    }
}

impl Regex {
    fn executor<'r, Input: InputIndexer>(&'r self, input: Input) -> BacktrackExecutor<'r, Input> {
        BacktrackExecutor::new(input, MatchAttempter::new(&self.cr, input.left_end()))
    }

    /// Returns an iterator for matches found in the Latin-1 `text` starting at `start`.
    pub fn find_from_latin1<'r, 't>(
        &'r self,
        text: &'t [u8],
        start: usize,
    ) -> Matches<BacktrackExecutor<'r, Latin1Input<'t>>> {
        let input = Latin1Input::new(text, self.cr.flags.unicode);
        Matches::new(self.executor(input), start)
    }

    /// Matches the Latin-1 `text` at `start` and nowhere else.
    pub fn match_at_latin1(&self, text: &[u8], start: usize) -> Option<Match> {
        self.executor(Latin1Input::new(text, self.cr.flags.unicode))
            .match_at(start)
    }

    /// Matches the UTF-16 `text` at `start` and nowhere else.
    pub fn match_at_utf16(&self, text: &[u16], start: usize) -> Option<Match> {
        self.executor(Utf16Input::new(text, self.cr.flags.unicode))
            .match_at(start)
    }

    /// Matches the UCS-2 `text` at `start` and nowhere else.
    pub fn match_at_ucs2(&self, text: &[u16], start: usize) -> Option<Match> {
        self.executor(Ucs2Input::new(text, self.cr.flags.unicode))
            .match_at(start)
    }
}
