//! certbot, lego and acme.sh get the certificate; called as their hook, mqsec has the broker serve it.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::support::Said;
use crate::support::Sandbox;

const NAME: &str = "mqtt.example.com";

/// An authority as public ones are: root, intermediate, leaves; made by openssl, in `HOME/ca`.
struct Public<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> Public<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let script = r#"mkdir -p "$HOME/ca"; cd "$HOME/ca"
            authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 300 -subj "/CN=Public $1" \
                -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
                -keyout $1.key -out $1.crt "${@:2}"; }
            authority Root; authority Intermediate -CA Root.crt -CAkey Root.key"#;
        sandbox.run("bash", &["-ec", script]).ok();
        Self { sandbox }
    }

    /// A lineage as certbot keeps it: links in `live/` to numbered files.
    fn lineage(&self, name: &str, more: &str) -> String {
        let script = format!(
            r#"live="$HOME/live/{name}"; files="$HOME/archive/{name}"; mkdir -p "$live" "$files"; cd "$files"
            n=$(($(ls | wc -l) / 4 + 1)); from=20260101000000Z; to=; eku=serverAuth; names=DNS:{name}; {more}
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout privkey$n.pem -out /tmp/$$.csr
            printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=%s\n' "$eku" "$names" >/tmp/$$.ext
            openssl x509 -req -in /tmp/$$.csr -CA "$HOME/ca/Intermediate.crt" -CAkey "$HOME/ca/Intermediate.key" -days ${{days:-90}} -extfile /tmp/$$.ext -out cert$n.pem
            cp "$HOME/ca/Intermediate.crt" chain$n.pem; cat cert$n.pem chain$n.pem >fullchain$n.pem
            for file in privkey cert chain fullchain; do ln -sf "$files/$file$n.pem" "$live/$file.pem"; done; rm -f /tmp/$$.*; echo "$live""#
        );
        let said = self.sandbox.run("bash", &["-ec", &script]).ok();
        said.stdout.lines().last().unwrap().to_owned()
    }
}

fn hook(sandbox: &Sandbox, variables: &[(&str, &str)]) -> Said {
    let mut command = sandbox.command(crate::support::binary());
    command.args(["deploy-hook", "--json"]).envs(variables.iter().copied()).stdin(Stdio::null());
    // from wherever the program runs
    command.current_dir("/").env("MQSEC_DIR", &sandbox.dir);
    Said::of(command.output().unwrap())
}

/// Whether the broker shows this certificate.
fn serves(sandbox: &Sandbox, cert: &Path) -> bool {
    let script = "openssl s_client -connect 127.0.0.1:$0 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint";
    let served = sandbox.run("bash", &["-c", script, &sandbox.port.to_string()]).stdout;
    let file =
        sandbox.run("openssl", &["x509", "-noout", "-fingerprint", "-in", &cert.display().to_string()]).ok().stdout;
    !file.is_empty() && served == file
}

#[test]
fn certbots_lineage_is_installed_served_and_renewed() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = Sandbox::with_broker(version);
        let public = Public::new(&sandbox);
        sandbox.up_native(&["--profile", "password", NAME]).ok();
        let process = sandbox.read(".mqsec/broker.pid");
        let live = public.lineage(NAME, "");
        let renewed = [("RENEWED_LINEAGE", live.as_str()), ("RENEWED_DOMAINS", NAME)];
        let told = hook(&sandbox, &renewed).ok().json();
        assert_eq!(
            (&told["state"], &told["by"], &told["names"]),
            (&json!("installed"), &json!("certbot"), &json!([NAME]))
        );
        assert!(told["backup"].is_string());
        assert!(serves(&sandbox, &Path::new(&live).join("cert.pem")), "{version}");
        assert_eq!(sandbox.mode("certs/broker/broker.key"), 0o600);
        // a copy, no link: the broker's user could not follow
        assert!(fs::symlink_metadata(sandbox.dir.join("certs/broker/broker.key")).unwrap().is_file());
        if rustix::process::geteuid().is_root() {
            use std::os::unix::fs::MetadataExt;
            assert_eq!(fs::metadata(sandbox.dir.join("certs/broker/broker.key")).unwrap().uid(), 1883);
        }
        sandbox.mqsec(&["test-connect"]).ok();
        sandbox.mqsec(&["list", "--check"]).ok();
        let left = sandbox.mqsec(&["renew"]).ok().stdout;
        assert!(left.contains("certbot renews it"), "{left}");
        sandbox.up_native(&[]).ok();

        let before = sandbox.read("certs/broker/external.json");
        assert_eq!(hook(&sandbox, &renewed).ok().json()["state"], "same");
        assert_eq!(sandbox.read("certs/broker/external.json"), before);

        // sixty days later: the files behind the links are others
        public.lineage(NAME, "");
        assert_eq!(hook(&sandbox, &renewed).ok().json()["state"], "installed");
        assert!(serves(&sandbox, &Path::new(&live).join("cert.pem")), "{version}");
        assert_eq!(sandbox.read(".mqsec/broker.pid"), process, "the broker was restarted");
        sandbox.mqsec(&["broker-cert"]).ok();
        assert!(serves(&sandbox, &Path::new(&live).join("cert.pem")), "our own authority took it away");
    }
}

