//! mosquitto.conf: options, their values and their order; plugins.

use super::Gravity;
use super::Known;

pub(super) const KNOWN: &[Known] = &[
    Known {
        code: "log-conf-unreadable",
        gravity: Gravity::Failed,
        hint: "see who may read it: ls -l config/mosquitto.conf",
        lines: &[
            (
                &["Error: Unable to open config file *."],
                "The configuration {1} is not there, or the broker's user may not read it. At a start the broker ends; \
                 at a reload it keeps its old settings.",
            ),
            (
                &["Error: Config file * is a directory."],
                "{1} is a folder: Docker makes one where a file is to be mounted that is not there.",
            ),
            (&["Error: Unable to open include_dir '*'."], "The folder {1} is not there or may not be read."),
            (
                &["Error: The include_dir option is only valid in the main configuration file."],
                "An included file has an `include_dir` of its own.",
            ),
        ],
    },
    Known {
        code: "log-option-unknown",
        gravity: Gravity::Failed,
        hint: "mend the line; an option has one space behind its name, no tab and no `=`",
        lines: &[(
            &["Error: Unknown configuration variable *."],
            "The broker does not know the option {1}: a slip of the pen, a tab in place of a space, a byte order mark at \
             the file's beginning, or an option of a newer version.",
        )],
    },
    Known {
        code: "log-option-order",
        gravity: Gravity::Warning,
        hint: "move the option below the `listener` or `plugin` line that it belongs to",
        lines: &[
            (
                &[
                    "Creating default listener due to * option.",
                    "It is best practice to define a 'listener' first. Using the * option without *",
                ],
                "The option {1} stands before the first `listener`. It makes a listener of its own on port 1883, on \
                 all addresses, besides those of the file. (2.0 does the same and does not say so.)",
            ),
            (
                &[
                    "Error: The * option requires a listener to be defined first.",
                    "Error: You must use create a listener before using the * option in the configuration file.",
                ],
                "The option {1} belongs to a listener and stands before the first one. The broker does not take the \
                 file.",
            ),
            (
                &["Warning: Default listener port specified multiple times. *"],
                "`port` stands twice, or beside options that have already made a listener; only the last one counts.",
            ),
            (
                &["Error: per_listener_settings must be set before any other security settings."],
                "`per_listener_settings` has to stand above every option that it changes the meaning of.",
            ),
            (
                &[
                    "Error: An auth_opt_ option exists in the config file without an auth_plugin.",
                    "Error: An auth_plugin_deny_special_chars option exists in the config file without *",
                    "Error: The * option requires plugin/global_plugin/plugin_load to be defined first.",
                    "Error: Plugin '*' not previously loaded.",
                    "Error: Duplicate plugin name '*'.",
                    "Error: Missing plugin path for plugin name '*'.",
                    "Error: * 'plugin_opt_' config option.",
                    "Error: Invalid auth_opt_ config option.",
                ],
                "An option of a plugin stands where no plugin has been named before.",
            ),
        ],
    },
    Known {
        code: "log-option-deprecated",
        gravity: Gravity::Warning,
        hint: "replace it before the broker is brought to version 3",
        lines: &[
            (
                &["The '*' option is now deprecated and will be removed in *"],
                "`{1}` still works and will be gone in a later version.",
            ),
            (
                &["You are using the '*' option with 'per_listener_settings true'. *"],
                "`{1}` will be replaced by an option of the listener.",
            ),
            (
                &["Warning: The * option is no longer available.", "Warning: dhparamfile is no longer required."],
                "The option has no effect any more; the line can be taken out.",
            ),
            (
                &["Note: It is recommended to replace `message_size_limit` with `max_packet_size`."],
                "`message_size_limit` drops a larger message and tells nobody; `max_packet_size` disconnects its \
                 sender.",
            ),
            (&["Warning: TLS v1.1 is insecure. *"], "The listener takes TLS 1.1, which is broken."),
        ],
    },
    Known {
        code: "log-option-unsupported",
        gravity: Gravity::Failed,
        hint: "use an image or package that has it; the stock images have TLS, bridges and websockets",
        lines: &[(
            &[
                "Error: * support not available.",
                "Warning: * support not available*",
                "Error: PROXY support not available with libwebsockets.",
                "* support NOT available.",
                "Error: bind_interface specified but socket option not available.",
                "Warning: CA path option is not supported for websockets",
            ],
            "This broker was built without what the option needs. The option has no effect, or the broker ends.",
        )],
    },
    Known {
        code: "log-bridge-configuration",
        gravity: Gravity::Failed,
        hint: "a bridge is `connection NAME`, `address HOST:PORT`, `topic FILTER`, in this order",
        lines: &[
            (
                &["Error: Invalid bridge configuration*", "Error: The * option requires a bridge to be defined first."],
                "An option of a bridge stands before `connection`, or the bridge lacks a name, an address or a topic.",
            ),
            (
                &[
                    "Error: Invalid bridge *",
                    "Error: Bridge *",
                    "Error: Duplicate bridge name *.",
                    "Error: * single bridge.",
                    "Error: Missing closing quote in topic value *",
                    "Duplicate bridge topic *",
                ],
                "A bridge's option has a value that does not fit.",
            ),
            (
                &["* interval too low, using *", "* interval too high, using *", "threshold too low, using *"],
                "A bridge's time or number is outside of what is allowed, and another one is used.",
            ),
        ],
    },
    Known {
        code: "log-plugin-not-loaded",
        gravity: Gravity::Failed,
        hint: "look for the file: ls /usr/lib/*/mosquitto*.so /usr/lib/*/mosquitto/*.so /usr/lib/mosquitto*.so",
        lines: &[
            (
                &["Error: Unable to load auth plugin \"*\".", "Error: Unable to load plugin \"*\"."],
                "The plugin {1} cannot be loaded: the file is not there (2.1 keeps its own in a folder of their own), or \
                 was built for another system. The broker ends.",
            ),
            (
                &[
                    "Error: Unable to load * plugin function *",
                    "Error: Unable to load plugin function *",
                    "Error: Plugin has missing * function.",
                ],
                "The file is a library, but no plugin of this version's kind. The broker ends.",
            ),
            (
                &["Error: Unsupported auth plugin version (got *, expected *)."],
                "The plugin was built for another version of Mosquitto (it has {1}, the broker has {2}). The broker \
                 ends.",
            ),
            (&["Load error: *"], "The system's loader refuses a plugin: {1}."),
        ],
    },
    Known {
        code: "log-plugin-failed",
        gravity: Gravity::Failed,
        hint: "look at the lines above; at a reload this ends a 2.1 broker, so check a file before: mqsec up",
        lines: &[
            (
                &[
                    "Error: Plugin returned * when initialising.",
                    "Error: Authentication plugin returned * when initialising.",
                ],
                "A plugin was loaded and could not begin: mostly its file or option is wrong. The broker ends.",
            ),
            (
                &["Error: Plugin * produced error on reload: *"],
                "The plugin {1} did not take its file at a reload: {2}. The broker ends.",
            ),
            (&["*: Error: Unknown option '*'."], "The plugin does not know an option that it was given: {2}."),
            (
                &["Error: `persistence true` cannot be used with a persistence plugin."],
                "Two things want to keep the sessions: `persistence true` and a plugin. Take one out.",
            ),
            (
                &[
                    "Sqlite persistence: *",
                    "Error: Sqlite persistence: *",
                    "Warning: Sqlite persistence*",
                    "sqlite: Error *",
                ],
                "The plugin that keeps sessions in a database says: {1}.",
            ),
        ],
    },
    Known {
        code: "log-option-invalid",
        gravity: Gravity::Failed,
        hint: "mend the line whose place is told; a comment needs a line of its own",
        lines: &[
            (&["Error: Empty * in configuration.", "Error: Empty * config option."], "An option has no value: {1}."),
            (
                &["Error: Duplicate * in configuration.", "Error: Duplicate \"log_dest file\" value."],
                "The option stands twice, which 2.0 does not allow.",
            ),
            (
                &["Error: Both certfile and keyfile must be provided to enable a TLS listener."],
                "A listener has one of `certfile` and `keyfile`, and needs both.",
            ),
            (
                &[
                    "Error: cafile specified without certfile and keyfile.",
                    "Error: capath specified without certfile and keyfile.",
                ],
                "A listener has an authority for its clients, but no certificate of its own, so it would be plain.",
            ),
            (
                &["Error: Cannot use both certificate and * in a single listener."],
                "A listener has `certfile` and `psk_hint`; it can have one of them.",
            ),
            (
                &["Error: A listener with port 0 must provide a Unix socket path."],
                "`listener 0` needs the path of a socket.",
            ),
            (&["Error: Malformed UTF-8 in configuration."], "The configuration is not UTF-8."),
            (
                &[
                    "Error: Invalid * value (*).",
                    "Error: Invalid * value *",
                    "Error: Invalid * duration in configuration.",
                    "Error: Invalid mount_point *",
                    "Error: Invalid port *",
                ],
                "The value of {1} is not one that it can have. Yes and no are `true` and `false`, ports are 1 to \
                 65535.",
            ),
            (
                &[
                    "Error: * must be *",
                    "Error: * must not be *",
                    "Error: * cannot be *",
                    "Error: * value not a number.",
                    "Error: * value out of range.",
                    "Error: backoff cap *",
                    "Error: invalid TCP *",
                    "Error: UMASK_SET *",
                    "Error: Manual start_type not supported.",
                    "Error: Only * ports can be specified on the command line.",
                    "Error: Unknown option '*'.",
                    "Error: -* argument given, but no *",
                ],
                "The value is outside of what the option allows.",
            ),
            (
                &["Error found at *:*."],
                "The place, {1} line {2}, where the broker stopped to understand its configuration; the line above has \
                 the reason. At a start it ends here; at a reload it keeps its old settings, but has read passwords, \
                 ACL and certificates anew.",
            ),
        ],
    },
];
