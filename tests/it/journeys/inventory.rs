//! What was issued is known: the table, openssl's index, Prometheus' metrics, and what happens to a damaged inventory.

use std::collections::BTreeMap;

use crate::support::Sandbox;
use crate::support::may_use;

const INVENTORY: &str = "certs/inventory.tsv";

/// An authority, a broker and two clients, one of them near its end and issued twice.
fn folder() -> Sandbox {
    let sandbox = Sandbox::new();
    for args in [
        &["ca", "init"][..],
        &["broker-cert", "broker.lan"],
        &["client-cert", "a"],
        &["client-cert", "a", "20"],
        &["client-cert", "b"],
    ] {
        sandbox.mqsec(args).ok();
    }
    sandbox
}

/// Revokes with openssl, with the index that mqsec prints, and puts its list in place.
fn revoke_with_openssl(sandbox: &Sandbox, file: &str, reason: &str) {
    let script = format!(
        "set -e; mkdir -p ../home/ca; mqsec list --openssl > ../home/ca/index.txt
         printf 'unique_subject = no\\n' > ../home/ca/index.txt.attr; echo 1000 > ../home/ca/crlnumber
         printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=../home/ca/index.txt\\ndefault_md=sha256\\ncrlnumber=../home/ca/crlnumber\\n\
         crl_extensions=e\\n[e]\\nauthorityKeyIdentifier=keyid:always\\n' > ../home/ca/ca.cnf
         openssl ca -config ../home/ca/ca.cnf -cert certs/ca.crt -keyfile certs/ca.key -revoke {file} -crl_reason {reason}
         openssl ca -config ../home/ca/ca.cnf -cert certs/ca.crt -keyfile certs/ca.key -gencrl -crldays 3000 -out certs/ca.crl"
    )
    .replace("mqsec", &crate::support::binary().display().to_string());
    sandbox.run("sh", &["-c", &script]).ok();
}

