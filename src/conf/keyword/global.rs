//! Options that hold for the whole broker, and those that say who may do what.

use super::Effect::None as Nothing;
use super::Effect::NotApplied;
use super::Effect::Restart;
use super::Keyword;
use super::ValueType::Choice;
use super::ValueType::Duration;
use super::ValueType::Words;
use super::build::BOOL;
use super::build::FOLDER;
use super::build::NUMBER;
use super::build::PATH;
use super::build::TEXT;
use super::build::U16;
use super::build::global;
use super::build::int;
use super::build::security;

const LOG_TYPES: &[&str] = &[
    "none",
    "information",
    "notice",
    "warning",
    "error",
    "debug",
    "subscribe",
    "unsubscribe",
    "internal",
    "websockets",
    "all",
];

pub(super) const TABLE: &[Keyword] = &[
    security("acl_file", PATH, "", "The file that says who may read and write which topics. Without it everybody who is in may do everything.")
        .last_in_21()
        .deprecated("the plugin `acl-file`")
        .gone(),
    security("allow_anonymous", BOOL, "false", "Whether a client without a user name gets in. Without any `listener` the default is true.")
        .last(),
    global("allow_duplicate_messages", BOOL, "true", "Whether a client gets a message once for each of its subscriptions that match.")
        .in_20("false")
        .deprecated("")
        .gone(),
    security("allow_zero_length_clientid", BOOL, "true", "Whether a client may leave its id to the broker."),
    security("auth_plugin", PATH, "", "The old name of `plugin`.").alias("plugin").adds().reload(Restart, Restart),
    security("auto_id_prefix", TEXT, "auto-", "What ids begin with that the broker gives. 2.1 allows 50 characters.")
        .deprecated("`listener_auto_id_prefix`")
        .gone(),
    global("autosave_interval", NUMBER, "1800", "Seconds between two saves of sessions and retained messages. 0 saves at the end only."),
    global("autosave_on_changes", BOOL, "false", "Makes `autosave_interval` a number of changes instead of seconds."),
    global("check_retain_source", BOOL, "false", "Whether a retained message is withheld once its publisher lost the right to it. The manual says true; the code of 2.0 and 2.1 says false.")
        .reload(NotApplied, NotApplied),
    global("clientid_prefixes", TEXT, "", "Only clients whose id begins with one of these get in.")
        .last_in_21()
        .deprecated("")
        .gone(),
    global("connection_messages", BOOL, "true", "Whether the log tells who comes and goes."),
    global("enable_control_api", BOOL, "false", "Opens the topics `$CONTROL/broker/v1`.")
        .since("2.1")
        .reload(Nothing, NotApplied),
    global("global_max_clients", NUMBER, "-1", "How many clients the broker knows, sessions that are away included.")
        .since("2.1")
        .reload(Nothing, NotApplied),
    global("global_max_connections", NUMBER, "-1", "How many clients may be connected, over all listeners.")
        .since("2.1")
        .reload(Nothing, NotApplied),
    global("global_plugin", PATH, "", "A plugin for all listeners, even with `per_listener_settings true`.")
        .since("2.1")
        .adds()
        .reload(Nothing, Restart),
    global("include_dir", FOLDER, "", "Reads the files `*.conf` of this folder, here, in the order of their names. Works in the main file only: 2.0 ignores it in an included one, 2.1 does not start.")
        .adds(),
    global("log_dest", Words("none | stdout | stderr | syslog | topic | dlt | file PATH"), "stderr", "Where the log goes; may stand several times. `none` takes back those above it.")
        .adds(),
    global("log_facility", int(0, 7), "daemon", "The facility of syslog, LOCAL0 to LOCAL7."),
    global("log_timestamp", BOOL, "true", "Whether each line of the log begins with the time."),
    global("log_timestamp_format", TEXT, "", "The form of the time, as strftime takes it; without it, seconds since 1970."),
    global("log_type", Choice(LOG_TYPES), "error warning notice information", "What is logged; may stand several times.")
        .adds(),
    global("max_inflight_bytes", NUMBER, "0", "How many bytes of QoS 1 and 2 may be under way to a client; 0 is no limit.")
        .reload(NotApplied, NotApplied),
    global("max_inflight_messages", int(i32::MIN as i64, 65_535), "20", "How many messages of QoS 1 and 2 may be under way to a client; 0 is no limit.")
        .reload(NotApplied, NotApplied),
    global("max_keepalive", U16, "0", "The longest keep-alive that a client may ask for, in seconds; 0 is no limit.")
        .reload(NotApplied, NotApplied),
    global("max_packet_size", int(20, i32::MAX as i64), "2000000", "The largest packet that the broker takes; in 2.0 there is no limit unless this sets one.")
        .in_20("0")
        .reload(NotApplied, NotApplied),
    global("max_queued_bytes", NUMBER, "0", "How many bytes wait for a client that is away; 0 is no limit.")
        .reload(NotApplied, NotApplied),
    global("max_queued_messages", NUMBER, "1000", "How many messages wait for a client that is away; 0 is no limit.")
        .reload(NotApplied, NotApplied),
    global("memory_limit", int(0, i64::MAX), "0", "How many bytes of memory the broker takes for messages; 0 is no limit."),
    global("message_size_limit", int(0, 268_435_455), "0", "The largest payload; longer messages are dropped without a word. Better: `max_packet_size`.")
        .deprecated("`max_packet_size`"),
    global("packet_buffer_size", U16, "4096", "How many bytes of a websocket's or PROXY header are read.")
        .since("2.1")
        .reload(Nothing, NotApplied),
    security("password_file", PATH, "", "The users and the hashes of their passwords.")
        .last_in_21()
        .deprecated("the plugin `password-file`")
        .gone(),
    global("per_listener_settings", BOOL, "false", "Whether passwords, ACL and plugins are those of one listener. Must stand above all of them.")
        .deprecated("`listener_allow_anonymous` and `plugin_use`")
        .gone()
        .reload(NotApplied, NotApplied),
    global("persistence", BOOL, "false", "Whether sessions and retained messages survive a restart."),
    global("persistence_file", TEXT, "mosquitto.db", "The name of the database in `persistence_location`."),
    global("persistence_location", FOLDER, "", "The folder of the database; without it, the folder in which the broker was started."),
    global("persistent_client_expiration", Duration, "", "After which time a session is forgotten whose client stays away; without it, never."),
    global("pid_file", PATH, "", "Where the broker writes its process number.").reload(Restart, Restart),
    security("plugin", PATH, "", "A plugin that decides who gets in or what may be done.").adds().reload(Restart, Restart),
    global("plugin_load", Words("NAME PATH"), "", "Loads a plugin under a name, for `plugin_use`.")
        .since("2.1")
        .adds()
        .reload(Nothing, Restart),
    security("psk_file", PATH, "", "The identities and keys of clients without certificates. Turns off TLS 1.3 on every listener.")
        .last_in_21(),
    global("queue_qos0_messages", BOOL, "false", "Whether messages of QoS 0 wait for a client that is away."),
    global("retain_available", BOOL, "true", "Whether messages may be retained.").reload(NotApplied, NotApplied),
    global("retain_expiry_interval", int(1, i32::MAX as i64), "0", "After how many minutes a retained message is forgotten; 2.0 takes any number.")
        .since("2.0.21")
        .reload(NotApplied, NotApplied),
    global("retained_persistence", BOOL, "false", "The old name of `persistence`.").alias("persistence"),
    global("retry_interval", super::ValueType::Nothing, "", "Does nothing since 1.5.").deprecated("").reload(Nothing, Nothing),
    global("set_tcp_nodelay", BOOL, "false", "Whether a small packet leaves at once instead of waiting for the next.")
        .reload(NotApplied, NotApplied),
    global("sys_interval", U16, "10", "Seconds between two updates of `$SYS`; 0 is none."),
    global("upgrade_outgoing_qos", BOOL, "false", "Whether messages go out with the QoS of the subscription, even if they came with less."),
    global("user", TEXT, "mosquitto", "As whom the broker runs when root started it.").last_in_21().reload(Restart, Restart),
    global("websockets_headers_size", U16, "4096", "How many bytes of a websocket's header are read.")
        .reload(NotApplied, NotApplied),
    global("websockets_log_level", NUMBER, "0", "What libwebsockets logs; 2.1 has none and ignores it."),
];