#[test]
fn every_programs_files_are_found_and_a_folder_without_certificates_gets_them() {
    let sandbox = Sandbox::new();
    let public = Public::new(&sandbox);
    let live = public.lineage(NAME, "");
    let file = |name: &str| format!("{live}/{name}.pem");
    let (full, cert, chain, key) = (file("fullchain"), file("cert"), file("chain"), file("privkey"));
    let installs = |by: &str, variables: &[(&str, &str)]| {
        // as a container that was made anew, with the lineage of the old one
        let _ = fs::remove_dir_all(sandbox.dir.join("certs"));
        let told = hook(&sandbox, variables).ok().json();
        assert_eq!((&told["state"], &told["by"]), (&json!("installed"), &json!(by)), "{variables:?}");
        assert_eq!(sandbox.read("certs/broker/broker.crt"), fs::read_to_string(&full).unwrap(), "{variables:?}");
        assert_eq!(sandbox.read("certs/broker/broker.key"), fs::read_to_string(&key).unwrap());
    };
    installs("certbot", &[("RENEWED_LINEAGE", &live), ("RENEWED_DOMAINS", NAME)]);
    installs("lego", &[("LEGO_CERT_PATH", &full), ("LEGO_CERT_KEY_PATH", &key), ("LEGO_CERT_DOMAIN", NAME)]);
    // a bundle that was not wanted, and a file that lego names without having written it
    installs("lego", &[("LEGO_CERT_PATH", &cert), ("LEGO_CERT_KEY_PATH", &key), ("LEGO_ISSUER_CERT_PATH", &chain)]);
    installs("lego", &[("LEGO_CERT_PATH", &full), ("LEGO_CERT_KEY_PATH", &key), ("LEGO_ISSUER_CERT_PATH", "/none")]);
    installs("lego", &[("LEGO_HOOK_CERT_PATH", &full), ("LEGO_HOOK_CERT_KEY_PATH", &key)]);
    let acme_sh =
        [("CERT_PATH", cert.as_str()), ("CERT_KEY_PATH", &key), ("CA_CERT_PATH", &chain), ("Le_Domain", NAME)];
    installs("acme.sh", &[&acme_sh[..], &[("CERT_FULLCHAIN_PATH", full.as_str())]].concat());
    installs("acme.sh", &acme_sh);

    for by_hand in [
        &["--from", &live][..],
        &["--cert", &full, "--key", &key],
        &["--cert", &cert, "--key", &key, "--chain", &chain],
    ] {
        let _ = fs::remove_dir_all(sandbox.dir.join("certs"));
        sandbox.mqsec(&[&["deploy-hook"], by_hand].concat()).ok();
        assert_eq!(sandbox.read("certs/broker/broker.crt"), fs::read_to_string(&full).unwrap(), "{by_hand:?}");
    }
    sandbox.mqsec(&["deploy-hook"]).fails(2, "deploy-no-files");
}

#[test]
fn what_a_broker_could_not_serve_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let public = Public::new(&sandbox);
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", NAME]).ok();
    sandbox.write(".env", format!("BROKER_CN={NAME}\nUSER_1=admin\nPASS_1=secret-1\n"));
    let live = public.lineage(NAME, "");
    let before = sandbox.snapshot();
    let refused = |code: &str, args: &[&str]| {
        sandbox.mqsec(&[&["deploy-hook"], args].concat()).fails(1, code);
        assert!(sandbox.snapshot() == before, "{code}");
    };
    let file = |live: &str, name: &str| format!("{live}/{name}.pem");
    let (full, cert, key) = (file(&live, "fullchain"), file(&live, "cert"), file(&live, "privkey"));
    let other = public.lineage("www.example.org", "");
    refused("key-mismatch", &["--cert", &full, "--key", &file(&other, "privkey")]);
    refused("deploy-other-names", &["--from", &other]);
    refused("chain-intermediate-missing", &["--cert", &cert, "--key", &key]);
    let encrypt =
        r#"openssl pkcs8 -topk8 -in "$0" -passout pass:secret -out "$HOME/encrypted.key"; echo "$HOME/encrypted.key""#;
    let encrypted = sandbox.run("bash", &["-ec", encrypt, &key]).ok().stdout;
    refused("key-encrypted", &["--cert", &full, "--key", encrypted.trim()]);
    refused(
        "certificate-expired",
        &["--from", &public.lineage("expired.example.com", "days=-1; names=DNS:mqtt.example.com")],
    );
    refused(
        "certificate-wrong-role",
        &["--from", &public.lineage("client.example.com", "eku=clientAuth; names=DNS:mqtt.example.com")],
    );
    // a wildcard serves the broker's name
    let wild = public.lineage("wild.example.com", "names='DNS:*.example.com'");
    sandbox.mqsec(&["deploy-hook", "--from", &wild]).ok();
    sandbox.mqsec(&["deploy-hook", "--from", &live]).ok();
}
