//! Who is connected, as far as a log tells: the client identifier of every session that began and was not seen to end.

use std::collections::HashMap;

use super::Line;

/// Reads line after line.
#[derive(Default)]
pub struct Sessions {
    /// The user of each session, by client identifier.
    open: HashMap<String, String>,
    /// Whether the log has sessions at all.
    pub any: bool,
}

impl Sessions {
    pub fn read(&mut self, line: &str) {
        let text = Line::parse(line).text;
        if let Some((id, user)) = begun(text) {
            self.any = true;
            match user {
                Some(user) => self.open.insert(id.to_owned(), user.to_owned()),
                None => self.open.remove(id),
            };
        } else if text.starts_with("mosquitto version ") && text.ends_with(" starting") {
            self.open.clear();
        } else if let Some(id) = ended(text) {
            // 2.1 has the address behind the identifier, and an identifier may look as if it had one
            let bare = id.strip_suffix(']').and_then(|id| id.rsplit_once(" [")).map(|(id, _)| id);
            if self.open.remove(id).is_none()
                && let Some(bare) = bare
            {
                self.open.remove(bare);
            }
        }
    }

    /// The client identifiers of a user's sessions, in order.
    pub fn of(&self, user: &str) -> Vec<&str> {
        let mut ids: Vec<&str> = self.open.iter().filter(|(_, of)| *of == user).map(|(id, _)| id.as_str()).collect();
        ids.sort_unstable();
        ids
    }
}

/// `New client connected from IP:PORT as ID (p5, c1, k60, u'USER').`, read from its end: an identifier may hold anything.
fn begun(text: &str) -> Option<(&str, Option<&str>)> {
    let (_, rest) = text.strip_prefix("New client connected from ")?.split_once(" as ")?;
    let (head, user) = match rest.strip_suffix("').") {
        Some(rest) => rest.rsplit_once(", u'").map(|(head, user)| (head, Some(user)))?,
        None => (rest.strip_suffix(").")?, None),
    };
    let (id, facts) = head.rsplit_once(" (p")?;
    facts.starts_with(|first: char| first.is_ascii_digit()).then_some((id, user))
}

/// The forms of 2.0, and `Client ID [IP:PORT] disconnected: REASON.` of 2.1, with its address.
fn ended(text: &str) -> Option<&str> {
    const ENDS: [&str; 5] = [
        " disconnected.",
        " closed its connection.",
        " has exceeded timeout, disconnecting.",
        " disconnected due to protocol error.",
        " disconnected, not authorised.",
    ];
    let rest = text.strip_prefix("Client ")?;
    if let Some(id) = ENDS.iter().find_map(|end| rest.strip_suffix(end)) {
        return Some(id);
    }
    let at = rest.rfind("] disconnected: ")?;
    Some(&rest[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(log: &str, user: &str) -> Vec<String> {
        let mut sessions = Sessions::default();
        log.lines().for_each(|line| sessions.read(line.trim_start()));
        sessions.of(user).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn sessions_that_did_not_end_are_open() {
        let log = "1: New client connected from 127.0.0.1:5 as a (p2, c1, k60, u'bob').
                   1: New client connected from 127.0.0.1:6 as b (p5, c1, k60, u'bob').
                   2: New client connected from 127.0.0.1:7 as c (p5, c1, k60, u'eve').
                   2: New client connected from 127.0.0.1:8 as n (p5, c1, k60).
                   3: Client a disconnected.
                   4: Client b [127.0.0.1:6] disconnected: connection closed by client.
                   4: New client connected from 127.0.0.1:7 as d (p5, c1, k60, u'bob').
                   4: Client d [127.0.0.1:7] disconnected.
                   5: New client connected from [::1]:9 as a (p5, c1, k60, u'bob').";
        assert_eq!((of(log, "bob"), of(log, "eve")), (vec!["a".to_owned()], vec!["c".to_owned()]));
        assert!(of(&format!("{log}\n6: mosquitto version 2.1.2 starting"), "bob").is_empty());
    }

    #[test]
    fn an_identifier_cannot_speak_for_another() {
        let log = "New client connected from 1.2.3.4:5 as x (p5, c1, k60, u'bob') (p5, c1, k60, u'eve').";
        assert!(of(log, "bob").is_empty());
        assert_eq!(of(log, "eve"), ["x (p5, c1, k60, u'bob')"]);
        // who takes over another's identifier is who has it
        let log = "New client connected from 1.2.3.4:5 as x (p5, c1, k60, u'bob').\nNew client connected from 1.2.3.4:6 as x (p5, c1, k60, u'eve').";
        assert!(of(log, "bob").is_empty());
    }
}
