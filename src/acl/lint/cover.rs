//! Filters compared with filters, level by level.

fn levels(filter: &[u8]) -> Vec<&[u8]> {
    filter.split(|byte| *byte == b'/').collect()
}

/// Neither `+` nor `#` stands for a first level that begins with `$`.
fn dollar(wild: &[u8], other: &[u8]) -> bool {
    matches!(wild.first(), Some(b'+' | b'#')) && other.first() == Some(&b'$')
}

/// Whether every topic of `narrow` is one of `wide`.
pub(super) fn covers(wide: &[u8], narrow: &[u8]) -> bool {
    if dollar(wide, narrow) {
        return false;
    }
    let (wide, narrow) = (levels(wide), levels(narrow));
    for (index, level) in wide.iter().enumerate() {
        match (*level, narrow.get(index)) {
            (b"#", _) => return true,
            (_, None | Some(&b"#")) => return false,
            (b"+", Some(_)) => {}
            (one, Some(other)) => {
                if one != *other {
                    return false;
                }
            }
        }
    }
    wide.len() == narrow.len()
}

/// Whether some topic is one of both.
pub(super) fn meet(one: &[u8], other: &[u8]) -> bool {
    if dollar(one, other) || dollar(other, one) {
        return false;
    }
    let (one, other) = (levels(one), levels(other));
    for index in 0.. {
        match (one.get(index), other.get(index)) {
            (Some(&b"#"), _) | (_, Some(&b"#")) | (None, None) => return true,
            (None, _) | (_, None) => return false,
            (Some(a), Some(b)) => {
                if a != b && *a != b"+" && *b != b"+" {
                    return false;
                }
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_and_narrower() {
        for (wide, narrow, expected) in [
            ("#", "a/b", true),
            ("#", "$SYS/x", false),
            ("a/#", "a", true),
            ("a/#", "a/+/b", true),
            ("a/+", "a/b", true),
            ("a/+", "a/#", false),
            ("a/b", "a/+", false),
            ("+/b", "a/b", true),
            ("+", "a/b", false),
            ("a", "a", true),
        ] {
            assert_eq!(covers(wide.as_bytes(), narrow.as_bytes()), expected, "{wide} {narrow}");
        }
        for (one, other, expected) in
            [("a/+", "+/b", true), ("a/#", "a", true), ("a", "b", false), ("#", "$SYS/a", false), ("a/b", "a", false)]
        {
            assert_eq!(meet(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }
}
