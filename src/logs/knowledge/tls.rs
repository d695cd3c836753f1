//! Certificates, keys, and TLS connections that fail.

use super::Gravity;
use super::Known;

pub(super) const KNOWN: &[Known] = &[
    Known {
        code: "log-tls-file-unusable",
        gravity: Gravity::Failed,
        hint: "look at the file: mqsec verify FILE; the broker's user must be able to read it: ls -l FILE",
        lines: &[
            (
                &["Error: Unable to load server certificate \"*\". Check certfile."],
                "The broker's certificate {1} cannot be used; the line below has the reason. At a start the broker ends, \
                 at a reload it keeps the old one.",
            ),
            (
                &["Error: Unable to load server key file \"*\". Check keyfile."],
                "The broker's key {1} cannot be used; the line below has the reason. At a start the broker ends. At a \
                 reload every new TLS connection may fail.",
            ),
            (
                &[
                    "Error: Unable to load CA certificates. Check *",
                    "Error: Unable to load CA certificates, check cafile *",
                ],
                "The authority for clients' certificates ({1}) cannot be used; the line below has the reason.",
            ),
            (
                &["Error: Unable to load certificate revocation file \"*\". Check crlfile."],
                "The revocation list {1} cannot be used: not there, not readable, empty, or not PEM. At a start the \
                 broker ends. At a reload 2.1 ends and 2.0 keeps the old list.",
            ),
            (
                &[
                    "Error: Unable to load CA certificates, check bridge_*",
                    "Error: Unable to load client certificate*",
                    "Error: Unable to load client key file*",
                ],
                "A file of a bridge's TLS cannot be used ({1}); the line below has the reason.",
            ),
            (&["Error loading dhparamfile \"*\"."], "{1} has no DH parameters; TLS needs none, take the option out."),
        ],
    },
    Known {
        code: "key-mismatch",
        gravity: Gravity::Failed,
        hint: "issue a pair that fits: mqsec broker-cert; then: mqsec up",
        lines: &[(
            &["Error: Server certificate/key are inconsistent.", "Error: Client certificate/key are inconsistent."],
            "The key does not belong to the certificate.",
        )],
    },
    Known {
        code: "key-encrypted",
        gravity: Gravity::Failed,
        hint: "take the pass phrase off: openssl pkey -in KEY -out NEW",
        lines: &[(
            &["Enter PEM pass phrase:*"],
            "The broker's key is encrypted, and there is nobody to type its pass phrase. The broker ends.",
        )],
    },
    Known {
        code: "log-reload-certificate",
        gravity: Gravity::Failed,
        hint: "see what is wrong: mqsec verify broker; then: mqsec up",
        lines: &[(
            &["Error when reloading certificate '*' or key '*'."],
            "The new certificate {1} was not taken at a reload, for the reason in the lines above. If only the key did \
             not fit, every new TLS connection fails until it is mended; with `crlfile` 2.1 ends.",
        )],
    },
    Known {
        code: "log-tls-option-invalid",
        gravity: Gravity::Failed,
        hint: "leave `ciphers` out and set `tls_version tlsv1.2`",
        lines: &[
            (
                &["Error: Unsupported tls_version \"*\".", "Error: Protocol * not supported."],
                "`{1}` is no TLS version that this broker has: it is tlsv1.2 or tlsv1.3, in small letters. The broker \
                 ends.",
            ),
            (&["Error: Unable to set TLS *"], "OpenSSL knows none of the named ciphers. The broker ends."),
            (
                &[
                    "Error: Unable to create TLS context.",
                    "Error: Unable to obtain TLS store.",
                    "Error loading * engine*",
                    "Failed engine initialisation*",
                    "Error: Unable to set engine *",
                    "Error: Unable to * engine private key file *",
                ],
                "OpenSSL could not be set up as the configuration asks.",
            ),
        ],
    },
    Known {
        code: "log-tls-keys-logged",
        gravity: Gravity::Open,
        hint: "start the broker without --tls-keylog, and remove the file",
        lines: &[(
            &["TLS key logging *"],
            "The broker writes the keys of every TLS connection to a file: who has it can read all that is sent.",
        )],
    },
    Known {
        code: "log-tls-failed",
        gravity: Gravity::Refused,
        hint: "see whether TLS works here: mqsec test-connect",
        lines: &[(
            &["Client * disconnected: Protocol error.", "Client * disconnected: Success."],
            "A TLS connection failed; the line above this one, `OpenSSL Error`, has the reason.",
        )],
    },
];

