//! The lines of a file as C's `fgets` gives them to a broker, with what gets lost on the way.
//!
//! 2.0 reads with `fgets_extending` (lib/misc_mosq.c), 2.1 with `mosquitto_fgets` (libcommon/file_common.c). Both begin
//! with a buffer of 256 bytes, lengthen it by 1000 and keep it; both measure with `strlen`, which a NUL ends.

use crate::series::Series;

/// What a broker gets to see as a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 1; the line of the file in which it begins.
    pub number: usize,
    /// Up to its newline, or to its first NUL.
    pub text: &'a [u8],
    pub loss: Option<Loss>,
}

/// Bytes of the file that no broker of this series gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// A NUL took what stands in its line; 2.0 reads the truncated line only at the end of a file without final newline.
    Nul,
    /// A NUL took everything up to the end of the file: this many lines after its own (2.0).
    NulAndRest(usize),
    /// The last line has no newline and ends where the buffer does, so that the end of the file hides it.
    LastLine,
}

pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: usize,
    capacity: usize,
    series: Series,
    ended: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8], series: Series) -> Self {
        Self { bytes, at: 0, number: 1, capacity: 256, series, ended: false }
    }

    /// One call of `fgets`: what it took, and whether it met the end of the file.
    fn take(&mut self, room: usize) -> (&'a [u8], bool) {
        let rest = &self.bytes[self.at..];
        let window = &rest[..room.min(rest.len())];
        let newline = window.iter().position(|byte| *byte == b'\n');
        let taken = newline.map_or(window, |at| &window[..=at]);
        self.at += taken.len();
        self.number += usize::from(newline.is_some());
        (taken, newline.is_none() && window.len() < room)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if self.ended {
            return None;
        }
        let (start, number) = (self.at, self.number);
        let mut room = self.capacity - 1;
        let mut nul = None;
        loop {
            let (taken, end) = self.take(room);
            let before = self.at - taken.len() - start;
            nul = nul.or_else(|| taken.iter().position(|byte| *byte == 0).map(|at| before + at));
            let text = &self.bytes[start..start + nul.unwrap_or(self.at - start)];
            let swallowed = self.number.saturating_sub(number + 1);
            let line = |text, loss| Some(Line { number, text, loss });
            if end {
                self.ended = true;
                return match (nul, taken) {
                    // fgets gives nothing at the end of the file, and the caller throws away what it has gathered
                    (None, []) if before == 0 => None,
                    (None, []) => line(b"", Some(Loss::LastLine)),
                    (Some(_), []) => line(b"", Some(Loss::NulAndRest(swallowed))),
                    (Some(_), _) if self.number > number => line(text, Some(Loss::NulAndRest(swallowed + 1))),
                    (Some(_), _) => line(text, Some(Loss::Nul)),
                    (None, _) => line(text, None),
                };
            }
            match nul {
                None if taken.ends_with(b"\n") => return line(text, None),
                Some(0) => return line(text, Some(Loss::Nul)),
                Some(_) if self.series != Series::V20 => return line(b"", Some(Loss::Nul)),
                _ => {}
            }
            self.capacity += 1000;
            room = 1000;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], series: Series) -> Vec<(usize, String, Option<Loss>)> {
        let text = |line: Line<'_>| (line.number, String::from_utf8_lossy(line.text).into_owned(), line.loss);
        Lines::new(bytes, series).map(text).collect()
    }

    #[test]
    fn lines_of_every_end() {
        for series in Series::RELEASED {
            let expected = [(1, "a\r\n"), (2, "\n"), (3, "b")].map(|(n, text)| (n, text.to_owned(), None));
            assert_eq!(read(b"a\r\n\nb", *series), expected);
            assert_eq!(read(b"", *series), []);
        }
    }

    #[test]
    fn a_nul_takes_the_rest_in_2_0_and_its_line_in_2_1() {
        let bytes = b"a\nb\0b\nc\nd\n";
        assert_eq!(read(bytes, Series::V20)[1..], [(2, String::new(), Some(Loss::NulAndRest(2)))]);
        let told: Vec<_> = read(bytes, Series::V21).into_iter().map(|(n, text, _)| (n, text)).collect();
        assert_eq!(told, [(1, "a\n"), (2, ""), (3, "c\n"), (4, "d\n")].map(|(n, text)| (n, text.to_owned())));
        // without a final newline 2.0 gets to the truncated line after all
        assert_eq!(read(b"b\0b\nc", Series::V20), [(1, "b".to_owned(), Some(Loss::NulAndRest(1)))]);
    }

    #[test]
    fn a_last_line_that_fills_the_buffer_is_lost() {
        for (length, lost) in [(254, false), (255, true), (256, false), (1254, false), (1255, true), (1256, false)] {
            for series in Series::RELEASED {
                let loss = read(&vec![b'x'; length], *series)[0].2;
                assert_eq!(loss.is_some(), lost, "{length}");
            }
        }
        // the buffer stays as long as the longest line made it
        let bytes = [vec![b'y'; 400], vec![b'\n'], vec![b'x'; 255]].concat();
        assert_eq!(read(&bytes, Series::V21)[1].2, None);
    }
}
