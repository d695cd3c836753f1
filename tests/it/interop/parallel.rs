//! Many at once in one folder: nothing is lost, nothing is there twice.

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;

/// Starts all, then waits for all.
fn at_once(sandbox: &Sandbox, commands: &[Vec<String>]) -> Vec<Said> {
    let children: Vec<_> = commands
        .iter()
        .map(|args| {
            let mut command = sandbox.command(binary());
            command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    children.into_iter().map(|child| Said::of(child.wait_with_output().unwrap())).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The serial numbers of all that was issued, by the inventory.
fn serials(sandbox: &Sandbox) -> Vec<String> {
    let text = sandbox.read("certs/inventory.tsv");
    let rows = text.lines().filter_map(|line| line.strip_prefix("issued\t"));
    rows.map(|row| row.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn fifty_at_once_get_fifty_certificates() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let commands: Vec<_> = (0..50).map(|n| words(&format!("client-cert device-{n}"))).collect();
    for said in at_once(&sandbox, &commands) {
        said.ok();
    }
    let serials = serials(&sandbox);
    assert_eq!(serials.len(), 51, "the authority and fifty");
    let distinct: BTreeSet<_> = serials.iter().collect();
    assert_eq!(distinct.len(), 51);
    for n in 0..50 {
        let file = format!("certs/client/device-{n}/device-{n}.crt");
        let said = sandbox.run("openssl", &["x509", "-in", &file, "-noout", "-serial"]).ok();
        let serial = said.stdout.trim().trim_start_matches("serial=");
        assert!(serials.iter().any(|one| one == serial), "{file}: {serial} is not in the inventory");
    }
    sandbox.mqsec(&["list", "--check"]).ok();
    sandbox.mqsec(&["verify"]).ok();
    assert_eq!(
        sandbox.mqsec(&["list", "--role", "client", "--json"]).ok().json()["certificates"].as_array().unwrap().len(),
        50
    );
}

#[test]
fn what_reads_and_what_writes_do_not_disturb_each_other() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let commands: Vec<_> = [
        "client-cert a",
        "client-cert a 30",
        "client-cert b",
        "client-cert b 60",
        "client-cert c",
        "broker-cert broker.lan",
        "broker-cert other.lan",
        "passwd add one --generate",
        "passwd add two --generate",
        "passwd add three --generate",
        "list",
        "list --json",
        "list --openssl",
        "list --rebuild",
        "list --rebuild",
        "metrics",
        "ca show",
        "client-cert d",
        "client-cert e",
        "client-cert f",
    ]
    .map(words)
    .to_vec();
    for (said, args) in at_once(&sandbox, &commands).into_iter().zip(&commands) {
        assert_eq!(said.status, 0, "{args:?}: {said:?}");
        assert!(!said.stderr.contains("inventory-damaged"), "{args:?} saw half a line: {said:?}");
    }
    let serials = serials(&sandbox);
    assert_eq!(serials.iter().collect::<BTreeSet<_>>().len(), serials.len());
    sandbox.mqsec(&["list", "--check"]).ok();
    sandbox.mqsec(&["verify"]).ok();
    let users = sandbox.mqsec(&["passwd", "list"]).ok().stdout;
    assert!(["one", "two", "three"].iter().all(|user| users.contains(user)), "{users}");
    assert!(sandbox.is_settled());
}
