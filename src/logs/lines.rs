//! Bytes into lines, whatever the bytes are.

/// A line's length in bytes; what is longer is cut.
pub const LONGEST: usize = 64 << 10;

/// Takes bytes as they come and gives the lines that are complete. Holds one line at most.
#[derive(Default)]
pub struct Splitter {
    line: Vec<u8>,
    /// How much of the line at hand was thrown away.
    cut: usize,
}

impl Splitter {
    /// Gives each line that these bytes complete, without its end. What is not UTF-8 is replaced.
    pub fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            self.give(&mut each);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// Gives a last line that no line end follows.
    pub fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.line.is_empty() || self.cut > 0 {
            self.give(&mut each);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.line.len();
        let (kept, lost) = bytes.split_at(bytes.len().min(room));
        self.line.extend_from_slice(kept);
        self.cut += lost.len();
    }

    fn give(&mut self, each: &mut impl FnMut(&str)) {
        if self.line.last() == Some(&b'\r') && self.cut == 0 {
            self.line.pop();
        }
        let text = String::from_utf8_lossy(&self.line);
        match self.cut {
            0 => each(&text),
            cut => each(&format!("{text} … ({cut} bytes more)")),
        }
        self.line.clear();
        self.cut = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut found) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.push(piece, |line| found.push(line.to_owned()));
        }
        splitter.finish(|line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come() {
        let bytes = b"one\r\n\ntwo \xc3\xa9\nthree\0\xff";
        let whole = split(&[bytes]);
        assert_eq!(whole, ["one", "", "two é", "three\0\u{fffd}"]);
        for at in 0..bytes.len() {
            assert_eq!(split(&[&bytes[..at], &bytes[at..]]), whole);
        }
        assert_eq!(split(&[b""]), [""; 0]);
        assert_eq!(split(&[b"\n\n"]), ["", ""]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut splitter = Splitter::default();
        for _ in 0..100 {
            splitter.push(&[b'x'; 10_000], |_| panic!("no line is complete"));
        }
        assert_eq!(splitter.line.len(), LONGEST);
        let mut found = Vec::new();
        splitter.push(b"\nnext\n", |line| found.push(line.to_owned()));
        assert!(found[0].ends_with(&format!("x … ({} bytes more)", 1_000_000 - LONGEST)), "{}", &found[0][65_530..]);
        assert_eq!(found[1], "next");
    }
}
