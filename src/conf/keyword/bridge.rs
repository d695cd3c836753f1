//! Options of a bridge, which is a connection that the broker itself makes to another one.

use super::Keyword;
use super::ValueType::Choice;
use super::ValueType::Words;
use super::build::BOOL;
use super::build::FOLDER;
use super::build::NUMBER;
use super::build::PATH;
use super::build::TEXT;
use super::build::U16;
use super::build::bridge;
use super::build::int;

const POSITIVE: super::ValueType = int(0, i32::MAX as i64);

pub(super) const TABLE: &[Keyword] = &[
    bridge(
        "address",
        Words("HOST[:PORT] …"),
        "",
        "The other broker, port 1883 unless told; several are tried one after the other.",
    )
    .with_one_line(),
    bridge("addresses", Words("HOST[:PORT] …"), "", "The same as `address`.").alias("address").with_one_line(),
    bridge("bridge_alpn", TEXT, "", "The protocol that TLS asks for, where several share a port."),
    bridge(
        "bridge_attempt_unsubscribe",
        BOOL,
        "true",
        "Whether topics that only go out are unsubscribed at the start.",
    ),
    bridge("bridge_bind_address", TEXT, "", "The local address from which the connection is made."),
    bridge(
        "bridge_cafile",
        PATH,
        "",
        "The authorities that the other broker's certificate may come from. Turns TLS on.",
    ),
    bridge("bridge_capath", FOLDER, "", "The same as a folder with hashed names. Turns TLS on."),
    bridge("bridge_certfile", PATH, "", "The certificate that the bridge shows."),
    bridge("bridge_ciphers", TEXT, "", "Cipher suites for TLS 1.2 and older.").since("2.1"),
    bridge("bridge_ciphers_tls1.3", TEXT, "", "Cipher suites for TLS 1.3.").since("2.1"),
    bridge("bridge_identity", TEXT, "", "The identity for TLS with a shared key; cannot go with certificates."),
    bridge("bridge_insecure", BOOL, "false", "Leaves the other broker's name unchecked. Does not turn TLS on."),
    bridge("bridge_keyfile", PATH, "", "The private key of `bridge_certfile`.").last_in_21(),
    bridge("bridge_max_packet_size", NUMBER, "0", "The largest packet that the bridge takes; 0 is no limit."),
    bridge("bridge_max_topic_alias", U16, "10", "How many topic aliases the bridge accepts.").since("2.1"),
    bridge("bridge_outgoing_retain", BOOL, "true", "Whether retained messages stay retained on the other side."),
    bridge(
        "bridge_protocol_version",
        Choice(&["mqttv31", "mqttv311", "mqttv50"]),
        "mqttv311",
        "The version of MQTT. Exactly one space before it and none behind.",
    ),
    bridge("bridge_psk", TEXT, "", "The shared key, hexadecimal, for `bridge_identity`."),
    bridge("bridge_receive_maximum", int(1, 65_535), "20", "How many messages of QoS 1 and 2 may be under way.")
        .since("2.1"),
    bridge("bridge_reload_type", Choice(&["lazy", "immediate"]), "lazy", "Whether a reload connects anew at once.")
        .since("2.1"),
    bridge("bridge_require_ocsp", BOOL, "false", "Whether the other broker must prove by OCSP that it is not revoked."),
    bridge("bridge_session_expiry_interval", POSITIVE, "0", "Seconds for which the other broker keeps the session.")
        .since("2.1"),
    bridge(
        "bridge_tcp_keepalive",
        Words("IDLE INTERVAL COUNT"),
        "",
        "When the kernel asks whether the other side is still there.",
    )
    .since("2.1"),
    bridge("bridge_tcp_user_timeout", POSITIVE, "", "Milliseconds after which unanswered data end the connection.")
        .since("2.1"),
    bridge("bridge_tls_use_os_certs", BOOL, "false", "Trusts the authorities of the operating system. Turns TLS on.")
        .since("2.1"),
    bridge("bridge_tls_version", TEXT, "tlsv1.2", "The version of TLS: tlsv1.3, tlsv1.2, and in 2.0 tlsv1.1."),
    bridge(
        "cleansession",
        BOOL,
        "false",
        "Whether the other broker forgets the session. With false, old subscriptions stay when topics change.",
    ),
    bridge("clientid", TEXT, "HOST.NAME", "The old name of `remote_clientid`.").alias("remote_clientid"),
    bridge("connection", Words("NAME"), "", "Begins a bridge; what follows belongs to it.").adds(),
    bridge("idle_timeout", NUMBER, "60", "Seconds after which a lazy bridge closes; at least 1."),
    bridge("keepalive_interval", int(i32::MIN as i64, 65_535), "60", "Seconds between two signs of life; at least 5."),
    bridge("local_cleansession", BOOL, "", "The same as `cleansession` for the local side."),
    bridge("local_clientid", TEXT, "local.HOST.NAME", "The bridge's id on the local broker; no two may be the same."),
    bridge("local_password", TEXT, "", "The password on the local broker."),
    bridge("local_username", TEXT, "", "The user on the local broker."),
    bridge(
        "notification_topic",
        TEXT,
        "$SYS/broker/connection/ID/state",
        "Where the bridge tells whether it is connected.",
    ),
    bridge("notifications", BOOL, "true", "Whether the bridge tells both brokers that it is connected."),
    bridge("notifications_local_only", BOOL, "false", "Whether it tells the local one only."),
    bridge("password", TEXT, "", "The old name of `remote_password`.").alias("remote_password"),
    bridge(
        "remote_clientid",
        TEXT,
        "HOST.NAME",
        "The bridge's id on the other broker. Name one: a container's host name changes.",
    ),
    bridge("remote_password", TEXT, "", "The password on the other broker."),
    bridge("remote_username", TEXT, "", "The user on the other broker."),
    bridge(
        "restart_timeout",
        Words("BASE [CAP [STABLE]]"),
        "5 30",
        "Seconds before the next try; with CAP they grow up to it.",
    ),
    bridge("round_robin", BOOL, "false", "Whether addresses are used in turn instead of preferring the first."),
    bridge("start_type", Choice(&["automatic", "lazy", "once"]), "automatic", "When the bridge connects."),
    bridge("threshold", NUMBER, "10", "How many messages make a lazy bridge connect; at least 1."),
    bridge(
        "topic",
        Words("PATTERN [out|in|both [QOS [LOCAL [REMOTE]]]]"),
        "",
        "What goes over the bridge; may stand several times. Without a direction it goes out.",
    )
    .adds(),
    bridge("try_private", BOOL, "true", "Tells the other broker that this is a bridge, which prevents loops."),
    bridge("username", TEXT, "", "The old name of `remote_username`.").alias("remote_username"),
];

impl Keyword {
    const fn with_one_line(mut self) -> Self {
        self.repeat = super::Repeat::Refused;
        self
    }
}
