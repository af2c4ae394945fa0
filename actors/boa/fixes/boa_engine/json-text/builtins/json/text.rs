//! Text of JSON as its units: bytes of Latin-1 or of UTF-8, or UTF-16.

use crate::{JsStr, JsString};
use std::ops::Range;

pub(super) trait Text: Copy {
    /// The unit at `at`. One beyond ASCII may be a part of a character.
    fn unit(self, at: usize) -> Option<u16>;

    /// Where what stands in a string as it is ends: at a quote, a backslash, a control character or the end.
    fn plain(self, from: usize) -> usize;

    fn string(self, range: Range<usize>) -> JsString;

    /// Puts what stands in `range` behind `units`, in UTF-16.
    fn extend(self, units: &mut Vec<u16>, range: Range<usize>);

    /// The number whose text, which has been checked, stands in `range`.
    fn double(self, range: Range<usize>) -> f64;
}

const fn ends(unit: u16) -> bool {
    unit < 0x20 || unit == 0x22 || unit == 0x5C
}

fn plain_bytes(bytes: &[u8], from: usize) -> usize {
    let rest = &bytes[from..];
    from + rest.iter().position(|byte| ends((*byte).into())).unwrap_or(rest.len())
}

fn double_of(bytes: &[u8]) -> f64 {
    std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

impl Text for &str {
    #[inline]
    fn unit(self, at: usize) -> Option<u16> {
        self.as_bytes().get(at).map(|byte| (*byte).into())
    }

    fn plain(self, from: usize) -> usize {
        plain_bytes(self.as_bytes(), from)
    }

    fn string(self, range: Range<usize>) -> JsString {
        self[range].into()
    }

    fn extend(self, units: &mut Vec<u16>, range: Range<usize>) {
        units.extend(self[range].encode_utf16());
    }

    fn double(self, range: Range<usize>) -> f64 {
        double_of(&self.as_bytes()[range])
    }
}

impl Text for &[u8] {
    #[inline]
    fn unit(self, at: usize) -> Option<u16> {
        self.get(at).map(|byte| (*byte).into())
    }

    fn plain(self, from: usize) -> usize {
        plain_bytes(self, from)
    }

    fn string(self, range: Range<usize>) -> JsString {
        JsStr::latin1(&self[range]).into()
    }

    fn extend(self, units: &mut Vec<u16>, range: Range<usize>) {
        units.extend(self[range].iter().map(|byte| u16::from(*byte)));
    }

    fn double(self, range: Range<usize>) -> f64 {
        double_of(&self[range])
    }
}

impl Text for &[u16] {
    #[inline]
    fn unit(self, at: usize) -> Option<u16> {
        self.get(at).copied()
    }

    fn plain(self, from: usize) -> usize {
        let rest = &self[from..];
        from + rest.iter().position(|unit| ends(*unit)).unwrap_or(rest.len())
    }

    fn string(self, range: Range<usize>) -> JsString {
        super::reader::shortest(&self[range])
    }

    fn extend(self, units: &mut Vec<u16>, range: Range<usize>) {
        units.extend_from_slice(&self[range]);
    }

    fn double(self, range: Range<usize>) -> f64 {
        let bytes: Vec<u8> = self[range].iter().map(|unit| *unit as u8).collect();
        double_of(&bytes)
    }
}