/// Reasons, as OpenSSL 1.1 to 3 and LibreSSL write them.
pub(super) const REASONS: &[Known] = &[
    Known {
        code: "log-certificate-verify-failed",
        gravity: Gravity::Refused,
        hint: "which of them it is: mqsec verify CLIENT, and: mqsec test-connect --client CLIENT",
        lines: &[(
            &["certificate verify failed"],
            "A client's certificate was refused: expired, not yet valid, revoked, of another authority, too weak, or \
             not a client's; or the broker's revocation list is over or lacks that authority, and then every client \
             is refused. The log writes the same for all of them. (For a bridge it is the remote broker's certificate, \
             and the bridge that refuses it.)",
        )],
    },
    Known {
        code: "tls-client-certificate-missing",
        gravity: Gravity::Refused,
        hint: "make one and give it to the client: mqsec client-cert NAME",
        lines: &[(
            &["peer did not return a certificate"],
            "A client came without a certificate, and the listener has `require_certificate true`. A browser or a \
             health check does this too.",
        )],
    },
    Known {
        code: "log-client-refuses-broker",
        gravity: Gravity::Refused,
        hint: "see what clients see: mqsec verify broker, and: mqsec test-connect --host NAME-THAT-THE-CLIENT-DIALS",
        lines: &[
            (
                &["*alert unknown ca", "*alert decrypt error"],
                "A client refuses the broker: it does not have the authority of the broker's certificate (or has \
                 another one of the same name). Give it certs/ca.crt.",
            ),
            (
                &["*alert bad certificate"],
                "A client refuses the broker's certificate: mostly the name or address that it dialled is not in it.",
            ),
            (
                &["*alert certificate expired"],
                "A client says that the broker's certificate is over, or not yet valid: look at it, and at the \
                 client's clock.",
            ),
            (
                &[
                    "*alert certificate unknown",
                    "*alert unsupported certificate",
                    "*alert certificate revoked",
                    "*alert no certificate",
                    "*alert access denied",
                ],
                "A client refuses the broker's certificate: unknown authority, wrong name, wrong kind, over, or the \
                 client does not say why. Browsers and Java write this for all of them.",
            ),
        ],
    },
    Known {
        code: "plain-to-tls-port",
        gravity: Gravity::Refused,
        hint: "let the client use TLS; see what works: mqsec test-connect",
        lines: &[(
            &["wrong version number", "packet length too long", "record layer failure", "unknown protocol"],
            "Somebody spoke something else than TLS to a TLS port: mostly a client that was told the TLS port without \
             TLS.",
        )],
    },
    Known {
        code: "log-http-to-tls-port",
        gravity: Gravity::Refused,
        hint: "point it at an address with https:// or wss://, or away from this port",
        lines: &[(
            &["http request", "https proxy request"],
            "Somebody spoke plain HTTP to a TLS port: a browser, a health check, a proxy or a scanner.",
        )],
    },
    Known {
        code: "tls-version-refused",
        gravity: Gravity::Refused,
        hint: "bring the client's TLS library to 1.2 or newer; see: mqsec test-connect --tls 1.2",
        lines: &[(
            &[
                "unsupported protocol",
                "version too low",
                "*alert protocol version",
                "no protocols available",
                "inappropriate fallback",
            ],
            "A client and the listener have no TLS version in common: the client is too old, or `tls_version` asks for \
             more than it has.",
        )],
    },
    Known {
        code: "log-no-shared-cipher",
        gravity: Gravity::Refused,
        hint: "see whether it fails for all: mqsec test-connect; then: mqsec verify broker, mqsec restart",
        lines: &[(
            &[
                "no shared cipher",
                "no suitable signature algorithm",
                "no suitable key share",
                "*alert handshake failure",
                "no shared signature algorithms",
                "*alert insufficient security",
                "no ciphers available",
            ],
            "A client and the broker have no cipher in common: an old client, a certificate of a kind that it cannot \
             use (as Ed25519), or `ciphers` allows too little. If it began with a reload and holds for all, the broker's \
             key does not belong to its certificate.",
        )],
    },
    Known {
        code: "log-connection-dropped",
        gravity: Gravity::Harmless,
        hint: "",
        lines: &[(
            &["unexpected eof while reading", "*alert close notify", "*alert user cancelled", "uninitialized"],
            "The other side closed the connection without ending TLS first. Most clients do so, and every check \
             whether the port is open.",
        )],
    },
    Known {
        code: "key-mismatch",
        gravity: Gravity::Failed,
        hint: "issue a pair that fits: mqsec broker-cert; then: mqsec up",
        lines: &[(
            &["key values mismatch", "key type mismatch"],
            "The key does not belong to the certificate (or the certificate is not the first one of its file).",
        )],
    },
    Known {
        code: "key-encrypted",
        gravity: Gravity::Failed,
        hint: "take the pass phrase off: openssl pkey -in KEY -out NEW",
        lines: &[(
            &[
                "problems getting password",
                "bad password read",
                "bad decrypt",
                "processing error",
                "interrupted or cancelled",
                "maybe wrong password",
            ],
            "The key is encrypted, and there is nobody to type its pass phrase.",
        )],
    },
    Known {
        code: "log-tls-file-unusable",
        gravity: Gravity::Failed,
        hint: "look at the file: mqsec verify FILE; the broker's user must be able to read it: ls -l FILE",
        lines: &[
            (
                &["No such file or directory", "no such file"],
                "The file of the line above is not there. A path is taken from where the broker starts.",
            ),
            (
                &["Permission denied"],
                "The broker's user may not read the file of the line above. It gives up root's rights before it reads \
                 keys.",
            ),
            (
                &[
                    "no start line",
                    "no certificate or crl found",
                    "no crl found",
                    "no certificate found",
                    "unsupported",
                    "bad base64 decode",
                    "bad end line",
                    "wrong tag",
                    "not enough data",
                    "header too long",
                    "nested asn1 error",
                    "short header",
                    "bad object header",
                    "no matching chain found",
                ],
                "The file of the line above is not what it should be: empty, cut off, DER in place of PEM, or another \
                 kind of PEM.",
            ),
        ],
    },
    Known {
        code: "certificate-weak-key",
        gravity: Gravity::Failed,
        hint: "issue a new one: mqsec broker-cert --key-type p256",
        lines: &[(
            &["ee key too small", "ca key too small", "dh key too small", "key size too small"],
            "The key of a certificate is too short: RSA needs 2048 bits.",
        )],
    },
    Known {
        code: "certificate-weak-signature",
        gravity: Gravity::Failed,
        hint: "issue a new one: mqsec broker-cert --key-type p256",
        lines: &[(
            &["ca md too weak", "md too weak"],
            "A certificate is signed with SHA-1 or MD5, which OpenSSL no longer takes.",
        )],
    },
    Known {
        code: "log-tls-failed",
        gravity: Gravity::Refused,
        hint: "see whether TLS works here: mqsec test-connect",
        lines: &[(
            &[
                "*alert *",
                "bad *",
                "decryption failed*",
                "digest check failed",
                "length mismatch",
                "unexpected message",
                "internal error",
                "tlsv* *",
                "*renegotiation*",
                "data length too long",
                "excessive message size",
                "psk identity not found",
                "binder does not verify",
                "application data *",
            ],
            "A TLS connection failed for the reason that the line ends with: the other side is at fault, or a scanner \
             tries what the port takes.",
        )],
    },
];