fn states(sandbox: &Sandbox, args: &[&str]) -> BTreeMap<String, String> {
    let told = sandbox.mqsec(&[&["list", "--json"], args].concat()).ok().json();
    let row = |row: &serde_json::Value| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        (format!("{}/{}", text("role"), text("name")), text("state"))
    };
    told["certificates"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_table_shows_the_newest_of_each_name() {
    let sandbox = folder();
    let said = sandbox.mqsec(&["list"]).ok().stdout;
    let rows: Vec<Vec<&str>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][0], "NAME");
    let names: Vec<&str> = rows[1..5].iter().map(|row| row[0]).collect();
    assert_eq!(names, ["mqsec", "broker.lan", "a", "b"], "{said}");
    assert!(rows[3].contains(&"expiring") && rows[4].contains(&"valid"), "{said}");
    assert!(said.contains("5 certificates issued: 3 valid, 1 expiring, 1 superseded"), "{said}");
    let expected = [
        ("authority/mqsec CA", "valid"),
        ("broker/broker.lan", "valid"),
        ("client/a", "expiring"),
        ("client/b", "valid"),
    ];
    assert_eq!(states(&sandbox, &[]), expected.map(|(name, state)| (name.to_owned(), state.to_owned())).into());
    let names = |args: &[&str]| states(&sandbox, args).into_keys().collect::<Vec<_>>();
    assert_eq!(names(&["--expiring", "30"]), ["client/a"]);
    assert_eq!(names(&["--expiring", "400"]), ["broker/broker.lan", "client/a", "client/b"]);
    assert_eq!(names(&["--role", "broker"]), ["broker/broker.lan"]);
    assert_eq!(names(&["*.lan"]), ["broker/broker.lan"]);
    assert!(names(&["--expired"]).is_empty() && names(&["--revoked"]).is_empty());
    let all = sandbox.mqsec(&["list", "a", "--role", "client", "--all", "--json"]).ok().json();
    let all = all["certificates"].as_array().unwrap().clone();
    assert_eq!(all.iter().map(|row| row["state"].as_str().unwrap()).collect::<Vec<_>>(), ["expiring", "superseded"]);
    // a serial number leads to its certificate
    let serial = all[1]["serial"].as_str().unwrap();
    let found = sandbox.mqsec(&["list", &serial[..8], "--all", "--json"]).ok().json();
    assert_eq!(found["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(found["certificates"][0]["serial"], serial);
    // what it says of a file is what openssl says
    let said = sandbox
        .run("openssl", &["x509", "-in", "certs/client/a/a.crt", "-noout", "-serial", "-fingerprint", "-sha256"])
        .ok();
    let hex = said.stdout.replace(':', "").to_lowercase();
    assert!(hex.contains(&all[0]["serial"].as_str().unwrap().to_lowercase()), "{hex}");
    assert!(hex.contains(all[0]["fingerprint_sha256"].as_str().unwrap()), "{hex}");
}

#[test]
fn an_empty_folder_is_told_as_such() {
    let sandbox = Sandbox::new();
    assert!(sandbox.mqsec(&["list"]).ok().stdout.contains("nothing was issued yet"));
    sandbox.mqsec(&["list", "--rebuild"]).ok();
    sandbox.mqsec(&["list", "--check"]).ok();
    assert_eq!(sandbox.mqsec(&["list", "--openssl"]).ok().stdout, "");
    assert_eq!(sandbox.mqsec(&["list", "--json"]).ok().json()["issued"], 0);
    sandbox.mqsec(&["metrics"]).ok();
}

#[test]
fn openssl_reads_the_index() {
    let sandbox = folder();
    for (name, reason) in [("b", "keyCompromise"), ("a", "superseded")] {
        revoke_with_openssl(&sandbox, &format!("certs/client/{name}/{name}.crt"), reason);
    }
    // the list in place counts, though the inventory does not know of it
    let revoked = states(&sandbox, &["--revoked"]);
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    let table = sandbox.mqsec(&["list", "b"]).ok().stdout;
    assert!(table.contains("revoked (keyCompromise, "), "{table}");
    let told = sandbox.mqsec(&["list", "b", "--role", "client", "--json"]).ok().json();
    let serial = told["certificates"][0]["serial"].as_str().unwrap();
    let index = sandbox.mqsec(&["list", "--openssl"]).ok().stdout;
    assert_eq!(index.lines().filter(|line| line.starts_with("R\t")).count(), 2, "{index}");
    sandbox.write("../home/ca/index.txt", &index);
    let said = sandbox.run("openssl", &["ca", "-config", "../home/ca/ca.cnf", "-status", serial]);
    assert!(said.stderr.contains(&format!("{serial}=Revoked (R)")), "{said:?}");
    // the inventory made anew has them too, with their reasons
    sandbox.mqsec(&["list", "--rebuild"]).ok();
    let text = sandbox.read(INVENTORY);
    assert_eq!(text.matches("\nrevoked\t").count(), 2, "{text}");
    assert!(text.contains("keyCompromise\n") && text.contains("superseded\n"), "{text}");
    sandbox.mqsec(&["list", "--check"]).ok();
}

/// One after the other, the ways in which an inventory is lost or broken.
#[test]
fn a_damaged_inventory_is_told_and_mended_without_a_loss() {
    let sandbox = folder();
    let good = sandbox.read(INVENTORY);
    let before = states(&sandbox, &[]);
    // cut short: what is added next does not glue to it
    sandbox.write(INVENTORY, &good[..good.len() - 10]);
    let said = sandbox.mqsec(&["list"]).ok();
    assert!(said.stderr.contains("inventory-damaged: line 5 (cut short)"), "{said:?}");
    sandbox.mqsec(&["list", "--check"]).exits(1);
    sandbox.mqsec(&["client-cert", "c"]).ok();
    let said = sandbox.mqsec(&["list"]).ok();
    assert!(said.stderr.contains("inventory-damaged: line 5 of"), "{said:?}");
    assert!(said.stdout.contains("  c "), "{said:?}");
    let said = sandbox.mqsec(&["list", "--rebuild", "--json"]).ok().json();
    assert_eq!((&said["issued"], &said["issued_added"], &said["lines_dropped"]), (&6.into(), &1.into(), &1.into()));
    assert!(sandbox.dir.join(said["backup"].as_str().unwrap()).exists());
    let said = sandbox.mqsec(&["list", "--check"]).ok();
    assert!(said.stdout.contains("agrees"), "{said:?}");
    let mut after = states(&sandbox, &[]);
    assert_eq!(after.remove("client/c").as_deref(), Some("valid"));
    assert_eq!(after, before);
    // complete: nothing to do
    assert_eq!(sandbox.mqsec(&["list", "--rebuild", "--json"]).ok().json()["changed"], false);
    // edited: the certificate itself says otherwise
    let text = sandbox.read(INVENTORY);
    let line = text.lines().find(|line| line.contains("\tb\t")).unwrap();
    let end = line.split('\t').nth(5).unwrap();
    sandbox.write(INVENTORY, text.replace(line, &line.replace(end, "2099-01-01T00:00:00Z")));
    let said = sandbox.mqsec(&["list", "--check"]).exits(1).stdout;
    assert!(said.contains("inventory-differs: its line of `certs/client/b/b.crt`"), "{said}");
    // a certificate that came from elsewhere into the place of ours
    sandbox.write(INVENTORY, &text);
    std::fs::copy(sandbox.dir.join("certs/client/c/c.crt"), sandbox.dir.join("certs/client/b/b.crt")).unwrap();
    let said = sandbox.mqsec(&["list", "--check"]).exits(1).stdout;
    assert!(said.contains("inventory-differs: `certs/client/b/b.crt` holds another certificate"), "{said}");
}

/// A folder that an earlier mqsec made has no inventory.
#[test]
fn a_folder_without_an_inventory_gets_one_with_the_next_certificate() {
    let sandbox = folder();
    let before = states(&sandbox, &[]);
    std::fs::remove_file(sandbox.dir.join(INVENTORY)).unwrap();
    let said = sandbox.mqsec(&["list"]).ok();
    assert!(said.stderr.contains("inventory-missing"), "{said:?}");
    assert_eq!(states(&sandbox, &[]), before);
    assert!(!sandbox.has(INVENTORY), "what only reads writes nothing");
    sandbox.mqsec(&["client-cert", "b", "100"]).ok();
    let said = sandbox.mqsec(&["list", "--check"]).ok();
    assert!(said.stdout.contains("6 certificates"), "{said:?}");
    assert_eq!(states(&sandbox, &[]), before);
    assert_eq!(sandbox.mode(INVENTORY), 0o600);
}

/// Where the line cannot be added, no certificate is issued: one that is not known could not be revoked by its name.
#[test]
fn without_its_line_no_certificate_is_issued() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::as_user(1500, "2.1.2");
    sandbox.mqsec(&["ca", "init"]).ok();
    let path = sandbox.dir.join(INVENTORY);
    std::os::unix::fs::chown(&path, Some(0), Some(0)).unwrap();
    let before = sandbox.snapshot();
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "file-permission-denied");
    assert_eq!(sandbox.snapshot(), before);
    // root, who works for the folder's owner, is not led elsewhere by a link of that owner's
    let target = sandbox.base.join("home/target");
    std::fs::write(&target, "root's own\n").unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let root = sandbox.seen_by_root();
    let said = root.mqsec(&["client-cert", "x"]).fails(2, "file-error");
    assert!(said.stderr.contains("symbolic link"), "{said:?}");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "root's own\n");
    assert!(!sandbox.has("certs/client/x/x.crt"));
    std::fs::remove_file(&path).unwrap();
    root.mqsec(&["client-cert", "x"]).ok();
    sandbox.mqsec(&["list", "--check"]).ok();
}

