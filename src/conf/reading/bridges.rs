//! Bridges: the options that have a form of their own, and what a bridge cannot do without.

use super::Bridge;
use super::Value;
use super::What;
use super::state::Cursor;
use super::state::State;
use super::values;
use super::values::atoi;
use super::values::shown;

/// Host and port of a word of `address`: what stands behind the last colon is the port.
pub(super) fn address(word: &str) -> (String, u16) {
    match word.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), u16::try_from(atoi(port.as_bytes())).unwrap_or_default()),
        None => (word.to_owned(), 1883),
    }
}

/// A topic without wildcards (`mosquitto_pub_topic_check`).
fn is_plain(topic: &[u8]) -> bool {
    let levels = topic.iter().filter(|byte| **byte == b'/').count();
    !topic.is_empty() && topic.len() <= 65_535 && levels <= 200 && !topic.iter().any(|byte| b"+#".contains(byte))
}

/// A topic with wildcards where they may be (`mosquitto_sub_topic_check`).
fn is_filter(topic: &[u8]) -> bool {
    let levels: Vec<&[u8]> = topic.split(|byte| *byte == b'/').collect();
    let fits = |(at, level): (usize, &&[u8])| match *level {
        b"+" => true,
        b"#" => at + 1 == levels.len(),
        level => !level.iter().any(|byte| b"+#".contains(byte)),
    };
    !topic.is_empty() && topic.len() <= 65_535 && levels.len() <= 201 && levels.iter().enumerate().all(fits)
}

