//! Whether a filter of the ACL covers a topic: the broker's own function, step by step, with its odd corners.
//!
//! It walks through both texts at once and not level by level, so that a rewrite from the standard would differ in what
//! nobody tests: 2.0.21 lib/util_topic.c `mosquitto_topic_matches_sub`, 2.1.2 libcommon/topic_common.c
//! `topic_matches_sub`. C's texts end with a zero, which [`at`] stands for.

/// The names that stand for `%c` and `%u` in a pattern of 2.1.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub client_id: &'a [u8],
    pub user: Option<&'a [u8]>,
}

/// The broker's word for a filter or a topic that should not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// More levels than this and the broker takes neither a topic nor a filter (TOPIC_HIERARCHY_LIMIT).
const DEEPEST: usize = 200;
const LONGEST: usize = 65535;

fn at(text: &[u8], index: usize) -> u8 {
    text.get(index).copied().unwrap_or(0)
}

fn before(text: &[u8], index: usize) -> u8 {
    index.checked_sub(1).map_or(0, |index| at(text, index))
}

/// A filter as a subscription may have it (`mosquitto_sub_topic_check`).
pub fn is_filter(filter: &[u8]) -> bool {
    let fits = |index: usize, byte: u8| {
        let (last, next) = (before(filter, index), at(filter, index + 1));
        match byte {
            b'+' => matches!(last, 0 | b'/') && matches!(next, 0 | b'/'),
            b'#' => matches!(last, 0 | b'/') && next == 0,
            _ => true,
        }
    };
    (1..=LONGEST).contains(&filter.len())
        && filter.iter().enumerate().all(|(index, byte)| fits(index, *byte))
        && is_shallow(filter)
}

/// A topic to which a message can be published (`mosquitto_pub_topic_check`).
pub fn is_topic(topic: &[u8]) -> bool {
    (1..=LONGEST).contains(&topic.len())
        && !topic.iter().any(|byte| matches!(byte, 0 | b'+' | b'#'))
        && is_shallow(topic)
}

/// A topic that the filter matches: `word` stands for its wildcards.
pub fn topic_below(filter: &str, word: &str) -> String {
    let levels: Vec<&str> =
        filter.split('/').map(|level| if matches!(level, "+" | "#") { word } else { level }).collect();
    levels.join("/")
}

fn is_shallow(text: &[u8]) -> bool {
    text.iter().filter(|byte| **byte == b'/').count() <= DEEPEST
}

/// Whether `filter` covers `topic`; with names, `%c` and `%u` stand for them where they are a whole level.
pub(super) fn covers(filter: &[u8], topic: &[u8], names: Option<Names<'_>>) -> Result<bool, Invalid> {
    if filter.is_empty() || topic.is_empty() {
        return Err(Invalid);
    }
    if (filter[0] == b'$') != (topic[0] == b'$') {
        return Ok(false);
    }
    let is_wild = |byte: u8| matches!(byte, b'+' | b'#');
    let (mut f, mut t) = (0, 0);
    // C counts what it has read of the filter; a pattern's variable counts as two, as it does in `f`
    let mut level_begins = true;
    while at(filter, f) != 0 {
        if is_wild(at(topic, t)) {
            return Err(Invalid);
        }
        if let Some(names) = names
            && level_begins
            && let Some(name) = variable(filter, f, names)
        {
            let name = name.unwrap_or_default();
            if name.is_empty() {
                return Ok(false);
            }
            f += 2;
            let mut read = 0;
            while read < name.len() && !matches!(at(topic, t), 0 | b'/') {
                if name[read] != topic[t] {
                    return Ok(false);
                }
                (read, t) = (read + 1, t + 1);
            }
            if read < name.len() {
                return Ok(false);
            }
            if at(topic, t) == 0 && matches!(&filter[f..], b"" | b"/#") {
                return Ok(true);
            }
        }
        if at(filter, f) != at(topic, t) || at(topic, t) == 0 {
            match at(filter, f) {
                b'+' => {
                    if (f > 0 && before(filter, f) != b'/') || !matches!(at(filter, f + 1), 0 | b'/') {
                        return Err(Invalid);
                    }
                    f += 1;
                    while !matches!(at(topic, t), 0 | b'/') {
                        if is_wild(at(topic, t)) {
                            return Err(Invalid);
                        }
                        t += 1;
                    }
                    if at(topic, t) == 0 && at(filter, f) == 0 {
                        return Ok(true);
                    }
                }
                b'#' => {
                    if (f > 0 && before(filter, f) != b'/') || at(filter, f + 1) != 0 {
                        return Err(Invalid);
                    }
                    return if topic[t..].iter().any(|byte| is_wild(*byte)) { Err(Invalid) } else { Ok(true) };
                }
                _ => {
                    if at(topic, t) == 0 && before(filter, f) == b'+' && filter[f..].starts_with(b"/#") {
                        return Ok(true);
                    }
                    let rest = filter.get(f..).unwrap_or_default();
                    let misplaced = rest.iter().enumerate().any(|(i, byte)| *byte == b'#' && i + 1 < rest.len());
                    return if misplaced { Err(Invalid) } else { Ok(false) };
                }
            }
        } else {
            if t + 1 == topic.len() && &filter[f + 1..] == b"/#" {
                return Ok(true);
            }
            (f, t) = (f + 1, t + 1);
            if f == filter.len() && t == topic.len() {
                return Ok(true);
            }
            if t == topic.len() && &filter[f..] == b"+" {
                return if before(filter, f) == b'/' { Ok(true) } else { Err(Invalid) };
            }
        }
        level_begins = before(filter, f) == b'/';
    }
    if topic[t.min(topic.len())..].iter().any(|byte| is_wild(*byte)) { Err(Invalid) } else { Ok(false) }
}

