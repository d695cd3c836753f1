//! Clients that are refused, lost, or at fault.

use super::Gravity;
use super::Known;

pub(super) const KNOWN: &[Known] = &[
    Known {
        code: "login-refused",
        gravity: Gravity::Refused,
        hint: "which of them it is: mqsec test-connect USER PASSWORD",
        lines: &[(
            &[
                "Client * disconnected, not authorised.",
                "Client * disconnected: not authorised.",
                "Client * disconnected: bad username or password.",
            ],
            "The broker does not let the client `{1}` in: wrong password, unknown user, no credentials where anonymous \
             clients are not allowed, or a certificate without a common name where the name is taken from it. The log \
             never tells which. An ACL is not the reason.",
        )],
    },
    Known {
        code: "session-taken-over",
        gravity: Gravity::Refused,
        hint: "give each client an id of its own",
        lines: &[(
            &["Client * already connected, closing old connection.", "Client * disconnected: session taken over."],
            "Another connection came with the client id `{1}`, so the older one was closed. A device that reconnects \
             does this once; two devices with one id throw each other out again and again.",
        )],
    },
    Known {
        code: "max-connections",
        gravity: Gravity::Refused,
        hint: "raise `max_connections` of the listener, or leave it out; then: mqsec restart",
        lines: &[(
            &["Client connection from * denied: max_connections exceeded."],
            "A connection from {1} was closed at once: the listener has as many as `max_connections` (or 2.1's \
             `global_max_connections`) allows. The client sees only that the connection ends.",
        )],
    },
    Known {
        code: "packet-too-large",
        gravity: Gravity::Refused,
        hint: "send less at once, or raise `max_packet_size` (2.1 has a limit of 2000000 unless told otherwise)",
        lines: &[
            (
                &[
                    "Client * disconnected due to oversize packet.",
                    "Client * disconnected due to oversize payload.",
                    "Client * disconnected: oversize packet.",
                    "Client * disconnected: oversize payload.",
                ],
                "The client `{1}` sent a packet larger than the broker's `max_packet_size`, and was disconnected.",
            ),
            (
                &["Dropping too large outgoing PUBLISH*"],
                "A message is larger than a subscriber takes: its MQTT 5 Maximum Packet Size, or a bridge's \
                 `bridge_max_packet_size`. That subscriber does not get it; others do.",
            ),
        ],
    },
    Known {
        code: "log-keepalive-exceeded",
        gravity: Gravity::Warning,
        hint: "look at the device's network and power saving, or let it ask for a longer keepalive",
        lines: &[(
            &["Client * has exceeded timeout, disconnecting.", "Client * disconnected: exceeded timeout."],
            "The client `{1}` was silent for one and a half times its keepalive: switched off, out of reach, asleep, or \
             behind a router that forgot the connection. Its will, if it has one, is sent now.",
        )],
    },
    Known {
        code: "log-client-removed",
        gravity: Gravity::Warning,
        hint: "",
        lines: &[(
            &[
                "Client * been disconnected by administrative action.",
                "Client * disconnected: administrative action.",
                "Client * disconnected: client banned.",
            ],
            "An administrator or a plugin ended the connection of `{1}`: the user was disabled or deleted, or its \
             rights were changed.",
        )],
    },
    Known {
        code: "tls-to-plain-port",
        gravity: Gravity::Refused,
        hint: "let the client use the TLS port, or give this listener `certfile` and `keyfile`",
        lines: &[(
            &["Client from * appears to be using TLS to connect to a non-TLS listener."],
            "{1} began with TLS on a port that speaks plain MQTT.",
        )],
    },
    Known {
        code: "log-not-mqtt",
        gravity: Gravity::Refused,
        hint: "see what the port speaks: mqsec probe HOST:PORT",
        lines: &[
            (
                &[
                    "Protocol error from *: First packet not CONNECT (47).",
                    "Protocol error from *: First packet not CONNECT (48).",
                ],
                "{1} spoke HTTP to an MQTT port (its first byte is that of GET or HEAD): a browser, a health check, a \
                 scanner, or a websockets client on the wrong port.",
            ),
            (
                &["Protocol error from *: First packet not CONNECT (50)."],
                "{1} spoke HTTP (POST or PUT), or a PROXY header, to an MQTT port that expects neither.",
            ),
            (
                &[
                    "Invalid protocol \"*\" in CONNECT from *.",
                    "Protocol error from *: CONNECT with invalid protocol \"*\".",
                ],
                "A client named a protocol that is not MQTT: a scanner, or a client at fault.",
            ),
            (
                &["Protocol error from *: First packet not CONNECT (*).", "Protocol error from *: RESERVED packet."],
                "{1} did not begin with MQTT's CONNECT: another protocol, a scanner, or a client at fault.",
            ),
        ],
    },
    Known {
        code: "mqtt-version-refused",
        gravity: Gravity::Refused,
        hint: "see what is accepted: mqsec test-connect --mqtt 3.1.1",
        lines: &[(
            &[
                "Invalid protocol version * in CONNECT from *.",
                "Protocol error from *: CONNECT with invalid protocol version (*).",
            ],
            "A client asked for an MQTT version that Mosquitto does not have. It has 3.1, 3.1.1 and 5.",
        )],
    },
    Known {
        code: "log-feature-refused",
        gravity: Gravity::Refused,
        hint: "try the MQTT version: mqsec test-connect --mqtt 3.1.1; then look at the listener's options",
        lines: &[(
            &[
                "Client * disconnected: used disallowed feature *",
                "Client * disconnected due to using not allowed feature *",
                "Client * disconnected due to QoS too high or retain not supported.",
            ],
            "The client `{1}` used what this listener does not allow: an MQTT version outside of \
             `accept_protocol_versions`, a QoS above `max_qos`, a retained message with `retain_available false`, \
             or an authentication method that no plugin has. The log does not tell which.",
        )],
    },
    Known {
        code: "client-id-refused",
        gravity: Gravity::Refused,
        hint: "give the client an id",
        lines: &[(
            &[
                "Protocol error from *: CONNECT with zero length clientid when forbidden.",
                "Protocol error from *: v3.1 CONNECT with zero length clientid.",
                "Client * disconnected: client identifier not valid.",
            ],
            "A client came without a client id. The broker allows that only to a clean session, not in MQTT 3.1, and \
             not at all with `allow_zero_length_clientid false`.",
        )],
    },
    Known {
        code: "log-protocol-error",
        gravity: Gravity::Refused,
        hint: "see whether the port and TLS are right: mqsec test-connect; then look at the client's library",
        lines: &[
            (
                &["Client <unknown> disconnected due to protocol error."],
                "Somebody began with something that is not MQTT and was disconnected. 2.0 says no more: it may be TLS \
                 on a plain port, HTTP, a scanner, an MQTT version that is not known, or a client without an id.",
            ),
            (
                &["Client * disconnected due to protocol error.", "Client * disconnected: protocol error."],
                "`{1}` broke a rule of MQTT and was disconnected.",
            ),
            (
                &["Client * disconnected due to malformed packet.", "Client * disconnected: malformed packet."],
                "`{1}` sent a packet that cannot be read: often a topic with a wildcard in a publish, a wrong wildcard \
                 in a subscription, or text that is not UTF-8.",
            ),
            (
                &[
                    "Invalid subscription string from *, disconnecting.",
                    "Empty subscription string from *, disconnecting.",
                    "Invalid unsubscription string from *, disconnecting.",
                    "Empty unsubscription string from *, disconnecting.",
                ],
                "A client at {1} named a filter that is none: empty, or with `#` or `+` where they may not stand.",
            ),
            (
                &[
                    "Invalid QoS in *",
                    "Too high QoS in PUBLISH from *, disconnecting.",
                    "Invalid Will QoS in CONNECT from *.",
                    "Invalid PUBLISH (QoS=0 and DUP=1) from *, disconnecting.",
                ],
                "A client sent a message or subscription with a QoS that does not exist or is not allowed here.",
            ),
            (&["Bad client * sending multiple CONNECT messages."], "{1} sent CONNECT twice on one connection."),
            (
                &["Protocol error from *: password without username, closing connection."],
                "{1} gave a password without a user name, which MQTT 3.1.1 forbids.",
            ),
            (
                &[
                    "Client * has exceeded its receive-maximum quota*",
                    "Client * disconnected: receive maximum exceeded.",
                    "Client * disconnected: quota exceeded.",
                    "Client * disconnected: topic alias invalid.",
                    "Client * disconnected: bad authentication method.",
                ],
                "`{1}` did more than MQTT 5 lets it: too many unanswered messages, or an alias or method that was not \
                 agreed upon.",
            ),
            (
                &[
                    "Warning: Received * from * for an unknown packet identifier *.",
                    "Reused message ID * from * detected. Clearing from storage.",
                ],
                "A client answered or used again a message number that the broker does not expect. Messages may be \
                 lost or come twice; mostly a client that lost its session's state.",
            ),
            (&["Error: Unrecognised command *", "Protocol error from *"], "A client broke a rule of MQTT: {1}"),
        ],
    },
    Known {
        code: "log-dangerous-name",
        gravity: Gravity::Refused,
        hint: "choose a client id and user name without `+`, `#` and `/`",
        lines: &[(
            &[
                "ACL denying access to client with dangerous client id *",
                "ACL denying access to client with dangerous username *",
            ],
            "The name {1} has a wildcard in it. With `pattern` lines in the ACL it would match other clients' topics, \
             so the broker refuses this client everything that no `topic` line allows.",
        )],
    },
    Known {
        code: "publish-denied",
        gravity: Gravity::Refused,
        hint: "prove it: mqsec test-connect USER --topic TOPIC",
        lines: &[(
            &["Denied PUBLISH from * (d*, q*, r*, m*, '*', *"],
            "The ACL does not let `{1}` write to `{6}`; the message is dropped. MQTT 5 clients are told with reason 135, \
             if the QoS is 1 or 2; others are not told at all.",
        )],
    },
    Known {
        code: "log-queue-full",
        gravity: Gravity::Refused,
        hint: "see who is slow or away; raise `max_queued_messages` and `max_queued_bytes`",
        lines: &[(
            &["Outgoing messages are being dropped for client *."],
            "The client `{1}` is away or too slow, and its queue is full: messages for it are lost from now on.",
        )],
    },
    Known {
        code: "log-connection-dropped",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[
            (
                &["Client <unknown> closed its connection."],
                "Somebody connected and left without a word: a health check, a port scan, or a client that gave up.",
            ),
            (
                &["Client * closed its connection.", "Client * disconnected: connection closed by client."],
                "`{1}` closed the connection without MQTT's DISCONNECT. Its will, if it has one, is sent.",
            ),
            (
                &[
                    "Client * disconnected: Connection reset by peer.",
                    "Client * disconnected: Broken pipe.",
                    "Client * disconnected: Connection timed out.",
                    "Client * disconnected: No route to host.",
                    "Client * disconnected: Network is unreachable.",
                    "Client * disconnected: Host is unreachable.",
                ],
                "The network or the other side broke the connection of `{1}`. Its will, if it has one, is sent.",
            ),
        ],
    },
    Known {
        code: "log-client-refused",
        gravity: Gravity::Refused,
        hint: "see the cause from the client's side: mqsec test-connect",
        lines: &[
            (
                &["Client * disconnected: bad socket read/write: Invalid input"],
                "The broker would not take `{1}`: mostly one client more than `global_max_clients` allows.",
            ),
            (
                &["Bad socket read/write on client *: *", "Client * disconnected: bad socket read/write: *"],
                "The connection of `{1}` broke at a read or write. On a websockets port also: somebody spoke something \
                 else than websockets, as plain MQTT.",
            ),
            (
                &[
                    "Client * disconnected: server busy.",
                    "Client * disconnected: server unavailable.",
                    "Client * disconnected: connection rate exceeded.",
                    "Client * disconnected: implementation specific error.",
                ],
                "A plugin, or the remote broker of a bridge, ended the connection of `{1}`.",
            ),
        ],
    },
    Known {
        code: "log-origin-refused",
        gravity: Gravity::Refused,
        hint: "add the page's origin to the listener: websockets_origin https://HOST",
        lines: &[(
            &["Client * disconnected: non-matching http origin."],
            "A web page of another origin than `websockets_origin` allows opened a websocket; {1} was refused.",
        )],
    },
    Known {
        code: "log-proxy-header",
        gravity: Gravity::Refused,
        hint: "let the proxy send the version that `enable_proxy_protocol` names, and nobody else reach the port",
        lines: &[
            (
                &["Connection rejected, corrupt PROXY header.", "Connection from * rejected, corrupt PROXY header."],
                "The listener expects a PROXY header before MQTT, and got none that it can read: a client came past \
                 the proxy, or the proxy sends another version.",
            ),
            (
                &[
                    "Connection from * rejected, client did not connect using TLS.",
                    "Connection from * rejected, client did not provide a certificate.",
                ],
                "The proxy says that {1} came without the TLS or the certificate that the listener demands.",
            ),
        ],
    },
    Known {
        code: "log-session-expired",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[
            (
                &["Expiring client * due to timeout."],
                "The session of `{1}` was away longer than `persistent_client_expiration` or its own expiry allows; what was \
             queued for it is gone.",
            ),
            (
                &["Failed to associate persisted user * with ACLs, *"],
                "A saved session of `{1}` came over a listener that is no longer there, so its ACL cannot be told. The \
             session begins anew when the client connects.",
            ),
        ],
    },
    Known {
        code: "log-memory",
        gravity: Gravity::Failed,
        hint: "see the memory: free -m; limit the queues with `max_queued_bytes`, and look at `memory_limit`",
        lines: &[
            (
                &["Client * disconnected due to out of memory.", "Client * disconnected: out of memory."],
                "The broker says that memory ran out for `{1}`. It says the same of a client that goes away while its \
                 subscription is being answered; with memory left, that is the cause, and harmless.",
            ),
            (
                &["Error: Out of memory.", "*: Error: Out of memory.", "* out of memory."],
                "The broker got no more memory: the machine's, the container's, or its own `memory_limit` is used up.",
            ),
        ],
    },
];
