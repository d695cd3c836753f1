//! What Mosquitto's own programs say in the same world, and how they are asked.

use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use super::maker::World;
use crate::support::Running;
use crate::support::Said;
use crate::support::peer;

/// A machine without a name server is to say so at once.
pub const RESOLVER: (&str, &str) = ("RES_OPTIONS", "timeout:1 attempts:1");

impl World {
    /// What a program of Mosquitto says where mqsec is given these arguments.
    pub fn mosquitto(&self, program: &str, args: &[&str]) -> String {
        quote(program, ended(self.client(program, args), Duration::from_secs(3)))
    }

    /// A program of Mosquitto with what corresponds to these arguments.
    pub fn client(&self, program: &str, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(peer(self.version, program));
        command
            .args(self.in_their_words(program, args))
            .env(RESOLVER.0, RESOLVER.1)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn in_their_words(&self, program: &str, args: &[&str]) -> Vec<String> {
        let complete = self.complete(args);
        let mut given = complete[1..].iter().map(String::as_str).peekable();
        let mut words: Vec<String> = Vec::new();
        let mut say = |option: &str, value: &str| words.extend([option.to_owned(), value.to_owned()]);
        let (mut positional, mut tls) = (Vec::new(), true);
        let (mut host, mut topic, mut ca, mut mqtt) = ("localhost", "test/connection", "certs/ca.crt", "5");
        let (mut client, mut cert, mut key, mut qos, mut size) = (None, None, None, "1", 4);
        let (mut websockets, mut stays) = (false, false);
        while let Some(arg) = given.next() {
            let mut value = || given.next().unwrap();
            match arg {
                "--host" => host = value(),
                "--topic" => topic = value(),
                "--ca" => ca = value(),
                "--cert" => cert = Some(value().to_owned()),
                "--key" => key = Some(value().to_owned()),
                "--client" => client = Some(value()),
                "--mqtt" => mqtt = value(),
                "--qos" => qos = value(),
                "--size" => size = value().parse().unwrap(),
                "--port" => say("-p", value()),
                "--client-id" => say("-i", value()),
                "--will" => say("--will-topic", value()),
                "--tls" => say("--tls-version", if value() == "1.2" { "tlsv1.2" } else { "tlsv1.3" }),
                "--plain" => tls = false,
                "--ws" => (tls, websockets) = (false, true),
                "--wss" => websockets = true,
                "--hold" => (stays, _) = (true, value()),
                "--timeout" => drop(value()),
                "--anonymous" | "--expect-denied" => {}
                other => positional.push(other),
            }
        }
        say("-h", host);
        say("-t", topic);
        say("-V", if mqtt == "5" { "5" } else { "311" });
        say("-q", qos);
        if let [user, password, ..] = positional[..] {
            say("-u", user);
            say("-P", password);
        }
        if tls {
            say("--cafile", ca);
            let name = client.or(positional.get(2).copied()).or(positional.first().copied()).unwrap_or("admin");
            let path = |end: &str| format!("certs/client/{name}/{name}.{end}");
            let (cert, key) = (cert.unwrap_or_else(|| path("crt")), key.unwrap_or_else(|| path("key")));
            if self.sandbox.has(&cert) {
                say("--cert", &cert);
                say("--key", &key);
            }
        }
        match program {
            // a session that stays: it publishes the lines that come
            "mosquitto_pub" if stays => words.push("-l".to_owned()),
            "mosquitto_pub" => say("-m", &"x".repeat(size)),
            _ => say("-W", "1"),
        }
        if websockets {
            words.push("--ws".to_owned());
        }
        words
    }
}

/// Runs a program to its end, or for so long: then it has no status.
fn ended(mut command: Command, limit: Duration) -> Said {
    finish(Running(command.spawn().unwrap()), limit)
}

/// The same for one that runs.
pub fn finish(mut child: Running, limit: Duration) -> Said {
    let end = Instant::now() + limit;
    let status = loop {
        match child.0.try_wait().unwrap() {
            Some(status) => break status.code().unwrap_or(-1),
            None if Instant::now() > end => break -1,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let _ = child.0.kill();
    let read = |stream: &mut dyn std::io::Read| {
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text
    };
    let (stdout, stderr) = (read(child.0.stdout.as_mut().unwrap()), read(child.0.stderr.as_mut().unwrap()));
    Said { status, stdout, stderr }
}

/// A program's words in one line, with how it ended.
pub fn quote(program: &str, said: Said) -> String {
    let mut lines: Vec<&str> = said.stderr.lines().chain(said.stdout.lines()).filter(|line| !line.is_empty()).collect();
    lines.dedup();
    let words = if lines.is_empty() { "nothing".to_owned() } else { format!("`{}`", lines.join("` `")) };
    let end = if said.status < 0 { "never ends".to_owned() } else { format!("exit {}", said.status) };
    if program == "mosquitto_pub" { format!("{words}, {end}") } else { format!("({program}) {words}, {end}") }
}