#[test]
fn a_thousand_clients_are_told_by_the_inventory() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "model"]).ok();
    let text = sandbox.read(INVENTORY);
    let row = text.lines().last().unwrap().to_owned();
    let serial = row.split('\t').nth(1).unwrap().to_owned();
    let rows =
        (0..1500).map(|n| row.replace(&serial, &format!("40{n:06}")).replace("model", &format!("device-{n}")) + "\n");
    sandbox.write(INVENTORY, text + &rows.collect::<String>());
    let said = sandbox.mqsec(&["status"]).exits(1);
    assert!(said.stdout.contains("and 1481 that end later: mqsec list"), "{said:?}");
    let told = sandbox.mqsec(&["list", "--role", "client", "--json"]).ok().json();
    assert_eq!(told["certificates"].as_array().unwrap().len(), 1501);
}

/// Prometheus' text format, read strictly: every sample belongs to the family above it.
#[test]
fn the_metrics_are_in_prometheus_form() {
    let sandbox = folder();
    revoke_with_openssl(&sandbox, "certs/client/b/b.crt", "keyCompromise");
    let text = sandbox.mqsec(&["metrics"]).ok().stdout;
    let samples = samples(&text);
    let value = |labels: &str| samples.get(labels).unwrap_or_else(|| panic!("no {labels} in {text}")).as_str();
    assert_eq!(value("mqsec_certificates{state=revoked}"), "1");
    assert_eq!(value("mqsec_certificates{state=superseded}"), "1");
    assert_eq!(value("mqsec_inventory_damaged_lines{}"), "0");
    let told = sandbox.mqsec(&["list", "--json"]).ok().json();
    for row in told["certificates"].as_array().unwrap() {
        let text = |key: &str| row[key].as_str().unwrap();
        let end = sandbox.run("date", &["-d", text("not_after"), "+%s"]).ok().stdout;
        let labels = match text("role") {
            "authority" => {
                format!("mqsec_authority_not_after_seconds{{name={},serial={}}}", text("name"), text("serial"))
            }
            role => format!(
                "mqsec_certificate_not_after_seconds{{name={},role={role},serial={}}}",
                text("name"),
                text("serial")
            ),
        };
        assert_eq!(value(&labels), end.trim(), "{labels}");
    }
    assert!(samples.keys().any(|key| key.starts_with("mqsec_crl_next_update_seconds{issuer=CN=mqsec CA,")), "{text}");
    assert!(samples.keys().any(|key| key.starts_with("mqsec_certificate_revoked{name=b,")), "{text}");
    // a name that would break out of its quotation marks
    sandbox.write(INVENTORY, sandbox.read(INVENTORY).replace("\tb\t", "\tq\"u\\\\o\\nte\t"));
    let text = sandbox.mqsec(&["metrics"]).ok().stdout;
    assert!(self::samples(&text).keys().any(|key| key.contains("{name=q\"u\\o\nte,role=client,")), "{text}");

    // for the collector: in one step, readable by it
    let said = sandbox.mqsec(&["metrics", "--out", "../home/mqsec.prom"]).ok();
    assert_eq!(said.stdout, "");
    assert_eq!(sandbox.mode("../home/mqsec.prom"), 0o644);
    assert!(sandbox.read("../home/mqsec.prom").contains("mqsec_run_timestamp_seconds "));
    sandbox.mqsec(&["metrics", "--out", "../home/none/mqsec.prom"]).fails(2, "file-not-found");
}

