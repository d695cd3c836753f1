//! A list with faults, disks and folders that cannot be written to, and archives as other programs read them.

use std::fs::File;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

use super::fleet_crashes::judge;
use super::fleet_crashes::template;
use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::may_use;
use crate::support::wait_for;

/// One round a password: these tests are not about hashes.
fn issue(sandbox: &Sandbox, args: &[&str]) -> Said {
    sandbox.mqsec(&[&["fleet", "issue", "devices.csv", "--iterations", "1", "--host", "broker.lan"], args].concat())
}

fn lines(said: &Value, which: &str) -> Vec<String> {
    let lines = said[which].as_array().unwrap().iter();
    lines.map(|told| format!("{}: {}", told["line"], told["what"].as_str().unwrap())).collect()
}

/// A disk in memory, until the end.
struct Disk<'a>(&'a Sandbox);

impl<'a> Disk<'a> {
    fn of(sandbox: &'a Sandbox, size: &str) -> Self {
        let disk = Self(sandbox);
        disk.mount(&format!("size={size},mode=755"), &["-t", "tmpfs", "none"]);
        disk
    }

    fn mount(&self, options: &str, args: &[&str]) {
        let output = Command::new("mount").args(args).args(["-o", options]).arg(&self.0.dir).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0.dir).status();
    }
}

#[test]
fn a_disk_that_fills_up_is_told_and_the_same_command_goes_on() {
    if !may_use("root") {
        return;
    }
    let template = template(2000);
    // folders take four pages a device and more, the archives a few hundred bytes a file
    let cases = [
        (&[][..], "12m", "ln -s ws/certs/client ../out"),
        (&["--out", "fleet.tar"], "4m", "mkdir ../out; tar -C ../out -xpf fleet.tar"),
        (&["--out", "fleet.zip"], "3m", "mkdir ../out; unzip -nq -d ../out fleet.zip"),
    ];
    for (out, size, unpack) in cases {
        let sandbox = Sandbox::new();
        let disk = Disk::of(&sandbox, size);
        sandbox.run("cp", &["-a", template.dir.join(".").to_str().unwrap(), "."]).ok();
        let [passwd, acl] = ["config/mosquitto.passwd", "config/mosquitto.acl"].map(|file| sandbox.read(file));
        let said = issue(&sandbox, out).fails(2, "disk-full");
        let told = |words: &str| assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
        told("devices are issued and noted; nothing half-written counts");
        told("hint: make room; see: df -h");
        told("hint: then go on: the same command again");
        // folders are noted every second, and the disk may be full before that; their rests are taken away
        let noted = if sandbox.has("certs/fleet.tsv") { sandbox.read("certs/fleet.tsv").lines().count() } else { 0 };
        assert!((noted > 0 || out.is_empty()) && noted < 2000, "{out:?}: {noted} devices before the disk was full");
        assert!(said.stderr.contains(&format!("{noted} devices are issued")), "{noted}: {}", said.stderr);
        assert_eq!(sandbox.read("certs/inventory.tsv").matches("\tclient\t").count(), noted);
        assert!(out.is_empty() || !sandbox.has(out[1]), "an archive without its end has its name");
        // the broker's files are replaced in the end
        assert_eq!((sandbox.read("config/mosquitto.passwd"), sandbox.read("config/mosquitto.acl")), (passwd, acl));
        // there is still no room
        issue(&sandbox, out).fails(2, "disk-full");
        disk.mount("remount,size=100m", &[]);
        let said = issue(&sandbox, out).ok();
        assert!(noted == 0 || said.stdout.contains("(2,000 with the interrupted run)"), "{said:?}");
        sandbox.run("sh", &["-c", unpack]).ok();
        judge(&format!("{out:?} on a disk of {size}"), &sandbox, "../out");
        assert!(sandbox.is_settled());
        sandbox.mqsec(&["list", "--check"]).ok();
    }
}

#[test]
fn a_place_that_cannot_be_written_to_is_told_before_anything_is_issued() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::as_user(1234, "2.1.2");
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.write("devices.csv", "name,password\na,generate\nb,\n");
    std::fs::create_dir(sandbox.base.join("theirs")).unwrap();
    sandbox.run("true", &[]).ok();
    let before = sandbox.snapshot();
    for out in ["../theirs/fleet.tar", "../theirs/fleet.zip", "../theirs/folder"] {
        let said = sandbox.mqsec(&["fleet", "issue", "devices.csv", "--out", out]).fails(2, "file-permission-denied");
        assert!(said.stderr.contains("hint: "), "{said:?}");
        assert_eq!(sandbox.snapshot(), before, "{out}");
        assert!(!sandbox.has(".mqsec/fleet/state.json"), "{out}");
    }
    sandbox.mqsec(&["fleet", "issue", "devices.csv"]).ok();
}

