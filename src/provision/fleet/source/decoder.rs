//! Bytes of any text encoding that a spreadsheet writes, made into UTF-8 with newlines, piece by piece.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big: bool },
}

#[derive(Debug)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// The length of the byte order mark.
    mark: usize,
    /// Whether a carriage return ends a line; not known before the first end of a line.
    returns: Option<bool>,
    /// The last letter was a carriage return, of which it is not known what it is.
    waiting: bool,
    /// Half a unit, and the first unit of two.
    half: Option<u8>,
    high: Option<u16>,
}

/// Not to be found in UTF-8, so that the line in which it stands is told.
const WRONG: u8 = 0xFF;

impl Decoder {
    /// By the first bytes.
    pub(super) fn of(first: &[u8]) -> Self {
        let (encoding, mark) = match first {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16 { big: false }, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16 { big: true }, 2),
            _ => (without_mark(first), 0),
        };
        let mut decoder = Self { encoding, mark, returns: None, waiting: false, half: None, high: None };
        if encoding == Encoding::Utf8 {
            let end = first.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            // the last byte of a file that is no longer may stand in front of nothing
            decoder.returns = end.map(|at| first[at] == b'\r' && first.get(at + 1).is_some_and(|next| *next != b'\n'));
        }
        decoder
    }

    pub(super) fn mark(&self) -> usize {
        self.mark
    }

    /// Whether the bytes behind the mark can be read as they are.
    pub(super) fn is_plain(&self) -> bool {
        self.encoding == Encoding::Utf8 && self.returns != Some(true)
    }

    pub(super) fn take(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let big = match self.encoding {
            Encoding::Utf8 if self.returns == Some(false) => return text.extend_from_slice(bytes),
            Encoding::Utf8 => return bytes.iter().for_each(|byte| self.byte(*byte, text)),
            Encoding::Utf16 { big } => big,
        };
        for byte in bytes {
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(first) if big => self.unit(u16::from_be_bytes([first, *byte]), text),
                Some(first) => self.unit(u16::from_le_bytes([first, *byte]), text),
            }
        }
    }

    /// After the last bytes.
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) {
        if self.half.take().is_some() || self.high.take().is_some() {
            self.byte(WRONG, text);
        }
        if std::mem::take(&mut self.waiting) {
            text.push(b'\n');
        }
    }

    fn unit(&mut self, unit: u16, text: &mut Vec<u8>) {
        let units = match self.high.take() {
            None if (0xD800..0xDC00).contains(&unit) => {
                self.high = Some(unit);
                return;
            }
            None => [Some(unit), None],
            Some(high) if (0xDC00..0xE000).contains(&unit) => [Some(high), Some(unit)],
            Some(_) => {
                self.byte(WRONG, text);
                return self.unit(unit, text);
            }
        };
        for letter in char::decode_utf16(units.into_iter().flatten()) {
            match letter {
                Ok(letter) => letter.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.byte(byte, text)),
                Err(_) => self.byte(WRONG, text),
            }
        }
    }

    /// Makes a newline of each end of a line.
    fn byte(&mut self, byte: u8, text: &mut Vec<u8>) {
        if std::mem::take(&mut self.waiting) {
            match (byte, self.returns) {
                (b'\n', _) => self.returns = self.returns.or(Some(false)),
                // one inside of a line, whose row will be told of it
                (_, Some(false)) => text.push(b'\r'),
                _ => {
                    self.returns = Some(true);
                    text.push(b'\n');
                }
            }
        }
        match byte {
            b'\r' => self.waiting = true,
            b'\n' => {
                self.returns = self.returns.or(Some(false));
                text.push(b'\n');
            }
            _ => text.push(byte),
        }
    }
}

/// UTF-16 without a mark is known by the NULs of its Latin letters.
fn without_mark(first: &[u8]) -> Encoding {
    let first = &first[..first.len().min(1024)];
    let zeros = |odd: usize| first.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), first.len() / 2);
    // a letter of another script may have a NUL on the other side
    match () {
        () if odd > pairs / 2 && even * 4 < odd => Encoding::Utf16 { big: false },
        () if even > pairs / 2 && odd * 4 < even => Encoding::Utf16 { big: true },
        () => Encoding::Utf8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Vec<u8> {
        // whatever the pieces are, the text is the same
        let all = in_pieces(bytes, bytes.len().max(1));
        for length in 1..8 {
            assert_eq!(in_pieces(bytes, length), all, "in pieces of {length}");
        }
        all
    }

    fn in_pieces(bytes: &[u8], length: usize) -> Vec<u8> {
        let mut decoder = Decoder::of(bytes);
        let mut text = Vec::new();
        bytes[decoder.mark()..].chunks(length).for_each(|piece| decoder.take(piece, &mut text));
        decoder.finish(&mut text);
        text
    }

    #[test]
    fn every_encoding_of_a_spreadsheet_becomes_utf8() {
        let text = "name,days\r\nküche,90\r\n😀,1\r\n";
        let plain = text.replace("\r\n", "\n").into_bytes();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&big), plain);
        assert_eq!(decoded(&little), plain);
        assert_eq!(decoded(&[&[0xFF, 0xFE], &little[..]].concat()), plain);
        assert_eq!(decoded(&[&[0xFE, 0xFF], &big[..]].concat()), plain);
        let marked = ["\u{feff}".as_bytes(), &plain].concat();
        assert_eq!(decoded(&marked), plain);
        assert!(Decoder::of(&marked).is_plain());
        assert_eq!(Decoder::of(&marked).mark(), 3);
    }

    #[test]
    fn lone_carriage_returns_end_lines_where_the_first_does() {
        assert_eq!(decoded(b"a\rb\rc"), b"a\nb\nc");
        assert_eq!(decoded(b"a\rb\r"), b"a\nb\n");
        assert!(!Decoder::of(b"a\rb").is_plain());
        assert!(Decoder::of(b"a\r\nb\rc\r\n").is_plain());
        let inner: Vec<u8> = "a\nb\rc\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&inner), b"a\nb\rc\n");
    }

    #[test]
    fn half_letters_are_wrong_in_their_own_line() {
        let lone = [b'a', 0, 0x00, 0xD8, b'\n', 0, b'b', 0, b'c', 0, b'd', 0, b'e', 0];
        assert_eq!(decoded(&lone), b"a\xff\nbcde");
        assert_eq!(decoded(&lone[..lone.len() - 1]), b"a\xff\nbcd\xff");
    }
}
