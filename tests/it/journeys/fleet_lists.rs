//! A list is held to everything before anything is issued, and whoever wrote it learns of each wrong line.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;

fn check(sandbox: &Sandbox, list: &str, args: &[&str]) -> Said {
    sandbox.mqsec(&[&["fleet", "issue", list, "--dry-run"], args].concat())
}

/// The same from standard input, whatever the bytes are.
fn check_input(sandbox: &Sandbox, list: &str, input: &[u8]) -> Said {
    let mut command = sandbox.command(binary());
    command.args(["fleet", "issue", list, "--dry-run", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // a program that ends without reading is told by its status, not by this pipe
    let _ = child.stdin.take().unwrap().write_all(input);
    Said::of(child.wait_with_output().unwrap())
}

/// Each told line, as `NUMBER: WHAT`.
fn lines(said: &Value, which: &str) -> Vec<String> {
    let lines = said[which].as_array().unwrap().iter();
    lines.map(|told| format!("{}: {}", told["line"], told["what"].as_str().unwrap())).collect()
}

fn counts(said: &Value) -> [u64; 6] {
    ["devices", "new", "done", "changed", "taken", "bad"].map(|name| said[name].as_u64().unwrap())
}

#[test]
fn the_last_line_of_a_long_list_is_wrong() {
    let sandbox = Sandbox::new();
    let mut list = "name,days,topics\r\n".to_owned();
    for at in 0..20_000 {
        list.push_str(&format!("sensor-{at},{},\"write s/{{name}}/#;read c/{{name}}\"\r\n", at % 900 + 1));
    }
    list.push_str("sensor-20000,4000000,");
    sandbox.write("devices.csv", &list);
    let before = sandbox.snapshot();
    let said = check(&sandbox, "devices.csv", &["--json"]).exits(1).json();
    assert_eq!(counts(&said), [20_001, 20_000, 0, 0, 0, 1]);
    assert_eq!(lines(&said, "bad_lines"), ["20002: `days` is `4000000`: a whole number from 1 to 36500 belongs there"]);
    assert_eq!(said["would_write"]["topics"], 40_000);
    let said = check(&sandbox, "devices.csv", &["--strict"]).exits(1);
    assert!(said.stdout.contains("  line 20002: `days` is `4000000`"), "{said:?}");
    // a check leaves nothing behind
    assert_eq!(sandbox.snapshot(), before);
    assert!(!sandbox.has(".mqsec"));
    sandbox.write("devices.csv", list.replace("4000000", "400"));
    let said = check(&sandbox, "devices.csv", &[]).ok();
    assert!(said.stdout.contains("would be written: 20001 keys with a certificate, 40000 topics for 20000 devices"));
}

#[test]
fn every_way_to_write_a_list_is_the_same_list() {
    let sandbox = Sandbox::new();
    let list = "name;days;topics\r\nküche;90;\"read a;write b\"\r\nstube;0;\r\n\"flur;;\r\nbad😀;1\r\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| list.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
    let with = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    let forms: [(&str, Vec<u8>); 8] = [
        ("crlf", list.as_bytes().to_vec()),
        ("newline", list.replace('\r', "").into_bytes()),
        ("return", list.replace('\n', "").into_bytes()),
        ("mark", with(b"\xef\xbb\xbf", list.as_bytes())),
        ("utf-16 le, as Excel writes it", with(b"\xff\xfe", &little)),
        ("utf-16 be", with(b"\xfe\xff", &big)),
        ("le without a mark", little),
        ("be without a mark", big),
    ];
    for (name, bytes) in forms {
        sandbox.write("list", &bytes);
        let file = check(&sandbox, "list", &["--json"]).exits(1).json();
        assert_eq!(counts(&file), [4, 1, 0, 0, 0, 3], "{name}");
        let told = lines(&file, "bad_lines");
        let begins = ["3: `days` is `0`", "4: a quotation mark is opened", "5: 2 cells where the list has 3 columns"];
        assert!(told.iter().zip(begins).all(|(told, begin)| told.starts_with(begin)), "{name}: {told:?}");
        for from in ["-", "/dev/stdin"] {
            let mut piped = check_input(&sandbox, from, &bytes).exits(1).json();
            assert_eq!(piped["list"], if from == "-" { "standard input" } else { from });
            piped["list"] = "list".into();
            assert_eq!(piped, file, "{name} from {from}");
        }
    }
    // what was kept for a second look is gone
    assert!(!sandbox.has(".mqsec/fleet"));
    let jsonl = "{\"name\":\"a\",\"names\":[\"a.lan\"],\"topics\":[\"read a;b\"]}\n\n{\"name\":\"b\",\"days\":0}\n";
    let said = check_input(&sandbox, "-", jsonl.as_bytes()).exits(1).json();
    assert_eq!(lines(&said, "bad_lines"), ["3: `days` is `0`: a whole number from 1 to 36500 belongs there"]);
}

#[test]
fn who_is_known_already_is_kept_and_told() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    for args in [&["client-cert", "old"][..], &["client-cert", "gone"], &["revoke", "gone", "--yes"]] {
        sandbox.mqsec(args).ok();
    }
    sandbox.write("config/mosquitto.passwd", "operator:$7$x\n");
    // a device of an earlier list, whose row was another
    sandbox.write("certs/fleet.tsv", "device\tearlier\t\tp256\t90\t\t\t\t0123456789abcdef\n");
    let list = "name,user,password\nnew,,\nold,,\ngone,,\nearlier,,\nx,operator,y\nnew,,\nold,,\nz,u,1\nzz,u,2\n";
    sandbox.write("list", list);
    let before = sandbox.snapshot();
    let said = check(&sandbox, "list", &["--json"]).exits(1).json();
    assert_eq!(counts(&said), [9, 3, 0, 1, 2, 3]);
    let (bad, kept) = (lines(&said, "bad_lines"), lines(&said, "kept_lines"));
    let expected = [
        "7: the name `new` stands in line 2 already",
        "8: the name `old` stands in line 3 already",
        "10: the user `u` of `zz` is given a password in line 9 already",
    ];
    assert_eq!(bad, expected);
    let why: Vec<&str> =
        said["kept_lines"].as_array().unwrap().iter().map(|told| told["why"].as_str().unwrap()).collect();
    assert_eq!(why, ["taken", "changed", "taken"]);
    assert!(kept[0].starts_with("3: `old` has a certificate that was not issued from a list"), "{kept:?}");
    assert!(kept[1].starts_with("5: `earlier` was issued before, from a row that said something else"), "{kept:?}");
    assert!(kept[2].starts_with("6: the user `operator` of `x` has a password already"), "{kept:?}");
    let said = check(&sandbox, "list", &["--json", "--reissue"]).exits(1).json();
    assert_eq!((counts(&said), lines(&said, "kept_lines").len()), ([9, 6, 0, 0, 0, 3], 0));
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn passwords_are_never_told() {
    let sandbox = Sandbox::new();
    let csv = "name,password,days\na,Tr0ub4dor,0\nb, Tr0ub4dor,1\nc,Tr0ub\t4dor,1\n\"d,Tr0ub4dor,1\ne,\"Tr0ub4dor\"x,1\nTr0u/b,Tr0ub4dor:x,1\nf,Tr0ub4dor,1,Tr0ub4dor\ng,Tr0ub4dor\nh,Tr0ub4dor:y,1\n";
    let json = "{\"name\":\"a\",\"password\":\"Tr0ub4dor\n{\"name\":\"a\",\"password\":[\"Tr0ub4dor\"]}\n\"Tr0ub4dor\"\n{\"name\":\"b\",\"password\":\"Tr0ub\\u00004dor\"}\n{\"name\":\"c\",\"password\":{\"Tr0ub4dor\":1}}\n";
    for (list, bad) in [(csv, 8), (json, 5)] {
        sandbox.write("list", list);
        let said = check(&sandbox, "list", &["--json"]).exits(1);
        assert_eq!(said.json()["bad"], bad, "{said:?}");
        let text = check(&sandbox, "list", &[]).exits(1);
        for said in [said, text] {
            assert!(!(said.stdout + &said.stderr).contains("Tr0ub4"), "{list}");
        }
    }
    // and a colon is no wrong letter of a password: what stands in the broker's file is a hash
    sandbox.write("list", "name,password\na,p:w:x\n");
    assert_eq!(check(&sandbox, "list", &["--json"]).ok().json()["would_write"]["passwords_given"], 1);
}

#[test]
fn groups_and_targets_are_held_to() {
    let sandbox = Sandbox::new();
    sandbox.write("groups", "group meters\ntopic write m/{name}/#\ntopic read all\n");
    sandbox.write(
        "list",
        "name,groups,topics,profile,key type\na,meters,read x,pem,p256\nb,metres,,,\nc,,,bogus,\nd+,meters,,,\n",
    );
    let said = check(&sandbox, "list", &["--groups", "groups", "--generate-passwords", "--json"]).exits(1).json();
    let bad = lines(&said, "bad_lines");
    assert!(bad[0].starts_with("3: there is no group `metres` in the file of --groups (meters)"), "{bad:?}");
    assert!(bad[1].starts_with("4: `profile` is `bogus`, which is no target"), "{bad:?}");
    assert!(bad[2].starts_with("5: the topic `m/{name}/#` cannot be filled in with `d+`"), "{bad:?}");
    let writes = &said["would_write"];
    assert_eq!(
        (&writes["topics"], &writes["bundles"], &writes["passwords_generated"]),
        (&3.into(), &1.into(), &1.into())
    );
    sandbox.write("groups", "group meters\npattern write m/%u/#\ntopic a/#/b\n");
    let said = check(&sandbox, "list", &["--groups", "groups"]).fails(2, "fleet-groups-invalid");
    assert!(said.stderr.contains("line 2 of the groups") && said.stderr.contains("line 3: the topic"), "{said:?}");
    check(&sandbox, "list", &["--groups", "none"]).fails(2, "file-not-found");
}

#[test]
fn what_is_no_list_is_told_at_once() {
    let sandbox = Sandbox::new();
    let said = check(&sandbox, "none", &[]).fails(2, "fleet-list-unreadable");
    assert!(said.stderr.contains("hint: "), "{said:?}");
    check(&sandbox, ".", &[]).fails(2, "fleet-list-unreadable");
    for (list, code, what) in [
        (&b""[..], "fleet-list-empty", "hint: write a line `name`"),
        (b"\xef\xbb\xbf\r\n# nobody\r\n", "fleet-list-empty", "the list is"),
        (b"a1,90\na2,90\n", "fleet-list-unreadable", "no column `name`; it has `a1`, `90`"),
        (b"name,pasword\n", "fleet-list-unreadable", "is it `password`?"),
        (b"name,user,name\n", "fleet-list-unreadable", "the column `name` twice"),
        (b"[\n{\"name\": \"a\"}\n]\n", "fleet-list-unreadable", "jq -c"),
        (b"PK\x03\x04\x14\0\x06\0", "fleet-list-unreadable", "a spreadsheet's own file"),
        (b"name\xfc\n", "fleet-list-unreadable", "save it as `CSV UTF-8`"),
    ] {
        sandbox.write("list", list);
        let said = check(&sandbox, "list", &[]).fails(2, code);
        assert!(said.stderr.contains(what), "{said:?}");
        let said = check_input(&sandbox, "-", list).exits(2);
        assert_eq!(said.json()["code"], code);
    }
    // what never ends has no head line either
    check(&sandbox, "/dev/zero", &[]).fails(2, "fleet-list-unreadable");
}

#[test]
fn memory_does_not_grow_with_the_list() {
    let sandbox = Sandbox::new();
    let list = |count: usize| -> String {
        let rows = (0..count).map(|at| format!("device-{at},generate\n"));
        std::iter::once("name,password\n".to_owned()).chain(rows).collect()
    };
    let most = |name: &str| -> i64 {
        let run = "import resource, subprocess, sys\n\
            status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n\
            print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
        let program = binary().to_str().unwrap();
        let said = sandbox.run("python3", &["-c", run, program, "fleet", "issue", name, "--dry-run", "--json"]).ok();
        let (status, kilobytes) = said.stdout.trim().split_once(' ').unwrap();
        assert_eq!(status, "0");
        kilobytes.parse().unwrap()
    };
    sandbox.write("few", list(1000));
    sandbox.write("many", list(200_000));
    // more than what is compared in memory
    let (few, many) = (most("few"), most("many"));
    crate::support::tell(&format!("check of 1,000 devices: {few} kB, of 200,000: {many} kB"));
    assert!(many < 48_000 && many - few < 20_000, "{few} kB, {many} kB");
}
