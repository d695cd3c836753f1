//! Start and end: ports, users, the system's limits.

use super::Gravity;
use super::Known;

pub(super) const KNOWN: &[Known] = &[
    Known {
        code: "port-in-use",
        gravity: Gravity::Failed,
        hint: "see who has it: ss -ltnp; often a mosquitto of the system: sudo systemctl disable --now mosquitto",
        lines: &[(
            &["Error: Address already in use", "Error: Address in use", "Error binding unix socket: Address *in use"],
            "Another program, or another broker, listens on a port (or socket) of the configuration. The broker ends.",
        )],
    },
    Known {
        code: "port-not-permitted",
        gravity: Gravity::Failed,
        hint: "choose a port from 1024 on, as 8883; or with Docker publish it: ports: \"443:8883\"",
        lines: &[(
            &["If you are trying to bind to a privileged port (<1024)*"],
            "The broker runs as an ordinary user, who may not open a port below 1024. The broker ends.",
        )],
    },
    Known {
        code: "log-address-not-here",
        gravity: Gravity::Failed,
        hint: "see the machine's addresses: ip -brief address; leave the address out to listen on all",
        lines: &[
            (
                &["Error: Cannot assign requested address", "Error: Address not available"],
                "A `listener` names an address that this machine (or container) does not have. The broker ends; in \
                 local only mode without IPv6 it means ::1 and is harmless.",
            ),
            (&["Error creating listener: *."], "The address of a `listener` line cannot be resolved: {1}."),
            (
                &[
                    "Error: Interface * does not exist.",
                    "Warning: Interface * does not support *",
                    "* Interface address for * does not match *",
                ],
                "`bind_interface` names an interface that is not there, or that has no address of the listener's kind.",
            ),
        ],
    },
    Known {
        code: "log-listener-not-started",
        gravity: Gravity::Failed,
        hint: "look at the lines before this one, and at each `listener` of the configuration",
        lines: &[
            (
                &["Error: Unable to start any listening sockets, exiting."],
                "No listener could be opened. Debian's 2.0 also says so when all listeners are websockets; one plain \
                 listener beside them, as `listener 1883 127.0.0.1`, mends that.",
            ),
            (
                &["Error: Unable to create websockets listener on port *."],
                "The websockets listener on port {1} was not opened: the port is taken, or its certificate or \
                 `http_dir` cannot be used.",
            ),
            (
                &["Error: Unable to open http dir \"*\"."],
                "`http_dir` names the folder {1}, which is not there or may not be read.",
            ),
            (
                &["Unable to start http api listener*"],
                "2.1's HTTP listener was not opened: its port or address cannot be used.",
            ),
            (
                &[
                    "Error: Path to unix socket is too long \"*\".",
                    "Error binding unix socket: *",
                    "Error creating unix socket: *",
                    "Error listening to unix socket: *",
                ],
                "The unix socket of a listener was not made: {1}.",
            ),
        ],
    },
    Known {
        code: "log-local-only",
        gravity: Gravity::Refused,
        hint: "write a configuration with a listener: mqsec up",
        lines: &[
            (
                &["Starting in local only mode. *"],
                "The configuration has no `listener`, or none was read at all: the broker takes only clients of the same \
             machine (of the same container), and those without a password.",
            ),
            (
                &["*Using default config."],
                "The broker was started without a configuration file. In a container: nothing is mounted at \
             /mosquitto/config/mosquitto.conf.",
            ),
        ],
    },
    Known {
        code: "log-user-not-changed",
        gravity: Gravity::Failed,
        hint: "start it as the right user: in a compose file user: \"1883:1883\", which also goes with cap_drop: [ALL]",
        lines: &[
            (
                &["Error: Unable to drop privileges to '*' because this user does not exist."],
                "The broker was started as root and is told to run as `{1}`, a user that this system (or image) does \
                 not have. The broker ends.",
            ),
            (
                &["Warning: Unable to drop privileges to '*' because this user does not exist. *"],
                "There is no user `{1}`, so the broker runs as `nobody`. Files that belong to `{1}` are not readable to \
                 it.",
            ),
            (&["Error: Unable to drop privileges to 'nobody'."], "There is not even a user `nobody` to run as."),
            (
                &["Error: * not a valid ID '*'", "Error: * must not be less than *", "Error: * must not be negative"],
                "PUID and PGID must be numbers of a user and a group; {1} is none. The broker ends.",
            ),
            (
                &[
                    "Error setting groups whilst dropping privileges: *",
                    "Error setting gid whilst *",
                    "Error setting uid whilst *",
                ],
                "The broker was started as root, but may not become another user: the container lacks the capabilities \
             SETUID and SETGID. The broker ends.",
            ),
        ],
    },
    Known {
        code: "log-runs-as-root",
        gravity: Gravity::Warning,
        hint: "leave out `user root` (and PUID=0), or start it as an ordinary user",
        lines: &[(
            &["Warning: Mosquitto should not be run as root/administrator."],
            "The broker keeps root's rights while it talks to the network. A flaw in it would be a flaw of the whole \
             machine.",
        )],
    },
    Known {
        code: "log-entrypoint-chown",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[(
            &["chown: /mosquitto/*"],
            "The image's start script gives the files below /mosquitto to the broker's user, and could not for this \
             one: it is mounted read-only, as it should be.",
        )],
    },
    Known {
        code: "log-system-limit",
        gravity: Gravity::Failed,
        hint: "raise the limit: LimitNOFILE= of the service, or `ulimits: nofile` in the compose file",
        lines: &[
            (
                &["Unable to accept new connection, system socket count has been exceeded. *"],
                "The broker has as many connections as the system lets it have open files; nobody else gets in.",
            ),
            (
                &["Warning: Unable to increase maximum allowed connections. *"],
                "The system did not let the broker raise its limit of open files; it may end at 512 connections.",
            ),
            (
                &[
                    "Error in epoll *",
                    "Error in poll: *",
                    "Error in kqueue *",
                    "Error in fork: *",
                    "Error in setsid: *",
                    "Error whilst daemonising *",
                ],
                "The system refused the broker a basic service ({1}): a limit, a seccomp profile, or a kernel too old.",
            ),
        ],
    },
    Known {
        code: "log-pid-file",
        gravity: Gravity::Failed,
        hint: "leave out `pid_file`, which no service manager needs, or name a folder that the user may write",
        lines: &[(
            &["Error: Unable to write pid file."],
            "`pid_file` cannot be written by the broker's user. The broker ends.",
        )],
    },
    Known {
        code: "log-broker-ended",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[(
            &["mosquitto version * terminating"],
            "The broker ends: it was told to, by a person, a service manager or Docker, or a line above has the \
             reason.",
        )],
    },
    Known {
        code: "log-reloaded",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[(
            &["Reloading config."],
            "The broker was told to read its files again (SIGHUP). Passwords, ACL, certificate and CRL are new now; \
             listeners and plugins need a restart, and so does `cafile` where no `crlfile` is. 2.0 also forgets \
             `max_connections` and `max_qos` of its listeners here.",
        )],
    },
    Known {
        code: "log-reload-listeners",
        gravity: Gravity::Warning,
        hint: "mqsec restart",
        lines: &[(
            &["Error: It is not currently possible to add/remove listeners when reloading the config file."],
            "The configuration has other listeners than the running broker. It keeps the old ones and read nothing \
             that stands below this line.",
        )],
    },
];
