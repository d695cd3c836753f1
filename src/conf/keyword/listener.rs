//! Options of a listener, and those of a plugin.

use super::Effect::Applied;
use super::Effect::ContentOnly;
use super::Effect::NewConnections;
use super::Effect::None as Nothing;
use super::Effect::Reset;
use super::Effect::Restart;
use super::Effect::WithCrl;
use super::Keyword;
use super::ValueType::Choice;
use super::ValueType::Words;
use super::build::BOOL;
use super::build::FOLDER;
use super::build::NUMBER;
use super::build::PATH;
use super::build::TEXT;
use super::build::U16;
use super::build::int;
use super::build::listener;
use super::build::plugin;

pub(super) const TABLE: &[Keyword] = &[
    listener("accept_protocol_versions", Words("3, 4, 5"), "3,4,5", "Which versions of MQTT get in: 3 is 3.1, 4 is 3.1.1.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, Applied),
    plugin("auth_opt_*", TEXT, "", "The old form of `plugin_opt_*`.").alias("plugin_opt_*"),
    plugin("auth_plugin_deny_special_chars", BOOL, "true", "Whether names with `+`, `#` or `/` are kept from old plugins."),
    listener("bind_address", TEXT, "", "The address of the default listener on port 1883.")
        .deprecated("`listener PORT ADDRESS`")
        .gone(),
    listener("bind_interface", TEXT, "", "The network interface on which the listener is reached."),
    listener("cafile", PATH, "", "The authorities whose client certificates are accepted. 2.1 also tells clients their names.")
        .last_in_21()
        .below_listener()
        .reload(WithCrl, WithCrl),
    listener("capath", FOLDER, "", "The same as a folder with hashed names.").last_in_21().reload(WithCrl, WithCrl),
    listener("certfile", PATH, "", "The broker's certificate, then the intermediate ones. With `keyfile` it makes the listener speak TLS.")
        .last_in_21()
        .reload(ContentOnly, Applied),
    listener("ciphers", TEXT, "DEFAULT:!aNULL:!eNULL:!LOW:!EXPORT:!SSLv2:@STRENGTH", "Cipher suites for TLS 1.2 and older, as OpenSSL writes them.")
        .last_in_21()
        .reload(Restart, WithCrl),
    listener("ciphers_tls1.3", TEXT, "", "Cipher suites for TLS 1.3, with `:` between.").last_in_21().reload(Restart, WithCrl),
    listener("crlfile", PATH, "", "Lists of revoked certificates. Has an effect only with `require_certificate true`.")
        .last_in_21()
        .reload(ContentOnly, Applied),
    listener("dhparamfile", PATH, "", "Parameters of Diffie-Hellman; 2.1 needs none and ignores it.").deprecated("").reload(Restart, Nothing),
    listener("disable_client_cert_date_checks", BOOL, "false", "Whether client certificates hold beyond their dates.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, Applied),
    listener("enable_proxy_protocol", int(1, 2), "", "The version of the PROXY protocol that comes before MQTT. 2 cannot go with `certfile`.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, NewConnections),
    listener("http_dir", FOLDER, "", "The files that are served: by websockets in 2.0, by `http_api` in 2.1, which wants the folder to exist.").below_listener(),
    listener("keyfile", PATH, "", "The private key of `certfile`, PEM and without a passphrase.")
        .last_in_21()
        .reload(ContentOnly, Applied),
    listener("listener", Words("PORT [ADDRESS]"), "", "Opens a port; what follows belongs to it. Port 0 takes the path of a Unix socket.").adds(),
    listener("listener_allow_anonymous", BOOL, "", "Whether a client without a user name gets in here, whatever `allow_anonymous` says.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, Applied),
    listener("listener_auto_id_prefix", TEXT, "auto-", "What ids begin with that the broker gives here, up to 50 characters.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, Applied),
    listener("max_connections", NUMBER, "-1", "How many clients may be connected here; -1 is no limit. 2.0 forgets it at each reload.").reload(Reset, Applied),
    listener("max_qos", int(0, 2), "2", "The highest QoS that clients may publish with. 2.0 forgets it at each reload.").reload(Reset, Applied),
    listener("max_topic_alias", U16, "10", "How many topic aliases a client may use. 2.0 forgets it at each reload.")
        .below_listener()
        .reload(Reset, Applied),
    listener("max_topic_alias_broker", U16, "10", "How many topic aliases the broker uses towards a client.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, Applied),
    listener("maximum_qos", int(0, 2), "2", "The old name of `max_qos`.").alias("max_qos").reload(Reset, Applied),
    listener("mount_point", TEXT, "", "Put before the topics of all clients of this listener. No wildcards.")
        .last_in_21()
        .below_listener()
        .reload(Restart, NewConnections),
    plugin("plugin_opt_*", TEXT, "", "An option of the plugin above: `plugin_opt_KEY VALUE`, KEY of three letters or more."),
    listener("plugin_use", TEXT, "", "Uses a plugin of `plugin_load` on this listener.")
        .since("2.1")
        .below_listener()
        .adds()
        .reload(Nothing, Restart),
    listener("port", int(1, 65_535), "1883", "The port of the default listener.").deprecated("`listener`").gone(),
    listener("protocol", Choice(&["mqtt", "websockets", "http_api"]), "mqtt", "What is spoken here. `http_api` is known to 2.1 only."),
    listener("proxy_protocol_v2_require_tls", BOOL, "false", "Whether the PROXY header must say that the client came over TLS.")
        .since("2.1")
        .below_listener()
        .reload(Nothing, NewConnections),
    listener("psk_hint", TEXT, "", "Turns on TLS with shared keys; clients are told the hint."),
    listener("require_certificate", BOOL, "false", "Whether a client must show a certificate of an authority in `cafile`.").reload(Restart, Applied),
    listener("socket_domain", Choice(&["ipv4", "ipv6"]), "", "Listens on one kind of address only."),
    listener("tls_engine", TEXT, "", "An engine of OpenSSL that holds the key."),
    listener("tls_engine_kpass_sha1", TEXT, "", "SHA-1 of the engine's password, 40 hexadecimal digits.").last_in_21(),
    listener("tls_keyform", TEXT, "pem", "`engine` where the key lies in one; anything else is `pem`.").last(),
    listener("tls_version", TEXT, "tlsv1.2", "The oldest version of TLS that is spoken: tlsv1.3, tlsv1.2 or tlsv1.1.").below_listener(),
    listener("use_identity_as_username", BOOL, "false", "Takes the user name from the certificate's common name; passwords are not asked for. Needs `require_certificate true`.")
        .reload(Restart, Applied),
    listener("use_subject_as_username", BOOL, "false", "Takes the certificate's whole subject as the user name.").reload(Restart, Applied),
    listener("use_username_as_clientid", BOOL, "false", "Makes the user name the client id, so that nobody takes over another's session.")
        .reload(Restart, Applied),
    listener("websockets_origin", TEXT, "", "A page's origin from which browsers may connect; may stand several times.")
        .since("2.1")
        .below_listener()
        .adds()
        .reload(Nothing, NewConnections),
];
