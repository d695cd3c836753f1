//! The authority in this machine's stores: really in Debian's and Java's, in a name space where their folders are copies; elsewhere
//! by the commands that are printed.

use std::path::Path;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::may_use;
use crate::support::tell;

/// Runs a script in which the machine's stores are copies that end with it.
fn aside(sandbox: &Sandbox, script: &str) -> Said {
    let script = format!(
        "set -e
         for dir in /etc/ssl /usr/local/share; do
             copy=$HOME/copy$(echo $dir | tr / _); rm -rf $copy; cp -a $dir $copy; mount --bind $copy $dir
         done
         mkdir -p /usr/local/share/ca-certificates
         mqsec() {{ {} \"$@\"; }}
         {script}",
        binary().display()
    );
    sandbox.run("unshare", &["-m", "sh", "-c", &script])
}

#[test]
fn the_system_s_store_gets_it_and_gives_it_back() {
    if !may_use("root") {
        return;
    }
    if !Path::new("/usr/sbin/update-ca-certificates").exists() {
        return tell("SKIPPED for want of update-ca-certificates");
    }
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "broker.lan"]).ok();
    let script = "
        bundle=/etc/ssl/certs/ca-certificates.crt
        cp $bundle before
        mqsec trust status --system && exit 9
        mqsec trust install --system
        mqsec trust install --system
        mqsec trust status --system
        openssl verify certs/broker/broker.crt
        ls /usr/local/share/ca-certificates | grep mqsec- > names
        # another authority of this machine's, which mqsec leaves alone
        cp certs/ca.crt others.crt
        mqsec --dir ../home/other ca init > /dev/null
        mqsec --dir ../home/other trust install --system
        mqsec trust uninstall --system
        mqsec --dir ../home/other trust status --system
        openssl verify certs/broker/broker.crt && exit 8
        mqsec --dir ../home/other trust uninstall --system
        mqsec trust uninstall --system
        cmp before $bundle";
    let said = aside(&sandbox, script).ok();
    assert!(said.stdout.contains("installed; /etc/ssl/certs/ca-certificates.crt contains it"), "{said:?}");
    assert!(said.stdout.contains("certs/broker/broker.crt: OK"), "{said:?}");
    assert!(said.stderr.contains("can sign for every name"), "{said:?}");
    let names = sandbox.read("names");
    assert!(names.starts_with("mqsec-") && names.trim().ends_with(".crt") && names.lines().count() == 1, "{names}");
    // the machine itself is as it was
    let name = names.trim();
    assert!(!Path::new("/usr/local/share/ca-certificates").join(name).exists());
}

#[test]
fn an_authority_that_was_replaced_is_taken_out_too() {
    if !may_use("root") || !Path::new("/usr/sbin/update-ca-certificates").exists() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let script = "
        mqsec trust install --system
        mqsec ca init --force > /dev/null
        mqsec trust install --system
        ls /usr/local/share/ca-certificates | grep -c mqsec- || true
        mqsec trust uninstall --system
        ls /usr/local/share/ca-certificates | grep -c mqsec- || true";
    let said = aside(&sandbox, script).ok();
    let counts: Vec<&str> = said.stdout.lines().filter(|line| line.len() == 1).collect();
    assert_eq!(counts, ["2", "0"], "{said:?}");
}

#[test]
fn who_is_not_root_is_told_the_command() {
    if !may_use("root") || !Path::new("/usr/sbin/update-ca-certificates").exists() {
        return;
    }
    let sandbox = Sandbox::as_user(1500, "2.1.2");
    sandbox.mqsec(&["ca", "init"]).ok();
    let said = sandbox.mqsec(&["trust", "install", "--system"]).exits(1);
    assert!(said.stdout.contains("trust-needs-root") && said.stdout.contains("next: sudo mqsec"), "{said:?}");
    let told = sandbox.mqsec(&["trust", "install", "--system", "--json"]).exits(1).json();
    assert_eq!(told["stores"][0]["code"], "trust-needs-root");
}

#[test]
fn a_browser_s_database_gets_it_and_gives_it_back() {
    let sandbox = Sandbox::new();
    if !Path::new("/usr/bin/certutil").exists() {
        return tell("SKIPPED for want of certutil (libnss3-tools)");
    }
    sandbox.mqsec(&["ca", "init"]).ok();
    let folder = sandbox.base.join("home/.mozilla/firefox/abc.default");
    std::fs::create_dir_all(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    sandbox.run("certutil", &["-N", "--empty-password", "-d", &database]).ok();
    sandbox.mqsec(&["trust", "status", "--nss"]).exits(1);
    let said = sandbox.mqsec(&["trust", "install", "--nss"]).ok();
    assert!(said.stdout.contains("installed; certutil lists it"), "{said:?}");
    let listed = sandbox.run("certutil", &["-L", "-d", &database]).ok().stdout;
    assert!(listed.lines().any(|line| line.starts_with("mqsec-") && line.trim_end().ends_with("C,,")), "{listed}");
    sandbox.mqsec(&["trust", "status", "--user"]).ok();
    sandbox.mqsec(&["trust", "uninstall", "--nss"]).ok();
    assert!(!sandbox.run("certutil", &["-L", "-d", &database]).ok().stdout.contains("mqsec-"));
    sandbox.mqsec(&["trust", "uninstall", "--nss"]).ok();
}

#[test]
fn what_is_printed_names_each_system_s_own_commands() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let before = sandbox.snapshot();
    let print = |args: &[&str]| sandbox.mqsec(&[&["trust"], args, &["--print"]].concat()).ok().stdout;
    for (system, install, uninstall) in [
        ("debian", "sudo update-ca-certificates\n", "sudo update-ca-certificates --fresh\n"),
        ("alpine", "/usr/local/share/ca-certificates/mqsec-", "sudo rm /usr/local/share/ca-certificates/mqsec-"),
        ("fedora", "/etc/pki/ca-trust/source/anchors/mqsec-", "sudo update-ca-trust\n"),
        ("suse", "/etc/pki/trust/anchors/mqsec-", "sudo rm /etc/pki/trust/anchors/mqsec-"),
        ("arch", "/etc/ca-certificates/trust-source/anchors/mqsec-", "sudo update-ca-trust\n"),
        ("macos", "sudo security add-trusted-cert -d -r trustRoot -k", "sudo security delete-certificate -t -Z "),
        ("windows", "certutil -addstore -f Root ", "certutil -delstore Root "),
    ] {
        let text = print(&["install", "--system", "--for", system]);
        assert!(text.contains(install), "{system}: {text}");
        let text = print(&["uninstall", "--system", "--for", system]);
        assert!(text.contains(uninstall), "{system}: {text}");
        assert!(!print(&["status", "--system", "--for", system]).is_empty());
    }
    assert!(print(&["install", "--nss"]).contains("certutil -A -d sql:$HOME/.pki/nssdb -t C,, -n mqsec-"));
    assert!(print(&["install", "--java"]).contains("sudo keytool -importcert -noprompt -alias mqsec-"));
    assert_eq!(sandbox.snapshot(), before);
    sandbox.mqsec(&["--dir", "../home/none", "trust", "install", "--print"]).fails(2, "ca-missing");
}