impl State<'_> {
    pub(super) fn connection(&mut self, cursor: &mut Cursor, rest: &[u8]) -> Result<(), What> {
        let (name, _) = values::word(rest).ok_or(What::Empty { key: "connection" })?;
        let name = shown(name);
        if !self.bridge_names.insert(name.clone()) {
            return Err(What::BridgeTwice { name });
        }
        self.reading.bridges.push(Bridge { name, place: cursor.key_place(), ..Bridge::default() });
        cursor.bridge = Some(self.reading.bridges.len() - 1);
        Ok(())
    }

    pub(super) fn address(&mut self, cursor: &Cursor, rest: &[u8]) -> Result<(), What> {
        let key = "address";
        let place = cursor.place();
        let bridge = self.bridge_mut(cursor, key)?;
        if let Some(first) = bridge.options.last(key) {
            return Err(What::Duplicate { key, first: first.place.clone() });
        }
        let words: Vec<String> =
            values::words(rest).into_iter().take_while(|word| word[0] != b'#').map(shown).collect();
        if words.is_empty() {
            return Err(What::Empty { key });
        }
        if let Some(wrong) = words.iter().find(|word| address(word).1 == 0) {
            return Err(What::BridgePort { given: wrong.clone() });
        }
        bridge.options.push(key, Value { text: words.join(" "), place });
        Ok(())
    }

    pub(super) fn topic(&mut self, cursor: &Cursor, rest: &[u8]) -> Result<(), What> {
        let given = shown(rest);
        let bad = |why: &'static str| What::BridgeTopic { given: given.clone(), why };
        let (first, mut rest) = values::word(rest).ok_or(What::Empty { key: "topic" })?;
        let mut topic = first.to_vec();
        let quoted = first.starts_with(b"\"") && !first.starts_with(b"\"\"") && !self.old();
        if quoted {
            if !rest.contains(&b'"') {
                return Err(bad("the quotation mark is not closed"));
            }
            let start = rest.iter().position(|byte| *byte != b'"').unwrap_or(rest.len());
            let inner = &rest[start..];
            let end = inner.iter().position(|byte| *byte == b'"').unwrap_or(inner.len());
            topic = [&first[1..], b" ", &inner[..end]].concat();
            rest = inner.get(end + 1..).unwrap_or_default();
        }
        let words = values::words(rest);
        let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if let Some(direction) = words.first().filter(|word| !["out", "in", "both"].iter().any(|name| is(word, name))) {
            return Err(bad(if direction.starts_with(b"#") {
                "a comment cannot stand here"
            } else {
                "the direction is in, out or both"
            }));
        }
        // a comment in place of the QoS ends the line
        let commented = words.get(1).is_some_and(|word| word.starts_with(b"#"));
        let qos = words.get(1).map_or(0, |word| atoi(word) as u8);
        if qos > 2 {
            return Err(bad("the QoS is 0, 1 or 2"));
        }
        let prefixes = if commented { &[] } else { words.get(2..).unwrap_or_default() };
        let prefix = |at: usize| prefixes.get(at).copied().filter(|word| *word != b"\"\"" && !word.starts_with(b"#"));
        let cut = prefixes.first().is_some_and(|word| word.starts_with(b"#"));
        let (local, remote) = (prefix(0), if cut { None } else { prefix(1) });
        for one in [local, remote].into_iter().flatten() {
            if !is_plain(one) {
                return Err(bad("a prefix holds a wildcard"));
            }
            let whole = if topic == b"\"\"" { one.to_vec() } else { [one, &topic].concat() };
            if !is_filter(&whole) {
                return Err(bad("prefix and pattern make no topic"));
            }
        }
        if topic == b"\"\"" && (local.is_none() || remote.is_none()) {
            return Err(bad("an empty pattern needs both prefixes"));
        }
        let place = cursor.place();
        self.bridge_mut(cursor, "topic")?.options.push("topic", Value { text: given, place });
        Ok(())
    }

    pub(super) fn restart_timeout(&mut self, cursor: &Cursor, rest: &[u8]) -> Result<(), What> {
        let key = "restart_timeout";
        let words = values::words(rest);
        let bad = || What::BridgeTimes { given: shown(rest) };
        let first = words.first().ok_or(What::Empty { key })?;
        let top = if self.old() { i64::from(i32::MAX) } else { 3600 };
        let base = atoi(first).clamp(1, top);
        if words.get(1).is_some_and(|cap| atoi(cap) < base) {
            return Err(bad());
        }
        if !self.old() && words.get(2).is_some_and(|stable| atoi(stable) < 0) {
            return Err(bad());
        }
        let value = Value { text: shown(rest).trim().to_owned(), place: cursor.place() };
        self.bridge_mut(cursor, key)?.options.push(key, value);
        Ok(())
    }

    pub(super) fn tcp_keepalive(&mut self, cursor: &Cursor, rest: &[u8]) -> Result<(), What> {
        let key = "bridge_tcp_keepalive";
        let words = values::words(rest);
        for at in 0..3 {
            let word = words.get(at).ok_or(What::Empty { key })?;
            if values::int(key, word, self.reading.series)? <= 0 {
                return Err(What::BridgeTimes { given: shown(rest) });
            }
        }
        let value = Value { text: shown(rest).trim().to_owned(), place: cursor.place() };
        self.bridge_mut(cursor, key)?.options.push(key, value);
        Ok(())
    }

    /// Address, topic, and both halves of a shared key (20:conf.c:695, 21:conf.c:845).
    pub(super) fn bridges_are_whole(&mut self) {
        let lacks = |bridge: &Bridge| {
            let has = |key: &str| bridge.options.has(key);
            let needed = [
                ("address", true),
                ("topic", true),
                ("bridge_identity", has("bridge_psk")),
                ("bridge_psk", has("bridge_identity")),
            ];
            needed.into_iter().find(|(key, needed)| *needed && !has(key)).map(|(key, _)| key)
        };
        let found: Vec<_> = self
            .reading
            .bridges
            .iter()
            .filter_map(|bridge| Some((bridge.place.clone(), bridge.name.clone(), lacks(bridge)?)))
            .collect();
        for (place, name, key) in found {
            self.report(place, What::BridgeWithout { name, key }, true);
        }
    }

    /// No two bridges are the same client of this broker.
    pub(super) fn ids_differ(&mut self) {
        let id = |bridge: &Bridge| match (bridge.options.text("local_clientid"), bridge.options.text("remote_clientid"))
        {
            (Some(local), _) => local.to_owned(),
            (None, Some(remote)) => format!("local.{remote}"),
            // the host's name, whatever it is, and the bridge's
            (None, None) => format!("local.\0.{}", bridge.name),
        };
        let mut seen = std::collections::BTreeSet::new();
        let twice = self.reading.bridges.iter().find(|bridge| !seen.insert(id(bridge)));
        if let Some((place, id)) = twice.map(|bridge| (bridge.place.clone(), id(bridge))) {
            self.report(place, What::BridgeSameId { id }, true);
        }
    }
}
