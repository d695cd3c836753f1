//! The lines as the broker's own reader gives them, which matters where a file holds NUL.
//!
//! It reads with `fgets` into a buffer that grows and then asks `strlen` where the line ended (20:lib/misc_mosq.c:247,
//! 21:libcommon/file_common.c:280). A NUL hides the line feed behind it: 2.0 swallows the rest of the file looking for
//! it, 2.1 stops reading there.

use crate::series::Series;

/// A line without its end, up to the first NUL in it.
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a [u8],
}

pub(super) struct Lines<'a> {
    pub(super) list: Vec<Line<'a>>,
    /// The line (from 1) with the NUL behind which nothing is read any more.
    pub(super) lost: Option<usize>,
}

pub(super) fn lines(bytes: &[u8], series: Series) -> Lines<'_> {
    let mut found = Lines { list: Vec::new(), lost: None };
    let (mut at, mut number, mut buffer) = (0, 0, 1000);
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
        let line = &bytes[at..end];
        let at_end = !line.ends_with(b"\n");
        number += 1;
        while line.len() + 1 > buffer {
            buffer += 1000;
        }
        at = end;
        match line.iter().position(|byte| *byte == 0) {
            None => found.list.push(Line { number, text: line }),
            // an empty string is taken for an empty line
            Some(0) => {}
            Some(nul) if at_end => found.list.push(Line { number, text: &line[..nul] }),
            Some(nul) => {
                found.lost = Some(number);
                // 2.0 goes on looking for the line's end, and finds the end of the file
                if series == Series::V20 && !bytes.ends_with(b"\n") {
                    found.list.push(Line { number, text: &line[..nul] });
                }
                break;
            }
        }
    }
    for line in &mut found.list {
        let kept = line.text.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
        // a line that begins with a line end or `#` is none
        let nothing = matches!(line.text.first(), None | Some(b'#' | b'\n' | b'\r'));
        line.text = if nothing { &[] } else { &line.text[..kept] };
    }
    found.list.retain(|line| !line.text.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8], series: Series) -> Vec<(usize, String)> {
        lines(bytes, series)
            .list
            .iter()
            .map(|line| (line.number, String::from_utf8_lossy(line.text).into_owned()))
            .collect()
    }

    #[test]
    fn a_nul_ends_the_reading_differently() {
        let file = b"a\nb\0c\nd\n";
        assert_eq!(texts(file, Series::V20), [(1, "a".to_owned())]);
        assert_eq!(texts(file, Series::V21), [(1, "a".to_owned())]);
        let open = b"a\nb\0c\nd";
        assert_eq!(texts(open, Series::V20), [(1, "a".to_owned()), (2, "b".to_owned())]);
        assert_eq!(texts(open, Series::V21), [(1, "a".to_owned())]);
        assert_eq!(texts(b"\0x\nd\n", Series::V20), [(2, "d".to_owned())]);
        assert_eq!(texts(b"d\0x", Series::V21), [(1, "d".to_owned())]);
    }

    #[test]
    fn comments_and_line_ends_are_left_out() {
        assert_eq!(texts(b"#a\r\n\r\nb \r\r\n #c", Series::V20), [(3, "b ".to_owned()), (4, " #c".to_owned())]);
    }
}
