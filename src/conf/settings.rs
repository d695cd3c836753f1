//! What holds for the clients of one listener: its own options, and the global ones.

/// Options that belong to the listener above them; the others hold everywhere unless `per_listener_settings` is true.
const OF_LISTENER: &[&str] = &[
    "accept_protocol_versions",
    "cafile",
    "capath",
    "certfile",
    "crlfile",
    "keyfile",
    "max_connections",
    "max_qos",
    "maximum_qos",
    "mount_point",
    "protocol",
    "require_certificate",
    "tls_version",
    "use_identity_as_username",
    "use_subject_as_username",
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// The settings of the listener on this port; None when the configuration has no such listener.
    pub fn of_port(text: &str, port: u16) -> Option<Self> {
        let lines: Vec<(&str, &str)> = text
            .lines()
            .map(|line| line.trim_matches(' '))
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.split_once(' ').map_or((line, ""), |(key, value)| (key, value.trim_matches(' '))))
            .collect();
        let per_listener = lines.iter().rev().any(|line| matches!(line, ("per_listener_settings", "true" | "1")));
        let (mut found, mut here, mut seen) = (Vec::new(), false, false);
        for (key, value) in lines {
            if key == "listener" {
                here = value.split(' ').next().and_then(|number| number.parse().ok()) == Some(port);
                seen |= here;
            }
            if here || !(per_listener || OF_LISTENER.contains(&key)) {
                found.push((key.to_owned(), value.to_owned()));
            }
        }
        seen.then_some(Self(found))
    }

    /// The last value that was given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    pub fn is_true(&self, key: &str) -> bool {
        matches!(self.get(key), Some("true" | "1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_has_its_own_options_and_the_global_ones() {
        let text = "password_file p\nlistener 1883\nmax_connections 3\nacl_file a\n# cafile no\nlistener 8883 ::1\ncafile c\nrequire_certificate true\n";
        let tls = Settings::of_port(text, 8883).unwrap();
        assert_eq!(
            (tls.get("password_file"), tls.get("acl_file"), tls.get("cafile")),
            (Some("p"), Some("a"), Some("c"))
        );
        assert!(tls.is_true("require_certificate") && tls.get("max_connections").is_none());
        let plain = Settings::of_port(text, 1883).unwrap();
        assert_eq!((plain.get("max_connections"), plain.get("cafile")), (Some("3"), None));
        assert_eq!(Settings::of_port(text, 9), None);
        let apart = Settings::of_port(&format!("per_listener_settings true\n{text}"), 8883).unwrap();
        assert_eq!((apart.get("acl_file"), apart.get("cafile")), (None, Some("c")));
    }
}
