//! The files that the configurations name: certificates, keys, lists, passwords, rules; good ones and bad ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const OPENSSL: &str = r#"
set -e
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign
issue() { # name, options of the key
    eval "$2" > "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n' > ext
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 20 ${3:--sha256} -extfile ext -out "$1.crt"
}
issue p256 'openssl ecparam -name prime256v1 -genkey -noout'
issue other 'openssl ecparam -name prime256v1 -genkey -noout'
issue rsa 'openssl genrsa 2048'
issue rsa1024 'openssl genrsa 1024'
issue ed 'openssl genpkey -algorithm ed25519'
issue k1 'openssl ecparam -name secp256k1 -genkey -noout'
issue sha1rsa 'openssl genrsa 2048' -sha1
issue sha1 'openssl ecparam -name prime256v1 -genkey -noout' -sha1
openssl ecparam -name prime256v1 -genkey > params.key
openssl req -x509 -new -key params.key -subj /CN=params -days 9 -out params.crt
openssl req -x509 -new -sha1 -key p256.key -subj /CN=self -days 9 -out self1.crt
openssl req -x509 -new -key rsa.key -subj /CN=x -days 9 -out selfrsa.crt
cat p256.crt ca.crt > chain.crt
cat ca.crt p256.crt > reversed.crt
cat p256.key p256.crt > both.pem
openssl pkcs8 -topk8 -in p256.key -passout pass:secret -out encrypted.key
openssl rsa -aes128 -in rsa.key -passout pass:secret -traditional -out encrypted-old.key
openssl pkcs8 -topk8 -nocrypt -in p256.key -out pkcs8.key
openssl x509 -in p256.crt -outform DER -out p256.der
openssl ec -in p256.key -outform DER -out key.der
sed 's/$/\r/' p256.crt > crlf.crt
printf '\357\273\277' | cat - p256.crt > bom.crt
head -5 p256.crt > half.crt
sed '3s/./!/' p256.crt > broken.crt
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=9\n' > ca.conf
: > index; echo 01 > number
openssl ca -config ca.conf -gencrl -keyfile ca.key -cert ca.crt -out ca.crl
openssl crl -in ca.crl -outform DER -out crl.der
cat ca.crl ca.crl > two.crl
cat ca.crt ca.crl > ca-and-crl.pem
openssl dhparam -dsaparam -out dhsmall.pem 1024
openssl dhparam -dsaparam -out dh.pem 2048
openssl x509 -in p256.crt -text > text.crt
"#;

const FILES: &[(&str, &[u8])] = &[
    ("passwd", b"u:$7$1000$cGFzc3dvcmRzYWx0$AAAA\n"),
    ("passwd-ok", b"a:$7$101$8dEuTpBQWbwxxoVU$GNZLImvBSRaDqbx0A0Qrj0TzyI2Hn3hUyfAL+9ZGw7XuWnVo3hgTEZJUhEImcdXKzMdObgF24N2SkEfXGKC2bA==\n"),
    ("passwd-plain", b"a:secret\n"),
    ("passwd-nocolon", b"abc\n"),
    ("passwd-comment", b"# nothing\n\n"),
    ("empty", b""),
    ("acl-ok", b"# all\ntopic read $SYS/#\nuser a\ntopic readwrite #\npattern read %u/#\n"),
    ("acl-bad", b"user a\ntopics readwrite #\n"),
    ("acl-badtopic", b"topic read a#b\n"),
    ("acl-tab", b"topic\tread a\n"),
    ("psk-ok", b"me:0123abcd\n"),
    ("psk-bad", b"me:xyz\n"),
    ("psk-nokey", b"me:\n"),
    ("rubbish", b"this is no PEM at all\n"),
    ("inc/a.conf", b"max_queued_messages 5\n"),
    ("inc/z.txt", b"nonsense\n"),
    ("inclisten/b.conf", b"listener 1884\n"),
    ("inclisten/A.conf", b"listener 1885\nmax_connections 3\n"),
    ("incbad/a.conf", b"log_type all\nfoo bar\n"),
    ("incnested/a.conf", b"include_dir inc\n"),
    ("incfolder/x.conf/y", b""),
    ("incempty/.keep", b""),
    ("incdefault/a.conf", b"max_connections 3\n"),
    ("incbridge/a.conf", b"connection b\naddress localhost\ntopic #\n"),
    ("web/index.html", b"hello"),
    ("db/mosquitto.db", b"no database at all"),
    ("dbempty/mosquitto.db", b""),
    ("notelf.so", b"text"),
];

/// Everything once.
pub fn make(dir: &Path) {
    let made = Command::new("sh").args(["-c", OPENSSL]).current_dir(dir).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for (name, bytes) in FILES {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    std::os::unix::fs::symlink("passwd-ok", dir.join("passwd-link")).unwrap();
    std::os::unix::fs::symlink("acl-ok", dir.join("acl-link")).unwrap();
    std::os::unix::fs::symlink("p256.key", dir.join("link.key")).unwrap();
    for name in ["plugin-2.0.21.so", "plugin-2.1.2.so"] {
        let version = name.trim_start_matches("plugin-").trim_end_matches(".so");
        let root = crate::support::peers().join("brokers").join(version).join("usr/lib/x86_64-linux-gnu");
        let found = ["mosquitto/mosquitto_dynamic_security.so", "mosquitto_dynamic_security.so"];
        let plugin = found.iter().map(|name| root.join(name)).find(|path| path.exists()).unwrap();
        fs::copy(plugin, dir.join(name)).unwrap();
    }
    let plugins = crate::support::peers().join("brokers/2.1.2/usr/lib/x86_64-linux-gnu/mosquitto");
    for name in ["mosquitto_password_file.so", "mosquitto_acl_file.so"] {
        fs::copy(plugins.join(name), dir.join(name)).unwrap();
    }
}

/// A case's own folder with the files, where any user may read and write.
pub fn fill(dir: &Path, material: &Path) {
    fs::create_dir_all(dir).unwrap();
    for entry in fs::read_dir(material).unwrap().map(Result::unwrap) {
        // links, so that a folder costs nothing; the broker writes to none of them
        let (from, to) = (entry.path(), dir.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            fill(&to, &from);
        } else {
            fs::hard_link(&from, &to).unwrap();
        }
        if !entry.file_type().unwrap().is_symlink() {
            let mode = if entry.file_type().unwrap().is_dir() { 0o777 } else { 0o666 };
            fs::set_permissions(&to, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
}