#[test]
fn an_archive_that_is_there_is_never_touched() {
    let sandbox = template(20);
    for out in ["fleet.tar", "fleet.zip", "fleet.tar.part"] {
        sandbox.write(out, "the only copy");
        let before = sandbox.snapshot();
        issue(&sandbox, &["--out", out.trim_end_matches(".part")]).fails(2, "fleet-output-exists");
        assert_eq!(sandbox.snapshot(), before, "{out}");
        assert!(!sandbox.has(".mqsec/fleet/state.json"));
        std::fs::remove_file(sandbox.dir.join(out)).unwrap();
    }
    issue(&sandbox, &["--out", "fleet.tar"]).ok();
    let archive = std::fs::read(sandbox.dir.join("fleet.tar")).unwrap();
    // the same command has nothing to do, and another list is refused
    assert_eq!(issue(&sandbox, &["--out", "fleet.tar", "--json"]).ok().json()["done"], 20);
    sandbox.write("devices.csv", "name\nanother\n");
    issue(&sandbox, &["--out", "fleet.tar"]).fails(2, "fleet-output-exists");
    assert_eq!(std::fs::read(sandbox.dir.join("fleet.tar")).unwrap(), archive);
}

#[test]
fn a_second_run_at_once_is_told() {
    let sandbox = template(20);
    let mut command = sandbox.command(binary());
    // it waits for the end of its list
    let first = command.args(["fleet", "issue", "-", "--iterations", "1"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut first = Running(first.stderr(Stdio::null()).spawn().unwrap());
    let lock = sandbox.dir.join(".mqsec/fleet/lock");
    wait_for("the first run's lock", || File::open(&lock).is_ok_and(|file| file.try_lock().is_err()));
    let said = issue(&sandbox, &[]).fails(2, "workspace-busy");
    assert!(said.stderr.contains("hint: "), "{said:?}");
    assert!(!sandbox.has("certs/fleet.tsv"));
    {
        use std::io::Write;
        first.0.stdin.take().unwrap().write_all(b"name\nmine\n").unwrap();
    }
    assert!(first.0.wait().unwrap().success());
    assert!(sandbox.has("certs/client/mine/mine.key"));
    assert_eq!(issue(&sandbox, &["--json"]).ok().json()["issued"], 20);
}

#[test]
fn a_reader_that_leaves_early_is_told_and_the_run_can_be_ended() {
    let sandbox = template(500);
    let program = binary().display();
    let script = format!(
        "{{ {program} fleet issue devices.csv --iterations 1 --host broker.lan --out - 2>said; echo $? >status; }} | head -c 1000 >/dev/null"
    );
    sandbox.run("sh", &["-c", &script]).ok();
    let said = sandbox.read("said");
    assert_eq!(sandbox.read("status"), "2\n", "{said}");
    assert!(said.contains("cannot write to `standard output`") && said.contains("hint: then go on"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(sandbox.has(".mqsec/fleet/state.json"));
    // what was written is lost: the run is ended, its devices are revoked, and issued anew
    sandbox.mqsec(&["fleet", "issue", "--finish"]).ok();
    let roster = std::fs::read_to_string(sandbox.dir.join("certs/fleet.tsv")).unwrap_or_default();
    let noted: Vec<&str> = roster.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    sandbox.write("lost", noted.join("\n"));
    if !noted.is_empty() {
        sandbox.mqsec(&["fleet", "revoke", "--from", "lost", "--yes"]).ok();
    }
    let said = issue(&sandbox, &["--out", "fleet.tar", "--reissue", "--json"]).ok().json();
    assert_eq!(said["issued"], 500, "{said:#}");
    sandbox.run("sh", &["-c", "mkdir ../out && tar -C ../out -xpf fleet.tar && [ $(ls ../out | wc -l) = 500 ]"]).ok();
    assert!(!sandbox.has(".mqsec/fleet/state.json"));
}

const MIXED: &str = "name,days,password,topics\n\
    good,30,generate,readwrite d/{name}/#\n\
    bad/name,30,,\n\
    late,0,,\n\
    fine,,,\n\
    good,40,,\n\
    wild,30,,readwrite d/#/x\n\
    last,30,hunter2,read d/{name}\n";

#[test]
fn bad_rows_are_told_by_line_and_the_others_are_issued() {
    let sandbox = template(1);
    sandbox.write("devices.csv", MIXED);
    let before = sandbox.snapshot();
    let said = issue(&sandbox, &["--strict", "--json"]).exits(1).json();
    assert_eq!((&said["bad"], said["issued"].as_u64().unwrap_or(0)), (&4.into(), 0), "{said:#}");
    assert_eq!(sandbox.snapshot(), before, "--strict started something");
    let said = issue(&sandbox, &["--json"]).exits(1).json();
    assert_eq!((&said["issued"], &said["bad"]), (&3.into(), &4.into()), "{said:#}");
    let bad = lines(&said, "bad_lines");
    let begins = ["3: ", "4: `days` is `0`", "6: the name `good` stands in line 2 already", "7: "];
    assert!(bad.len() == 4 && bad.iter().zip(begins).all(|(told, begin)| told.starts_with(begin)), "{bad:?}");
    for name in ["good", "fine", "last"] {
        assert!(sandbox.has(&format!("certs/client/{name}/{name}.key")), "{name}");
    }
    assert!(!sandbox.has("certs/client/late") && !sandbox.has("certs/client/wild"));
    // mended, the rest follows
    let mended = MIXED.replace("bad/name", "mended").replace("late,0", "late,9").replace("d/#/x", "d/x/#");
    sandbox.write("devices.csv", mended.replace("good,40,,\n", ""));
    let said = issue(&sandbox, &["--json"]).ok().json();
    assert_eq!((&said["issued"], &said["done"]), (&3.into(), &3.into()), "{said:#}");
}

#[test]
fn a_changed_row_is_kept_and_issued_anew_when_that_is_asked() {
    let sandbox = template(1);
    sandbox.write("devices.csv", "name,password,topics\na,first,readwrite old/a/#\nb,second,readwrite b/#\n");
    issue(&sandbox, &[]).ok();
    let files = ["certs/client/a/a.key", "certs/client/a/a.crt", "certs/client/a/a.login.json"];
    let old = files.map(|file| sandbox.read(file));
    let line = |user: &str| {
        let text = sandbox.read("config/mosquitto.passwd");
        text.lines().filter(|line| line.starts_with(&format!("{user}:"))).map(str::to_owned).collect::<Vec<_>>()
    };
    let (old_a, old_b) = (line("a"), line("b"));
    sandbox.write("devices.csv", "name,password,topics\na,third,readwrite new/a/#\nb,second,readwrite b/#\n");
    let before = sandbox.snapshot();
    let said = issue(&sandbox, &["--json"]).ok().json();
    assert_eq!([&said["issued"], &said["done"], &said["changed"]], [0, 1, 1], "{said:#}");
    assert!(lines(&said, "kept_lines")[0].starts_with("2: `a` was issued before, from a row that said something else"));
    assert_eq!(sandbox.snapshot(), before);
    let said = issue(&sandbox, &["--reissue", "--json"]).ok().json();
    assert_eq!([&said["issued"], &said["done"]], [1, 1], "{said:#}");
    let kept = std::fs::read_dir(sandbox.dir.join("certs/backup")).unwrap().next().unwrap().unwrap().path();
    for (file, old) in files.iter().zip(&old) {
        let name = file.strip_prefix("certs/client/a/").unwrap();
        assert_eq!(&std::fs::read_to_string(kept.join("client/a").join(name)).unwrap(), old);
        assert_ne!(&sandbox.read(file), old);
    }
    let (new_a, new_b) = (line("a"), line("b"));
    assert!(new_a.len() == 1 && new_a != old_a && new_b == old_b, "{new_a:?}");
    let acl = sandbox.read("config/mosquitto.acl");
    assert!(!acl.contains("old/a") && acl.matches("user a\n").count() == 1, "{acl}");
    assert!(
        acl.contains("user a\ntopic readwrite new/a/#\n") && acl.contains("user b\ntopic readwrite b/#\n"),
        "{acl}"
    );
    assert!(acl.contains("# mine\nuser admin\ntopic readwrite #\n"), "{acl}");
    assert_eq!(sandbox.read("certs/fleet.tsv").lines().filter(|line| line.starts_with("device\ta\t")).count(), 2);
}

#[test]
fn requests_of_the_devices_are_signed_and_no_key_is_made() {
    let sandbox = template(1);
    let names: Vec<String> = (1..=20).map(|at| format!("own-{at}")).collect();
    let script = "mkdir csr && while read name; do
        openssl ecparam -name prime256v1 -genkey -noout -out csr/$name.key &&
        openssl req -new -key csr/$name.key -subj \"/CN=$name\" -out csr/$name.csr || exit 1; done";
    let mut make = sandbox.command("sh");
    make.args(["-c", script]).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut make = make.spawn().unwrap();
    {
        use std::io::Write;
        make.stdin.take().unwrap().write_all((names.join("\n") + "\n").as_bytes()).unwrap();
    }
    assert!(make.wait().unwrap().success());
    sandbox.write("devices.csv", format!("name\n{}\nmissing\n", names.join("\n")));
    let fits = |name: &str, certificate: &str| {
        sandbox.run("openssl", &["verify", "-x509_strict", "-CAfile", "certs/ca.crt", certificate]).ok();
        let theirs = sandbox.run("openssl", &["pkey", "-in", &format!("csr/{name}.key"), "-pubout"]).ok().stdout;
        let signed = sandbox.run("openssl", &["x509", "-in", certificate, "-noout", "-pubkey", "-subject"]).ok();
        assert!(signed.stdout.contains(&theirs) && signed.stdout.contains(&format!("CN = {name}")), "{signed:?}");
    };
    let said = issue(&sandbox, &["--csr-dir", "csr", "--out", "public.jsonl", "--json"]).exits(1).json();
    assert_eq!((&said["issued"], &said["bad"]), (&20.into(), &1.into()), "{said:#}");
    assert!(lines(&said, "bad_lines")[0].starts_with("22: `csr/missing.csr` is not there"), "{said:#}");
    let text = sandbox.read("public.jsonl");
    assert!(text.lines().count() == 20 && !text.contains("PRIVATE KEY"));
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        sandbox.write("one.crt", value["certificate"].as_str().unwrap());
        fits(value["name"].as_str().unwrap(), "one.crt");
    }
    // another row for each
    sandbox.write(
        "devices.csv",
        format!("name,days\n{}\n", names.iter().map(|name| format!("{name},9\n")).collect::<String>()),
    );
    issue(&sandbox, &["--csr-dir", "csr", "--out", "folders", "--reissue"]).ok();
    for name in &names {
        fits(name, &format!("folders/{name}/{name}.crt"));
        assert!(!sandbox.has(&format!("folders/{name}/{name}.key")));
    }
}

/// Names that a hand writes, up to the 64 letters that a certificate has room for.
#[test]
fn archives_with_long_and_foreign_names_are_read_by_others() {
    let sandbox = template(1);
    let long = "ü".repeat(64);
    let names = [&long, &"x".repeat(64), "küche 1", "Schlafzimmer oben", "plain"];
    for (days, out) in [(8, "fleet.tar"), (9, "fleet.zip")] {
        let rows: Vec<String> = names.iter().map(|name| format!("{name},generate,{days}\n")).collect();
        sandbox.write("devices.csv", format!("name,password,days\n{}", rows.concat()));
        let said = issue(&sandbox, &["--out", out, "--reissue", "--json"]).ok().json();
        assert_eq!(said["issued"], names.len(), "{said:#}");
    }
    sandbox.run("sh", &["-c", "mkdir out && tar -C out -xpf fleet.tar && unzip -qt fleet.zip"]).ok();
    let script = "import json, os, stat, sys, tarfile, zipfile\n\
        found = {}\n\
        with tarfile.open('fleet.tar') as tar:\n\
        \tfor one in tar: found[one.name] = (one.mode & 0o777, tar.extractfile(one).read().decode())\n\
        zipped = {}\n\
        with zipfile.ZipFile('fleet.zip') as file:\n\
        \tassert file.testzip() is None\n\
        \tfor one in file.infolist(): zipped[one.filename] = (one.external_attr >> 16 & 0o777, file.read(one).decode())\n\
        gnu = {}\n\
        for top, _, files in os.walk('out'):\n\
        \tfor name in files:\n\
        \t\tpath = os.path.join(top, name)\n\
        \t\tgnu[os.path.relpath(path, 'out')] = (stat.S_IMODE(os.stat(path).st_mode), open(path).read())\n\
        assert found == gnu, 'GNU tar and Python read different things'\n\
        shape = lambda files: sorted((name, mode, text[:20]) for name, (mode, text) in files.items() if not name.endswith('.json'))\n\
        assert shape(found) == shape(zipped), 'the zip has other files'\n\
        print(json.dumps({name: mode for name, (mode, _) in found.items()}))\n";
    let said = sandbox.run("/usr/bin/python3", &["-c", script]).ok().json();
    assert_eq!(said.as_object().unwrap().len(), 4 * names.len(), "{said:#}");
    for name in names {
        for (end, mode) in [("key", 0o600), ("crt", 0o644), ("chain.crt", 0o644), ("login.json", 0o600)] {
            assert_eq!(said[format!("{name}/{name}.{end}")], mode, "{name}.{end} in {said:#}");
        }
        sandbox.run("openssl", &["verify", "-CAfile", "certs/ca.crt", &format!("out/{name}/{name}.crt")]).ok();
    }
    // and as folders, from a list of names alone
    sandbox.write("devices.csv", "name\nKüche zwei\nplain 2\n");
    issue(&sandbox, &[]).ok();
    assert!(sandbox.has("certs/client/Küche zwei/Küche zwei.key") && sandbox.has("certs/client/plain 2/plain 2.crt"));
}