/// Values by name and labels, the labels unescaped.
fn samples(text: &str) -> BTreeMap<String, String> {
    assert!(text.ends_with('\n'));
    let mut found = BTreeMap::new();
    let mut family = String::new();
    let mut seen = Vec::new();
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|letter: char| letter.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split_once(' ').unwrap().0.to_owned();
            assert!(is_name(&family) && !seen.contains(&family), "{line}");
            seen.push(family.clone());
            continue;
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{family} gauge"));
            continue;
        }
        let (name, mut rest) = line.split_at(line.find(['{', ' ']).unwrap());
        assert_eq!(name, family, "{line}");
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                let (key, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
                assert!(is_name(key), "{line}");
                let (mut text, mut letters) = (String::new(), value.char_indices());
                let end = loop {
                    match letters.next().unwrap_or_else(|| panic!("{line}")) {
                        (at, '"') => break at,
                        (_, '\\') => text.push(match letters.next().unwrap().1 {
                            'n' => '\n',
                            other @ ('\\' | '"') => other,
                            other => panic!("\\{other} in {line}"),
                        }),
                        (_, letter) => text.push(letter),
                    }
                };
                labels.push(format!("{key}={text}"));
                rest = &value[end + 1..];
                match rest.strip_prefix(',') {
                    Some(more) => rest = more,
                    None => break,
                }
            }
            rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
        }
        let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<i64>().is_ok(), "{line}");
        let old = found.insert(format!("{name}{{{}}}", labels.join(",")), value.to_owned());
        assert!(old.is_none(), "twice: {line}");
    }
    found
}

#[test]
fn one_that_was_revoked_and_replaced_is_counted_as_revoked() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "a"]).ok();
    sandbox.mqsec(&["revoke", "a"]).ok();
    sandbox.mqsec(&["renew", "a", "--rekey"]).ok();
    let told = sandbox.mqsec(&["list"]).ok().stdout;
    assert!(told.contains("1 revoked") && !told.contains("superseded"), "{told}");
}
