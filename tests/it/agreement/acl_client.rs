//! A broker with an ACL file and no other check, and a bare MQTT 5 client of it: many questions on one connection.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use mqsec::mqtt::Packet;
use mqsec::mqtt::Version;
use mqsec::mqtt::read_packet;

use crate::support::Running;
use crate::support::free_port;
use crate::support::peer;

pub struct Broker {
    pub port: u16,
    dir: PathBuf,
    process: Running,
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// How a start ended: a broker that runs, or what it said.
pub enum Start {
    Runs(Broker),
    Ended { status: i32, log: String },
}

impl Broker {
    /// Starts a broker that believes each user name and asks the ACL file alone.
    pub fn start(version: &str, acl: &[u8]) -> Start {
        let port = free_port();
        let dir = std::env::temp_dir().join(format!("mqsec-acl-{}-{port}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("acl"), acl).unwrap();
        let user = if rustix::process::geteuid().is_root() { "user root\n" } else { "" };
        let conf =
            format!("{user}allow_anonymous true\nset_tcp_nodelay true\nacl_file acl\nlistener {port} 127.0.0.1\n");
        fs::write(dir.join("conf"), conf).unwrap();
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new(peer(version, "mosquitto"));
        command.args(["-c", "conf"]).current_dir(&dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut broker = Self { port, dir, process: Running(command.spawn().unwrap()) };
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = broker.process.0.try_wait().unwrap() {
                return Start::Ended { status: status.code().unwrap_or(-1), log: broker.log() };
            }
            if broker.log().lines().any(|line| line.ends_with(" running")) {
                return Start::Runs(broker);
            }
            assert!(Instant::now() < end, "a broker that neither runs nor ends: {}", broker.log());
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.join("log")).unwrap()).into_owned()
    }
}

pub struct Client {
    stream: TcpStream,
    inbox: Vec<u8>,
    id: u16,
    /// Topics of the messages that came.
    pub delivered: Vec<String>,
}

/// What a QoS 1 message was answered with; None is a broker that hung up.
pub type Answer = Option<u8>;

impl Client {
    /// None where the broker refuses the client.
    pub fn connect(port: u16, user: Option<&str>, client_id: &str) -> Option<Self> {
        Self::connect_with(port, user, client_id, None)
    }

    /// The same, with a will for this topic.
    pub fn connect_with(port: u16, user: Option<&str>, client_id: &str, will: Option<&str>) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut client = Self { stream, inbox: Vec::new(), id: 0, delivered: Vec::new() };
        let flags = if user.is_some() { 0x82 } else { 0x02 } | if will.is_some() { 0x04 } else { 0 };
        let mut body = [b"\x00\x04MQTT\x05", [flags].as_slice(), b"\x00\x00\x00"].concat();
        body.extend(text(client_id));
        if let Some(topic) = will {
            body.extend([&b"\0"[..], &text(topic), &text("will")].concat());
        }
        body.extend(user.map(text).unwrap_or_default());
        client.send(0x10, &body);
        match client.next() {
            Some(Packet::ConnAck { code: 0, .. }) => Some(client),
            _ => None,
        }
    }

    fn send(&mut self, first: u8, body: &[u8]) {
        let mut packet = vec![first];
        let mut length = body.len();
        loop {
            let more = if length > 127 { 0x80 } else { 0 };
            packet.push(u8::try_from(length % 128).unwrap() | more);
            length /= 128;
            if length == 0 {
                break;
            }
        }
        packet.extend_from_slice(body);
        // a broker that hung up is noticed by reading
        let _ = self.stream.write_all(&packet);
    }

    fn next(&mut self) -> Option<Packet> {
        loop {
            if let Some((packet, used)) = read_packet(&self.inbox, Version::V5, 1 << 20).unwrap() {
                self.inbox.drain(..used);
                if let Packet::Publish { topic, .. } = &packet {
                    self.delivered.push(String::from_utf8_lossy(topic).into_owned());
                }
                return Some(packet);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.inbox.extend_from_slice(&buffer[..count]),
            }
        }
    }

    pub fn subscribe(&mut self, filters: &[&str]) {
        for filter in filters {
            self.id += 1;
            let body = [&self.id.to_be_bytes()[..], b"\0", &text(filter), b"\0"].concat();
            self.send(0x82, &body);
        }
        for filter in filters {
            loop {
                match self.next() {
                    Some(Packet::SubAck { codes, .. }) => {
                        assert!(codes[0] < 3, "SUBACK {codes:?} for {filter}");
                        break;
                    }
                    Some(_) => {}
                    None => panic!("hung up at SUBSCRIBE {filter}"),
                }
            }
        }
    }

    /// Publishes to each topic; what each was answered with.
    pub fn publish(&mut self, topics: &[&str], payload: &str) -> Vec<Answer> {
        let first = self.id + 1;
        for topic in topics {
            self.id += 1;
            let body = [&text(topic)[..], &self.id.to_be_bytes(), b"\0", payload.as_bytes()].concat();
            self.send(0x32, &body);
        }
        let mut answers = vec![None; topics.len()];
        let mut left = topics.len();
        while left > 0 {
            match self.next() {
                Some(Packet::PubAck { id, reason }) => {
                    answers[usize::from(id - first)] = Some(reason);
                    left -= 1;
                }
                Some(Packet::Publish { .. } | Packet::PingResp) => {}
                other => {
                    let _ = other;
                    break;
                }
            }
        }
        answers
    }

    /// Leaves a retained message, with QoS 0.
    pub fn retain(&mut self, topic: &str) {
        self.send(0x31, &[&text(topic)[..], b"\0kept"].concat());
        self.settle();
    }

    /// Until the broker has answered twice: what it had for us came before.
    pub fn settle(&mut self) {
        for _ in 0..2 {
            self.send(0xc0, &[]);
            while !matches!(self.next(), Some(Packet::PingResp) | None) {}
        }
    }
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}