/// The name that a whole level `%c` or `%u` stands for; the inner None is a client without a user name.
fn variable<'a>(filter: &[u8], f: usize, names: Names<'a>) -> Option<Option<&'a [u8]>> {
    if at(filter, f) != b'%' || !matches!(at(filter, f + 2), 0 | b'/') {
        return None;
    }
    match at(filter, f + 1) {
        b'c' => Some(Some(names.client_id)),
        b'u' => Some(names.user),
        _ => None,
    }
}

/// A pattern of 2.0 with its variables replaced wherever they stand (20:security_default.c `mosquitto_acl_check_default`).
pub(super) fn expand(pattern: &[u8], names: Names<'_>) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(pattern.len());
    let mut i = 0;
    while i < pattern.len() {
        match (pattern[i], pattern.get(i + 1), names.user) {
            (b'%', Some(b'c'), _) => expanded.extend_from_slice(names.client_id),
            (b'%', Some(b'u'), Some(user)) => expanded.extend_from_slice(user),
            (byte, ..) => {
                expanded.push(byte);
                i += 1;
                continue;
            }
        }
        i += 2;
    }
    expanded
}

/// A pattern of 2.1 with its variables replaced where they are a whole level. For a name with a `/` this matches more than
/// the broker does, which walks through name and topic together; see [`covers`].
pub(super) fn expand_levels(pattern: &[u8], names: Names<'_>) -> Vec<u8> {
    let levels = pattern.split(|byte| *byte == b'/').map(|level| match (level, names.user) {
        (b"%c", _) => names.client_id,
        (b"%u", Some(user)) => user,
        _ => level,
    });
    levels.collect::<Vec<_>>().join(&b'/')
}

/// Whether a pattern names the user (or the client) at all, wherever that stands.
pub(super) fn names_user(pattern: &[u8]) -> bool {
    pattern.windows(2).any(|pair| pair == b"%u")
}

pub(super) fn names_client(pattern: &[u8]) -> bool {
    pattern.windows(2).any(|pair| pair == b"%c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_cover_as_the_standard_says() {
        let table = [
            ("a/b", "a/b", true),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("a/#", "a", true),
            ("a/+/#", "a/b", true),
            ("a/+/#", "a", false),
            ("+", "a", true),
            ("#", "a/b/c", true),
            ("#", "$SYS/x", false),
            ("$SYS/#", "$SYS/x", true),
            ("+/x", "/x", true),
            ("+/+", "/", true),
            ("a", "ab", false),
            ("ab", "a", false),
            ("a/b/#", "a/bc", false),
        ];
        for (filter, topic, expected) in table {
            assert_eq!(covers(filter.as_bytes(), topic.as_bytes(), None), Ok(expected), "{filter} {topic}");
        }
        assert_eq!(covers(b"a", b"a+", None), Err(Invalid));
    }

    #[test]
    fn a_variable_is_a_whole_level_in_2_1_and_any_text_in_2_0() {
        let names = |user: Option<&'static str>| Names { client_id: b"c1", user: user.map(str::as_bytes) };
        let new = |filter: &str, topic: &str, user| covers(filter.as_bytes(), topic.as_bytes(), Some(names(user)));
        assert_eq!(new("u/%u/#", "u/bob", Some("bob")), Ok(true));
        assert_eq!(new("u/%u/#", "u/bob/x", Some("bob")), Ok(true));
        assert_eq!(new("u/%u/#", "u/bobby", Some("bob")), Ok(false));
        assert_eq!(new("u/%u/#", "u/bo", Some("bob")), Ok(false));
        assert_eq!(new("%c/%u", "c1/bob", Some("bob")), Ok(true));
        assert_eq!(new("x-%u/#", "x-bob/a", Some("bob")), Ok(false));
        assert_eq!(new("u/%u/#", "u/a/b", Some("a/b")), Ok(false));
        assert_eq!(new("u/%u/#", "u//b", None), Ok(false));
        assert_eq!(expand(b"x-%u/%c%c%%u%", names(Some("bob"))), b"x-bob/c1c1%bob%");
        assert_eq!(expand(b"%u/%c", names(None)), b"%u/c1");
    }

    #[test]
    fn what_may_be_a_filter() {
        for good in ["a", "#", "+", "a/+/b", "a/#", "/", "a b", "+/#"] {
            assert!(is_filter(good.as_bytes()), "{good}");
        }
        for bad in ["", "a#", "#/a", "a/#/b", "a+", "+a", "x +", &"/".repeat(201), &"x".repeat(65536)] {
            assert!(!is_filter(bad.as_bytes()), "{bad}");
        }
        assert!(is_filter("/".repeat(200).as_bytes()) && is_topic(b"$x") && !is_topic(b"a/+"));
    }
}
