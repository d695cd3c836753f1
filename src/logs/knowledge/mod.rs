//! What is known of the broker's lines. To add a line: a row in the file of its subject; a new code also needs its page
//! in docs/errors.md.
//!
//! The texts to match are the broker's, of all versions that write them differently; `*` stands for any text. A meaning
//! may quote the n-th star as `{n}`. Where a line cannot tell which of several causes holds, its meaning names them and
//! the hint has the command that tells.

mod bridges;
mod clients;
mod configuration;
mod files;
mod start;
mod tls;

use std::sync::LazyLock;

use super::Gravity;

/// A code, and the lines that tell of it.
pub(super) struct Known {
    pub code: &'static str,
    pub gravity: Gravity,
    /// Empty where there is nothing to do.
    pub hint: &'static str,
    /// The forms of a line, and what it means.
    pub lines: &'static [(&'static [&'static str], &'static str)],
}

/// All but OpenSSL's; the first row that fits holds.
pub(super) static LINES: LazyLock<Table> = LazyLock::new(|| {
    Table::of(&[bridges::KNOWN, clients::KNOWN, start::KNOWN, files::KNOWN, tls::KNOWN, configuration::KNOWN])
});

/// Lines that mean something else when the broker of a 2.0 had been told to reload.
pub(super) static RELOADED: LazyLock<Table> = LazyLock::new(|| Table::of(&[files::RELOADED]));

/// The reasons that OpenSSL gives.
pub(super) static TLS: LazyLock<Table> = LazyLock::new(|| Table::of(&[tls::REASONS]));

/// Rows by the first byte of their forms: a long log is read in a tenth of the time.
pub(super) struct Table(Vec<Vec<Candidate>>);

#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub form: &'static str,
    pub known: &'static Known,
    pub meaning: &'static str,
}

impl Table {
    fn of(parts: &[&'static [Known]]) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        for known in parts.iter().copied().flatten() {
            for (forms, meaning) in known.lines {
                for form in *forms {
                    let candidate = Candidate { form, known, meaning };
                    match form.bytes().next() {
                        None | Some(b'*') => by_first.iter_mut().for_each(|list: &mut Vec<_>| list.push(candidate)),
                        Some(first) => by_first[usize::from(first)].push(candidate),
                    }
                }
            }
        }
        Self(by_first)
    }

    /// The rows that a text can belong to, in their order.
    pub(super) fn candidates(&self, text: &str) -> &[Candidate] {
        text.bytes().next().map_or(&[], |first| &self.0[usize::from(first)])
    }
}

/// A line that goes on with the one above it.
pub(super) struct Following {
    pub forms: &'static [&'static str],
    /// The codes that it goes on with; any, where none is named.
    pub after: &'static [&'static str],
    pub meaning: &'static str,
}

