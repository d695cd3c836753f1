//! Bridges to other brokers.

use super::Gravity;
use super::Known;

pub(super) const KNOWN: &[Known] = &[
    Known {
        code: "log-bridge-refused",
        gravity: Gravity::Refused,
        hint: "try the bridge's user at the remote broker: mqsec test-connect USER PASSWORD --host REMOTE",
        lines: &[
            (
                &["Connection Refused: not authorised", "Connection Refused: bad user name or password"],
                "The remote broker does not take the bridge's `remote_username` and `remote_password`, or it took \
                 none.",
            ),
            (
                &["Connection Refused: identifier rejected"],
                "The remote broker does not take the bridge's client id; set `remote_clientid`.",
            ),
            (
                &["Connection Refused: unacceptable protocol version"],
                "The remote broker does not speak the version of `bridge_protocol_version`.",
            ),
            (&["Connection Refused: *"], "The remote broker refuses the bridge: {1}."),
        ],
    },
    Known {
        code: "log-bridge-unreachable",
        gravity: Gravity::Refused,
        hint: "look from here: mqsec probe REMOTE:PORT",
        lines: &[
            (
                &["Warning: Error resolving bridge address: *."],
                "The name in a bridge's `address` cannot be resolved: {1}. The broker goes on trying.",
            ),
            (
                &[
                    "Error creating bridge: *.",
                    "Error in initial bridge registration: *",
                    "Warning: Unable to connect *bridge *.",
                ],
                "The remote broker of a bridge was not reached ({1}): nothing listens there, a firewall is between, or it \
                 ended the connection. `localhost` may mean ::1 first. The broker goes on trying.",
            ),
            (
                &[
                    "Client local.* closed its connection.",
                    "Client local.* disconnected: connection closed by client.",
                    "Client * [(null):0] disconnected: connection closed by client.",
                ],
                "If `{1}` is a bridge, as its id says, the remote broker closed its connection without a word: mostly \
                 plain MQTT to a TLS port. A bridge uses TLS only with `bridge_cafile` or `bridge_capath`.",
            ),
            (&["Error: SRV lookup failed *"], "The name of a bridge has no SRV record."),
        ],
    },
    Known {
        code: "log-bridge-tls",
        gravity: Gravity::Refused,
        hint: "see its certificate: mqsec verify REMOTE:PORT; dial a name that it has",
        lines: &[
            (
                &["Error: host name verification failed."],
                "The remote broker's certificate does not have the name or address of the bridge's `address`.",
            ),
            (
                &[
                    "Bad socket read/write on client *: A TLS error occurred.",
                    "Client * disconnected: bad socket read/write: A TLS error occurred",
                ],
                "The TLS connection of the bridge `{1}` failed; the line above has the reason. `unexpected eof` there \
                 means that the remote port speaks plain MQTT, or that the remote broker gave up.",
            ),
            (
                &["OCSP: *", "Could not activate OCSP *"],
                "`bridge_require_ocsp` is set, and the remote broker does not prove that its certificate is not \
                 revoked.",
            ),
        ],
    },
    Known {
        code: "log-bridge-insecure",
        gravity: Gravity::Warning,
        hint: "take `bridge_insecure true` out, and dial a name that the remote certificate has",
        lines: &[(
            &["Warning: Bridge * using insecure mode."],
            "The bridge {1} does not check whose certificate it is shown: another certificate of the same authority, as \
             a client's, can stand between.",
        )],
    },
    Known {
        code: "log-bridge-notice",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[
            (
                &["Bridge * next backoff will be * ms"],
                "The bridge {1} failed; lines above have the reason. It tries again in {2} milliseconds.",
            ),
            (
                &["Bridge connection * has exceeded idle timeout, disconnecting."],
                "The lazy bridge {1} had nothing to send for `idle_timeout` and ended; the next message begins it \
                 anew.",
            ),
            (
                &["Warning: Remote bridge * does not support MQTT v5.0, reconnecting using MQTT v3.1.1."],
                "The remote broker of {1} has no MQTT 5; the bridge uses 3.1.1.",
            ),
        ],
    },
];
