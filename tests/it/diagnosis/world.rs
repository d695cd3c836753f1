//! A folder with an authority of OpenSSL, in which scripts make what is wrong, and mqsec and OpenSSL judge it.

use std::process::Child;
use std::process::Stdio;

use serde_json::Value;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::free_port;
use crate::support::wait_for;

/// Shell functions in front of every script: a key, a root, a certificate signed by another, a revocation list.
const TOOLS: &str = r#"
set -eu
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:${2:-P-256} -out $1.key; chmod 600 $1.key; }
root() {
    test -f $1.key || key $1
    openssl req -x509 -new -key $1.key -subj "$2" -days ${3:-1000} ${4:--addext keyUsage=critical,keyCertSign,cRLSign} -out $1.crt
}
sign() {
    name=$1 issuer=$2 subject=$3 extensions=$4; shift 4
    test -f $name.key || key $name
    openssl req -new -key $name.key -subj "$subject" -out $name.csr
    printf "$extensions\n" > $name.ext
    case $extensions in *CA:TRUE*) days=500 ;; *) days=100 ;; esac
    openssl x509 -req -in $name.csr -CA $issuer.crt -CAkey $issuer.key -set_serial 0x40$(openssl rand -hex 8) \
        -days $days -extfile $name.ext "$@" -out $name.crt 2> /dev/null
}
list() {
    name=$1 days=$2; shift 2
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=list.db\ncrlnumber=list.number\ndefault_md=sha256\ncrl_extensions=e\n[e]\n%s\n' \
        "${LIST-authorityKeyIdentifier=keyid}" > list.cnf
    : > list.db; rm -f list.db.attr; echo 01 > list.number
    for certificate in "$@"; do
        openssl ca -batch -config list.cnf -keyfile $name.key -cert $name.crt -revoke $certificate 2> /dev/null
    done
    openssl ca -config list.cnf -gencrl -keyfile $name.key -cert $name.crt -crlsec $((days * 86400 + 1)) -out $name.crl
}
SERVER='subjectAltName=DNS:b.lan,IP:10.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE'
CLIENT='extendedKeyUsage=clientAuth\nbasicConstraints=critical,CA:FALSE'
ISSUER='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign'
"#;

pub(super) struct World {
    pub(super) sandbox: Sandbox,
}

impl World {
    /// A folder in which a script has run; there is a root `ca` to begin with.
    pub(super) fn of(script: &str) -> Self {
        let world = Self { sandbox: Sandbox::new() };
        world.run(&format!("root ca '/CN=Home CA'\n{script}"));
        world
    }

    #[track_caller]
    pub(super) fn run(&self, script: &str) -> Said {
        self.sandbox.run("sh", &["-c", &format!("{TOOLS}{script}")]).ok()
    }

    /// What `verify --ca ca.crt` finds, the gravest first, and its exit status.
    #[track_caller]
    pub(super) fn codes(&self, args: &[&str]) -> (i32, Vec<String>) {
        let (said, value) = self.judge(args);
        let of = |finding: &Value| finding["code"].as_str().unwrap().to_owned();
        (said.status, value["findings"].as_array().unwrap().iter().map(of).collect())
    }

    #[track_caller]
    pub(super) fn judge(&self, args: &[&str]) -> (Said, Value) {
        let ca: &[&str] = if args.contains(&"--ca") { &[] } else { &["--ca", "ca.crt"] };
        let said = self.sandbox.mqsec(&[&["verify", "--json"], ca, args].concat());
        assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
        let value = said.json()["certificates"][0].clone();
        assert!(value.is_object(), "{said:?}");
        for finding in value["findings"].as_array().unwrap() {
            let place = format!("{args:?}: {finding}");
            assert!(finding["severity"] == "warning" || finding["hint"].is_string(), "no next step: {place}");
        }
        (said, value)
    }

    /// The one code that leads.
    #[track_caller]
    pub(super) fn leads(&self, args: &[&str], status: i32, code: &str) {
        let (found, codes) = self.codes(args);
        assert_eq!((found, codes.first().map_or("", String::as_str)), (status, code), "{args:?}: {codes:?}");
    }

    /// Nothing but this code.
    #[track_caller]
    pub(super) fn only(&self, args: &[&str], status: i32, code: &str) {
        let codes = if code.is_empty() { Vec::new() } else { vec![code.to_owned()] };
        assert_eq!(self.codes(args), (status, codes), "{args:?}");
    }

    /// Whether OpenSSL takes it, with these options.
    pub(super) fn openssl(&self, options: &[&str], file: &str) -> bool {
        let ca: &[&str] = if options.contains(&"-CAfile") { &[] } else { &["-CAfile", "ca.crt"] };
        self.sandbox.run("openssl", &[&["verify"], ca, options, &[file]].concat()).status == 0
    }
}

/// A listener of OpenSSL that ends with the test.
pub(super) struct Listener(Child, u16);

impl Listener {
    pub(super) fn start(world: &World, options: &str) -> Self {
        let port = free_port();
        let command = format!("exec openssl s_server -accept {port} -quiet {options}");
        let mut shell = world.sandbox.command("sh");
        shell.args(["-c", &command]).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::piped());
        let child = shell.spawn().unwrap();
        wait_for("openssl s_server", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self(child, port)
    }

    pub(super) fn at(&self, host: &str) -> String {
        format!("{host}:{}", self.1)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