pub(super) const FOLLOWING: &[Following] = &[
    Following {
        forms: &[
            "Client * disconnected: Protocol error.",
            "Client * disconnected: protocol error.",
            "Client * disconnected: malformed packet.",
            "Client * disconnected due to protocol error.",
            "Client * disconnected due to malformed packet.",
            "Client * disconnected: Success.",
        ],
        after: &[
            "client-id-refused",
            "log-certificate-verify-failed",
            "log-client-refuses-broker",
            "log-connection-dropped",
            "log-http-to-tls-port",
            "log-no-shared-cipher",
            "log-not-mqtt",
            "log-protocol-error",
            "log-tls-failed",
            "mqtt-version-refused",
            "plain-to-tls-port",
            "tls-client-certificate-missing",
            "tls-to-plain-port",
            "tls-version-refused",
        ],
        meaning: "The end of the connection of which the line above tells the cause.",
    },
    Following {
        forms: &[
            "Client * disconnected: bad socket read/write: A TLS error occurred*",
            "Bad socket read/write on client *: A TLS error occurred*",
        ],
        after: &[
            "log-bridge-tls",
            "log-certificate-verify-failed",
            "log-client-refuses-broker",
            "log-no-shared-cipher",
            "log-tls-failed",
            "plain-to-tls-port",
            "tls-version-refused",
        ],
        meaning: "The end of the bridge's connection of which the line above tells the cause.",
    },
    Following {
        forms: &["Error opening acl file *", "Error opening password file *", "Error opening psk file *"],
        after: &["log-acl-line-invalid", "log-acl-unreadable", "log-passwd-unreadable", "log-psk-invalid"],
        meaning: "The file of the line above was not taken. At a start the broker ends here.",
    },
    Following {
        forms: &["Client * closed its connection.", "Client * disconnected: connection closed by client."],
        after: &["log-connection-dropped", "log-bridge-refused"],
        meaning: "The end of the connection of the line above.",
    },
    Following {
        forms: &["Bad socket read/write on client *: *", "Client * disconnected: bad socket read/write: *"],
        after: &["log-bridge-unreachable", "log-tls-file-unusable"],
        meaning: "The end of the bridge's attempt of the lines above.",
    },
    Following {
        forms: &["Error found at *:*."],
        after: &["log-option-invalid", "log-option-unknown", "log-option-order", "log-conf-unreadable"],
        meaning: "The place of the error above. At a start the broker ends here; at a reload it keeps its old \
                  settings, but has read passwords, ACL and certificates anew.",
    },
    Following {
        forms: &["Error found at *:*."],
        after: &["log-reload-listeners", "log-bridge-configuration"],
        meaning: "The place of the error above; what stands below it in the file was not read.",
    },
    Following {
        forms: &[
            "OpenSSL Error*[1]: *",
            "OpenSSL Error*[2]: *",
            "OpenSSL Error*[3]: *",
            "OpenSSL Error*[4]: *",
            "OpenSSL Error*[5]: *",
            "OpenSSL Error*[6]: *",
            "OpenSSL Error*[7]: *",
            "OpenSSL Error*[8]: *",
            "OpenSSL Error*[9]: *",
        ],
        after: &[],
        meaning: "OpenSSL's inner report of the failure above.",
    },
    Following {
        forms: &["Error: *"],
        after: &["port-not-permitted", "log-persistence-not-saved"],
        meaning: "The system's reason for the failure above.",
    },
    Following {
        forms: &[
            "Error: No such file or directory",
            "Error: Permission denied",
            "Error: Protocol not available",
            "Error: Not a directory",
            "Error: Success",
            "Error: Inappropriate ioctl for device",
        ],
        after: &["log-tls-file-unusable"],
        meaning: "The system's last error. Where the file could be read and its contents were refused, it means nothing.",
    },
    Following {
        forms: &["*sudo setcap *"],
        after: &["port-not-permitted"],
        meaning: "The broker's advice for an installed Mosquitto; a container needs `cap_add: [NET_BIND_SERVICE]`.",
    },
    Following {
        forms: &["Load error: *"],
        after: &["log-plugin-not-loaded"],
        meaning: "The reason that the system's loader gives.",
    },
    Following {
        forms: &["To fix this, use `ch*"],
        after: &["log-file-permissions"],
        meaning: "The broker's advice. 0600 is enough: nothing has to run this file.",
    },
    Following {
        forms: &[
            "Create a configuration file which defines a listener*",
            "For more details see https://mosquitto.org/*",
        ],
        after: &["log-local-only"],
        meaning: "It goes on with the line above.",
    },
    Following {
        forms: &["Please be aware that support for TLS v1.1 *"],
        after: &["log-option-deprecated"],
        meaning: "It goes on with the line above.",
    },
    Following {
        forms: &["Note that this was previously incorrectly allowed *"],
        after: &["log-plugin-failed"],
        meaning: "It goes on with the line above.",
    },
    Following {
        forms: &["Error: Plugin returned * when initialising."],
        after: &["log-plugin-failed"],
        meaning: "The broker ends because of the line above.",
    },
    Following {
        forms: &["Error: Couldn't open database."],
        after: &["log-persistence-unreadable"],
        meaning: "The broker ends because of the line above.",
    },
    Following {
        forms: &["  Generated passwords are at *", "  Using admin password from *"],
        after: &["log-dynsec-generated"],
        meaning: "Where the passwords of the new configuration are.",
    },
    Following {
        forms: &["Error: Unable to create websockets listener on port *."],
        after: &["log-listener-not-started"],
        meaning: "It goes on with the line above.",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory;

    use super::*;
    use crate::logs::explain;
    use crate::logs::row_of;

    fn tables() -> [&'static Table; 3] {
        [&LINES, &TLS, &RELOADED]
    }

    fn all() -> impl Iterator<Item = &'static Known> {
        tables().into_iter().flat_map(|table| table.0.iter().flatten()).map(|candidate| candidate.known)
    }

    #[test]
    fn no_row_stands_in_the_shadow_of_another() {
        let mut wrong = Vec::new();
        for table in tables() {
            for own in table.0.iter().flatten() {
                let line = own.form.replace('*', "x");
                let found = row_of(table, &line).map(|row| (row.known.code, row.meaning));
                if found != Some((own.known.code, own.meaning)) {
                    wrong.push((own.form, found));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn meanings_and_hints_are_in_order() {
        let commands: Vec<String> =
            crate::cli::Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let mut gravities = BTreeMap::new();
        for known in all() {
            let before = gravities.insert(known.code, known.gravity);
            assert!(before.is_none_or(|before| before == known.gravity), "{} has two gravities", known.code);
            for word in known.hint.split("mqsec ").skip(1) {
                let name = word.split([' ', ';', ',', '.']).next().unwrap();
                // `probe` comes with the next part of the issue
                assert!(name == "probe" || commands.iter().any(|command| command == name), "no such command: {name}");
            }
            for (forms, meaning) in known.lines {
                assert!(meaning.ends_with('.') || meaning.ends_with(')') || meaning.ends_with('}'), "{meaning}");
                assert!(!meaning.contains("  ") && !known.hint.contains("  "), "{meaning}");
                let most = (1..10).filter(|n| meaning.contains(&format!("{{{n}}}"))).max().unwrap_or(0);
                let short = forms.iter().find(|form| form.matches('*').count() < most);
                assert_eq!(short, None, "has less than {most} stars: {meaning}");
            }
        }
        let mut codes: Vec<&str> = FOLLOWING.iter().flat_map(|one| one.after).copied().collect();
        codes.retain(|code| !gravities.contains_key(code));
        assert!(codes.is_empty(), "no such codes: {codes:?}");
    }

    /// What the brokers of 2.0.11, 2.0.21 and 2.1.2 wrote when they were brought into the situations.
    #[test]
    fn real_lines_are_known() {
        let samples = include_str!("../samples.txt");
        let mut count = 0;
        for sample in samples.lines() {
            let (code, line) = sample.split_once(" | ").unwrap();
            for head in ["", "1795267894: ", "2026-11-21T13:31:41: ", "mosquitto-1  | 1795267894: "] {
                let cause = explain(&format!("{head}{line}")).unwrap_or_else(|| panic!("unknown: {line}"));
                assert_eq!(cause.code, code, "{line}");
            }
            count += 1;
        }
        assert!(count > 150, "{count}");
    }
}
