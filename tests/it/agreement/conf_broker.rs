//! A real broker with one configuration, in a network of its own, and the same machine as mqsec's prediction sees it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use mqsec::conf::reading::Files;
use mqsec::conf::reading::Reading;
use mqsec::conf::start;
use mqsec::conf::start::Machine;
use mqsec::conf::start::Port;
use mqsec::conf::start::Start;
use mqsec::conf::start::Unreadable;
use mqsec::series::Series;

use crate::support::peer;

/// What a broker did, or would do: the sockets that it opened (sorted), or its exit status.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Runs(Vec<String>),
    Stops(i32),
}

pub fn series(version: &str) -> Series {
    if version.starts_with("2.0") { Series::V20 } else { Series::V21 }
}

/// Starts the broker in a folder that has `m.conf`, and looks what comes of it. Gives what it wrote, too.
pub fn real(version: &str, dir: &Path) -> (Outcome, String) {
    let log = fs::File::create(dir.join("said")).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"])
        .arg(peer(version, "mosquitto"))
        .args(["-c", "m.conf"])
        .current_dir(dir)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        // a group of its own: what it starts ends with it
        .process_group(0);
    let mut child = command.spawn().unwrap();
    let outcome = watch(&mut child, dir);
    let _ = child.kill();
    let _ = child.wait();
    let said = fs::read(dir.join("said")).unwrap_or_default();
    (outcome, String::from_utf8_lossy(&said).into_owned())
}

/// A broker that waits in epoll has done all that it does at the start; one that ended has a status.
fn watch(child: &mut Child, dir: &Path) -> Outcome {
    // epoll_wait and epoll_pwait of x86-64, epoll_pwait of arm64
    const WAITS: [&str; 3] = ["232", "281", "22"];
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            use std::os::unix::process::ExitStatusExt;
            return Outcome::Stops(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
        }
        let call = fs::read_to_string(format!("/proc/{}/syscall", child.id())).unwrap_or_default();
        if call.split(' ').next().is_some_and(|number| WAITS.contains(&number)) {
            return Outcome::Runs(sockets(child.id()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("the broker in {} neither runs nor ends", dir.display());
}

/// What listens in the process's own network: `4:PORT:any`, `6:PORT:local`, `unix:PATH`.
fn sockets(pid: u32) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, file) in [("4", "tcp"), ("6", "tcp6")] {
        let table = fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        for row in table.lines().skip(1) {
            let columns: Vec<&str> = row.split_whitespace().collect();
            if columns[3] != "0A" {
                continue;
            }
            let (address, port) = columns[1].split_once(':').unwrap();
            let at = if address.bytes().all(|byte| byte == b'0') { "any" } else { "local" };
            found.push(format!("{kind}:{}:{at}", u16::from_str_radix(port, 16).unwrap()));
        }
    }
    let table = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split_whitespace().collect();
        // listening stream sockets with a path
        if columns.len() > 7 && columns[3] == "00010000" {
            found.push(format!("unix:{}", columns[7]));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The case's folder, as the prediction asks for it. Root reads everything; the network has nothing but a loopback.
pub struct Here<'a>(pub &'a Path);

impl Files for Here<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(path)).ok()
    }

    fn list(&self, folder: &str) -> Option<Vec<String>> {
        let entries = fs::read_dir(self.0.join(folder)).ok()?;
        Some(entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect())
    }
}

impl Machine for Here<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        match fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Unreadable::Missing),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(Unreadable::Denied),
            Err(_) => Err(Unreadable::NoFile),
        }
    }

    fn is_link(&self, path: &str) -> bool {
        fs::symlink_metadata(self.0.join(path)).is_ok_and(|found| found.file_type().is_symlink())
    }

    fn is_folder(&self, path: &str) -> bool {
        self.0.join(path).is_dir()
    }

    fn may_write(&self, path: &str) -> bool {
        let path = self.0.join(path);
        !path.is_dir() && path.parent().is_some_and(Path::is_dir)
    }

    fn port(&self, address: Option<&str>, port: u16) -> Port {
        // unless it stays root, the broker has become `nobody` by then
        let conf = fs::read(self.0.join("m.conf")).unwrap_or_default();
        let is_root = conf.windows(9).any(|part| part == b"user root");
        match address {
            _ if (1..1024).contains(&port) && !is_root => Port::NotPermitted,
            None | Some("localhost" | "0.0.0.0" | "::" | "::1") => Port::Free,
            Some(address) if address.starts_with("127.") => Port::Free,
            Some(address) if address.parse::<std::net::IpAddr>().is_ok() => Port::NotHere,
            Some(_) => Port::Unresolved,
        }
    }

    fn has_user(&self, name: &str) -> bool {
        fs::read_to_string("/etc/passwd").unwrap().lines().any(|line| line.split(':').next() == Some(name))
    }

    fn is_root(&self) -> bool {
        true
    }

    fn has_interface(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case("lo")
    }
}

/// What mqsec says would happen, and why.
pub fn predicted(version: &str, dir: &Path) -> (Outcome, String) {
    let bytes = fs::read(dir.join("m.conf")).unwrap();
    let reading = Reading::read("m.conf", &bytes, &Here(dir), series(version));
    match start::predict(&reading, &Here(dir)) {
        Start::Stops(stop) => {
            let why = format!("{}:{}: {}", stop.place.path, stop.place.line, stop.cause);
            (Outcome::Stops(stop.status), why)
        }
        Start::Runs(opens) => {
            let mut found = Vec::new();
            for open in &opens {
                if let Some(path) = &open.unix_path {
                    found.push(format!("unix:{path}"));
                    continue;
                }
                let old = reading.series == Series::V20;
                let (four, six) = match open.address.as_deref() {
                    Some("localhost") => localhost(),
                    // libwebsockets and libmicrohttpd open one socket for both kinds of addresses
                    None if open.protocol == "http_api" || (old && open.protocol == "websockets") => (false, true),
                    None => (true, true),
                    Some(address) => (!address.contains(':'), address.contains(':')),
                };
                let every = matches!(open.address.as_deref(), None | Some("0.0.0.0" | "::"));
                let at = if every && open.interface.is_none() { "any" } else { "local" };
                found.extend(four.then(|| format!("4:{}:{at}", open.port)));
                found.extend(six.then(|| format!("6:{}:{at}", open.port)));
            }
            found.sort();
            found.dedup();
            (Outcome::Runs(found), String::new())
        }
    }
}

/// Which kinds of addresses the name has here.
fn localhost() -> (bool, bool) {
    use std::net::ToSocketAddrs;
    let found: Vec<_> = ("localhost", 1).to_socket_addrs().unwrap().collect();
    (found.iter().any(std::net::SocketAddr::is_ipv4), found.iter().any(std::net::SocketAddr::is_ipv6))
}
