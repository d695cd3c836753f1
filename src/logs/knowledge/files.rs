//! Files other than certificates: passwords, ACL, dynamic security, logs, the database.

use super::Gravity;
use super::Known;

/// What these lines mean to a 2.0 that was told to reload.
pub(super) const RELOADED: &[Known] = &[
    Known {
        code: "log-acl-fail-open",
        gravity: Gravity::Open,
        hint: "mend the ACL file, then: mqsec restart",
        lines: &[(
            &["Error opening acl file \"*\"."],
            "The ACL file {1} was not taken at a reload, and Mosquitto 2.0 now runs without any ACL: every client may \
             read and write everything. (2.1 ends instead.)",
        )],
    },
    Known {
        code: "log-passwd-unreadable",
        gravity: Gravity::Failed,
        hint: "write the file, and start anew: mqsec passwd; mqsec restart",
        lines: &[(
            &["Error opening password file \"*\"."],
            "The password file {1} was not taken at a reload: Mosquitto 2.0 refuses every password from now on (with \
             `allow_anonymous true` it takes everybody, under any name), and has no ACL. (2.1 ends instead.)",
        )],
    },
];

pub(super) const KNOWN: &[Known] = &[
    Known {
        code: "log-passwd-unreadable",
        gravity: Gravity::Failed,
        hint: "see who may read it: ls -l config/; in the stock image it is user 1883. mqsec up sets it right",
        lines: &[
            (
                &["Error: Unable to open pwfile \"*\".", "password-file: Error: Unable to open pwfile \"*\"."],
                "The password (or PSK) file {1} is not there, the broker's user may not read it, or it is a symbolic \
                 link, which 2.1 does not follow. The log does not tell which. At a start the broker ends, at a reload \
                 only 2.1's.",
            ),
            (&["Error opening password file \"*\"."], "The password file {1} was not taken, for the reason above."),
        ],
    },
    Known {
        code: "passwd-line-unreadable",
        gravity: Gravity::Failed,
        hint: "see which users are right: mqsec passwd test; then: mqsec passwd set USER",
        lines: &[
            (
                &[
                    "Error: Invalid password hash type for user *, removing entry.",
                    "Error: Invalid password hash for user *, removing entry.",
                    "Error: Missing password hash for user *, removing entry.",
                    "Error: Invalid hash iterations for user *, removing entry.",
                    "Error: Unable to decode password for user *, removing entry.",
                ],
                "The user `{1}` has no hash that the broker reads (a password in clear, bcrypt, argon2id, a broken \
                 line), and cannot log in. 2.1 would not start with this file.",
            ),
            (
                &["Error: Unable to decode password salt for user *, removing entry."],
                "The hash of `{1}` has a salt of another length than 12 bytes, and 2.0 leaves the user out. So it is when \
                 mosquitto_passwd of 2.1 wrote it.",
            ),
            (
                &[
                    "password-file: Error: Unable to decode line in password file '*'.",
                    "password-file: Error: Empty username in password file '*'.",
                    "password-file: Error: Invalid line in password file '*'*",
                ],
                "A line of {1} has no hash that a broker reads, or no name. 2.1 ends, at a start and at a reload; it \
                 does not tell the line.",
            ),
            (&["Warning: * password file '*'*"], "A line of {2} is not `user:hash` and was left out."),
        ],
    },
    Known {
        code: "passwd-user-twice",
        gravity: Gravity::Failed,
        hint: "leave one line: mqsec passwd set USER",
        lines: &[(
            &[
                "password-file: Error: Duplicate user '*' in password file '*'.",
                "Error: Duplicate user '*' in password file '*'*",
            ],
            "The user `{1}` stands twice in {2}. 2.1 ends, at a start and at a reload; 2.0 takes the last line.",
        )],
    },
    Known {
        code: "log-psk-invalid",
        gravity: Gravity::Failed,
        hint: "a line of the file is IDENTITY:KEY, the key in hexadecimal",
        lines: &[(
            &[
                "Error: psk for identity \"*\" contains non-hexadecimal characters.",
                "Error: Empty psk for identity \"*\".",
                "Warning: Invalid line in psk file '*'*",
                "Error opening psk file \"*\".",
                "Error: Unable to set TLS PSK hint.",
            ],
            "The PSK file was not taken: a line is not IDENTITY:KEY with a key in hexadecimal, or it cannot be read. \
             The broker ends.",
        )],
    },
    Known {
        code: "log-acl-line-invalid",
        gravity: Gravity::Failed,
        hint: "mend the line: `user NAME`, `topic [read|write|readwrite|deny] FILTER`, one space, no comment behind it",
        lines: &[
            (
                &["Error: Invalid line in acl_file \"*\": *."],
                "The broker does not understand the line `{2}` of the ACL file {1}. It takes nothing of the file: at a \
                 start it ends; at a reload 2.1 ends and 2.0 runs on without any ACL.",
            ),
            (
                &["Error: Invalid topic access type \"*\" in acl_file \"*\"."],
                "`{1}` is no kind of access: it is read, write, readwrite or deny. A topic with a space in it needs one \
                 of them before it. At a start the broker ends; at a reload 2.1 ends and 2.0 runs on without any ACL.",
            ),
            (
                &["Error: Invalid ACL topic \"*\" in acl_file \"*\"."],
                "`{1}` is no filter: `#` only stands at the end, `+` and `#` fill a whole level. At a start the broker \
                 ends; at a reload 2.1 ends and 2.0 runs on without any ACL.",
            ),
            (
                &["Error: Empty topic in acl_file \"*\".", "Error: Missing username in acl_file \"*\"."],
                "A line of {1} ends behind its first word. At a start the broker ends; at a reload 2.1 ends and 2.0 runs \
                 on without any ACL.",
            ),
        ],
    },
    Known {
        code: "log-acl-unreadable",
        gravity: Gravity::Failed,
        hint: "see who may read it: ls -l config/; in the stock image it is user 1883",
        lines: &[
            (
                &["Error: Unable to open acl_file \"*\"."],
                "The ACL file {1} is not there, the broker's user may not read it, or it is a symbolic link, which 2.1 \
                 does not follow. At a start the broker ends; at a reload 2.1 ends and 2.0 runs on without any ACL.",
            ),
            (
                &["Error opening acl file \"*\"."],
                "The ACL file {1} was not taken, for the reason above. At a start the broker ends; at a reload 2.1 ends \
                 and 2.0 runs on without any ACL, open to everybody who may log in.",
            ),
        ],
    },
    Known {
        code: "log-acl-pattern",
        gravity: Gravity::Warning,
        hint: "use `topic` below a `user` line, if only some clients are meant",
        lines: &[(
            &["Warning: ACL pattern '*' does not contain '%c' or '%u'."],
            "The `pattern` line `{1}` has neither %c nor %u, so it holds for every client, whatever its name.",
        )],
    },
    Known {
        code: "log-dynsec-unreadable",
        gravity: Gravity::Failed,
        hint: "give the file to the broker's user: ls -l FILE; make one: mosquitto_ctrl dynsec init FILE admin",
        lines: &[
            (
                &["*Error loading Dynamic security plugin config: *"],
                "Dynamic security did not take its file: {2} The broker runs and refuses everybody.",
            ),
            (
                &["Warning: Dynamic security plugin has no plugin_opt_config_file defined. *"],
                "Dynamic security is loaded without a file, so it does nothing.",
            ),
            (
                &["Error: Unable to get initial password from '*', *", "Error: Not generating dynsec config, *"],
                "2.1 made no configuration, because the password that it was given cannot be used: the file is empty or \
                 unreadable, or the password has less than 12 characters. The broker runs and refuses everybody.",
            ),
        ],
    },
    Known {
        code: "log-plugin-failed",
        gravity: Gravity::Failed,
        hint: "leave one `plugin` line for it",
        lines: &[(
            &["*Error: Dynamic security plugin can *only be loaded once."],
            "The configuration loads dynamic security twice (with per_listener_settings: for two listeners). The broker \
             ends.",
        )],
    },
    Known {
        code: "log-file-permissions",
        gravity: Gravity::Warning,
        hint: "give the file to the broker's user, and to nobody else: chmod 600 FILE; mqsec up does it for its own",
        lines: &[
            (
                &["Warning: File * has world readable permissions. *"],
                "Every user of the machine can read {1}. Works today; later versions will not load it.",
            ),
            (
                &[
                    "Warning: File * owner is not *. Future versions *",
                    "Warning: File * group is not *. Future versions *",
                ],
                "{1} does not belong to the user (or group) as which the broker runs. Works today; later versions will \
                 not load it.",
            ),
            (&["To fix this, use `ch*"], "The broker's advice to the warning above. 0600 is enough."),
            (
                &["MOSQUITTO_UNSAFE_ALLOW_SYMLINKS is set, *"],
                "The broker follows symbolic links to its secret files, because the environment says so.",
            ),
        ],
    },
    Known {
        code: "log-log-not-written",
        gravity: Gravity::Warning,
        hint: "give its folder to the broker's user: mqsec up; in the stock image it is user 1883",
        lines: &[(
            &["Error: Unable to open log file * for writing.", "Error: Unable to open log file *"],
            "The broker cannot write its log {1}. It runs on, and from here on it logs nothing at all, to no other \
             place either.",
        )],
    },
    Known {
        code: "log-persistence-not-saved",
        gravity: Gravity::Failed,
        hint: "see the folder and the room on its disk: ls -ld data; df -h data; mqsec up sets the owner right",
        lines: &[(
            &["Error saving in-memory database, *", "Error during saving in-memory database *"],
            "Sessions and retained messages were not saved: {1}. They are lost when the broker ends.",
        )],
    },
    Known {
        code: "log-persistence-unreadable",
        gravity: Gravity::Failed,
        hint: "move the file away to start without what it keeps: mv data/mosquitto.db data/mosquitto.db.bad",
        lines: &[
            (
                &[
                    "Error: Unable to restore persistent database. Unrecognised file format.",
                    "Error: Incompatible database configuration *",
                    "Error: Unsupported persistent database format version *",
                    "Error: Couldn't open database.",
                ],
                "The database of sessions and retained messages is damaged, or of another version. The broker ends.",
            ),
            (
                &[
                    "Warning: Persistence *",
                    "Warning: Empty client entry found in persistence database*",
                    "Warning: Unsupported chunk * in persistent database file. *",
                ],
                "A part of the database is empty or damaged and was left out: sessions or retained messages are lost. \
                 A disk that was full leaves an empty file.",
            ),
        ],
    },
    Known {
        code: "log-dynsec-not-saved",
        gravity: Gravity::Failed,
        hint: "let the broker's user write the file's folder: ls -ld FOLDER",
        lines: &[(
            &["Error saving Dynamic security plugin config: *", "Error updating dynsec config file: *"],
            "A change of users or roles is in memory only, although it was answered as done: {1}. It is lost at the next \
             start.",
        )],
    },
    Known {
        code: "log-dynsec-generated",
        gravity: Gravity::Warning,
        hint: "take the passwords out of FILE.pw, remove it, and delete the user `democlient`",
        lines: &[(
            &["Dynamic security plugin config not found, *", "  Generated passwords are at *"],
            "2.1 made a configuration of its own. Unless it was given a password, FILE.pw has those of `admin` and of a \
             `democlient` who may read and write everything, in clear.",
        )],
    },
];
