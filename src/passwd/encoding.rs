//! Base64 as the brokers decode it: with OpenSSL's `BIO_f_base64`, which takes more than the standard allows, and not
//! the same in every version.
//!
//! Measured with the builds that 2.0.21 (OpenSSL 3.0) and 2.1.2 (OpenSSL 3.6) come with. What both of them read is the
//! standard alphabet with padding; nothing else is written by anybody, but a hand that copies a hash leaves such traces.

use crate::series::Series;

pub(super) fn decode(text: &[u8], series: Series) -> Option<Vec<u8>> {
    match series {
        Series::V20 => by_blocks(text),
        _ => by_stream(text),
    }
}

enum Sign {
    Digit(u8),
    Pad,
    /// Space and tab.
    Blank,
    Newline,
    /// `-`, the end of a PEM body.
    End,
    Other,
}

fn sign(byte: u8) -> Sign {
    match byte {
        b'A'..=b'Z' => Sign::Digit(byte - b'A'),
        b'a'..=b'z' => Sign::Digit(byte - b'a' + 26),
        b'0'..=b'9' => Sign::Digit(byte - b'0' + 52),
        b'+' => Sign::Digit(62),
        b'/' => Sign::Digit(63),
        b'=' => Sign::Pad,
        b' ' | b'\t' => Sign::Blank,
        b'\n' | b'\r' => Sign::Newline,
        b'-' => Sign::End,
        _ => Sign::Other,
    }
}

/// OpenSSL 3.0: `EVP_DecodeBlock` on as many whole groups of four as there are; up to three characters too many are not
/// looked at, and `=` in the middle counts as `A`.
fn by_blocks(text: &[u8]) -> Option<Vec<u8>> {
    // the BIO reads 1024 bytes at a time; no salt and no hash has as many
    let block = &text[..text.len().min(1024) & !3];
    let padding = block.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let start = block.iter().position(|byte| !matches!(sign(*byte), Sign::Blank))?;
    let mut inner = &block[start..];
    while let [before @ .., last] = inner
        && inner.len() > 3
        && matches!(sign(*last), Sign::Blank | Sign::Newline | Sign::End)
    {
        inner = before;
    }
    let digits = inner.iter().map(|byte| match sign(*byte) {
        Sign::Digit(digit) => Some(digit),
        Sign::Pad => Some(0),
        _ => None,
    });
    let mut bytes = groups(&digits.collect::<Option<Vec<_>>>()?)?;
    bytes.truncate(bytes.len() - padding);
    (!bytes.is_empty()).then_some(bytes)
}

/// OpenSSL 3.6: `EVP_DecodeUpdate`; white space counts nowhere, `-` ends, padding stands at the end alone.
fn by_stream(text: &[u8]) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    let mut padding = 0;
    for byte in text {
        match sign(*byte) {
            Sign::Digit(digit) if padding == 0 => digits.push(digit),
            Sign::Pad if padding < 2 => {
                digits.push(0);
                padding += 1;
            }
            Sign::Blank | Sign::Newline => {}
            Sign::End => break,
            _ => return None,
        }
    }
    let mut bytes = groups(&digits)?;
    bytes.truncate(bytes.len().saturating_sub(padding));
    (!bytes.is_empty()).then_some(bytes)
}

/// Three bytes of each four digits.
fn groups(digits: &[u8]) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    for four in digits.chunks_exact(4) {
        let all = four.iter().fold(0u32, |all, digit| all << 6 | u32::from(*digit));
        bytes.extend_from_slice(&all.to_be_bytes()[1..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_build_reads() {
        // text, bytes in 2.0.21, bytes in 2.1.2: as the brokers took them for a salt of 12 bytes, or did not
        for (text, old, new) in [
            ("AAAAAAAAAAAAAAAA", 12, 12),
            ("AAAAAAAAAAAAAAAA!!!", 12, 0),
            ("AAAAAAAAAAAAAAAA====", 13, 0),
            ("AAAA====AAAAAAAA", 12, 0),
            ("AAAAAAAA AAAAAAAA", 0, 12),
            ("    AAAAAAAAAAAAAAAA", 12, 12),
            (" AAAAAAAAAAAAAAAA", 0, 12),
            ("AAAAAAAAAAAAAAAA    ", 12, 12),
            ("AAAAAAAAAAAAAAAA----", 12, 12),
            ("AAAAAAAA-AAAAAAA", 0, 6),
            ("AAAAAAAAAAAAAAA=", 11, 11),
            ("AAAAAAAAAAAAAB==", 10, 10),
            ("", 0, 0),
            ("=", 0, 0),
            ("----", 0, 0),
        ] {
            let length = |series| decode(text.as_bytes(), series).map_or(0, |bytes| bytes.len());
            assert_eq!((length(Series::V20), length(Series::V21)), (old, new), "{text:?}");
        }
    }
}
