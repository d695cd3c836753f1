//! The workspace that `tests/bench/doctor` measures on: ten thousand clients and users. Made in a minute by the library.
//!
//! `MQSEC_BENCH_WORLD=DIR cargo test --release --test it a_world_of_many_clients -- --ignored`

use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

use mqsec::pki::authority::Authority;
use mqsec::pki::authority::Request;
use mqsec::pki::authority::Role;
use mqsec::pki::keys::KeyType;
use mqsec::provision::configuration::Wish;
use mqsec::provision::setup;
use mqsec::workspace::Transaction;
use mqsec::workspace::Workspace;
use time::OffsetDateTime;

fn write(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

#[test]
#[ignore = "makes the world of tests/bench/doctor"]
fn a_world_of_many_clients() {
    let dir = PathBuf::from(std::env::var("MQSEC_BENCH_WORLD").expect("MQSEC_BENCH_WORLD names the folder to fill"));
    let count: usize = std::env::var("MQSEC_BENCH_CLIENTS").map_or(10_000, |text| text.parse().unwrap());
    let now = OffsetDateTime::now_utc();
    let workspace = Workspace::at(dir.clone());
    let mut change = Transaction::begin(&workspace).unwrap();
    setup::complete(&mut change, &["broker.example".parse().unwrap()], &Wish::default(), now).unwrap();
    change.commit().unwrap();
    for folder in ["log", "data"] {
        workspace.make_dir(folder).unwrap();
    }
    // behind the users of .env; hashes of nothing, in the right form: ten thousand real ones take minutes
    let read = |path: &str| std::fs::read(dir.join(path)).unwrap();
    let mut passwd = String::from_utf8(read("config/mosquitto.passwd")).unwrap();
    let mut acl = String::new();
    for at in 1..=count {
        let number = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = format!("{number:016x}").repeat(6);
        writeln!(passwd, "device-{at:05}:$7$1000${number:016x}${}A==", &hash[..85]).unwrap();
        write!(acl, "\nuser device-{at:05}\ntopic readwrite users/device-{at:05}/#\n").unwrap();
    }
    write(&dir.join("config/mosquitto.passwd"), &passwd, 0o600);
    let path = dir.join("config/mosquitto.acl");
    if path.exists() {
        let own = std::fs::read_to_string(&path).unwrap();
        write(&path, &format!("{own}{acl}"), 0o600);
    }
    let ca_pem = String::from_utf8(read("certs/ca.crt")).unwrap();
    let (key, cert) = (read("certs/ca.key"), ca_pem.clone());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (key, cert, ca_pem, dir) = (&key, &cert, &ca_pem, &dir);
            scope.spawn(move || {
                let authority = Authority::load(cert.as_bytes(), "ca.crt", key, "ca.key", now).unwrap();
                for at in (1..=count).filter(|at| at % 2 == half) {
                    let name = format!("device-{at:05}");
                    let common_name = name.parse().unwrap();
                    let request = Request { common_name, role: Role::Client, days: 300, key_type: KeyType::P256 };
                    let issued = authority.issue(&request, now).unwrap();
                    let folder = dir.join("certs/client").join(&name);
                    std::fs::create_dir_all(&folder).unwrap();
                    let file = |end: &str| folder.join(format!("{name}.{end}"));
                    write(&file("key"), std::str::from_utf8(&issued.key_pem).unwrap(), 0o600);
                    write(&file("crt"), &issued.certificate_pem, 0o644);
                    write(&file("csr"), &issued.csr_pem, 0o644);
                    write(&file("chain.crt"), &format!("{}{ca_pem}", issued.certificate_pem), 0o644);
                }
            });
        }
    });
    workspace.give_to_broker().unwrap();
}
