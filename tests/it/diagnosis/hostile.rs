//! What answers is no broker, or one that means ill: a clear word within the time given, never a panic, never a hang.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::free_port;
use crate::support::wait_for;

/// A listener that does this with every connection.
fn stranger(act: impl Fn(TcpStream) + Send + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, act) = (stream.unwrap(), act.clone());
            std::thread::spawn(move || act(stream));
        }
    });
    port
}

/// Reads the first packet and answers with these bytes, then keeps the connection open.
fn answering(bytes: Vec<u8>) -> u16 {
    stranger(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&bytes);
        let _ = stream.read(&mut [0; 4096]);
        std::thread::sleep(Duration::from_secs(30));
    })
}

fn plainly(sandbox: &Sandbox, port: u16) -> Said {
    let port = port.to_string();
    let start = Instant::now();
    let told =
        sandbox.mqsec(&["test-connect", "u", "p", "--plain", "--host", "127.0.0.1", "--timeout", "2", "--port", &port]);
    // the attempt, and the questions that are asked to find the cause
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    told
}

#[test]
fn rubbish_in_place_of_packets_is_told() {
    let sandbox = Sandbox::new();
    let connack = [0x20, 3, 0, 0, 0];
    let after = |more: &[u8]| [&connack[..], more].concat();
    for (bytes, status, code) in [
        (b"\x00\x00\x00\x00".to_vec(), 2, "mqtt-not-spoken"),
        (vec![0x20, 0xff, 0xff, 0xff, 0xff, 0xff], 2, "mqtt-not-spoken"),
        (vec![0x20, 1, 0], 2, "mqtt-not-spoken"),
        (vec![0x20, 0xff, 0xff, 0xff, 0x7f], 2, "mqtt-not-spoken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), 2, "mqtt-not-spoken"),
        // a code that nobody knows, with and without MQTT 5's properties
        (vec![0x20, 3, 0, 0xee, 0], 1, "connect-not-accepted"),
        (vec![0x20, 2, 0, 1], 1, "mqtt-version-refused"),
        (vec![0xe0, 1, 0x8b], 2, "broker-stopped"),
        // it lets us in, and then
        (after(&[0x90, 0xff, 0xff, 0xff, 0xff]), 2, "mqtt-not-spoken"),
        (after(&[0x90, 4, 0, 1, 0, 0x87]), 1, "subscribe-denied"),
        (after(&[0x90, 4, 0, 1, 0, 1, 0x40, 3, 0, 2, 0x97]), 1, "publish-denied"),
        (after(&[0xe0, 1, 0x95]), 1, "packet-too-large"),
        (after(&[0xe0, 1, 0x98]), 2, "session-ended"),
        (after(&[0x10, 0]), 2, "mqtt-not-spoken"),
        (after(&[0x90, 4, 0, 1, 0, 1, 0x40, 2, 0, 2]), 1, "delivery-denied"),
        (after(&[]), 2, "no-answer"),
    ] {
        plainly(&sandbox, answering(bytes)).fails(status, code);
    }
}

#[test]
fn a_broker_that_drips_or_floods_does_not_hold_us() {
    let sandbox = Sandbox::new();
    let drips = stranger(|mut stream| {
        while stream.write_all(&[0x20]).is_ok() {
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    plainly(&sandbox, drips).fails(2, "no-answer");
    // lets us in, and then publishes for ever what nobody asked for
    let floods = stranger(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&[0x20, 3, 0, 0, 0]);
        while stream.write_all(&[0x30, 5, 0, 1, b't', 0, b'x']).is_ok() {}
    });
    plainly(&sandbox, floods).fails(2, "no-answer");
}

#[test]
fn a_message_of_a_million_packets_does_not_hold_us() {
    let sandbox = Sandbox::new();
    // in websockets a message comes whole, and so all of its packets at once
    let floods = stranger(|mut stream| {
        let mut request = [0; 4096];
        let count = stream.read(&mut request).unwrap();
        let request = String::from_utf8_lossy(&request[..count]).into_owned();
        let Some(key) = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")) else { return };
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
        let _ = write!(stream, "{agreed}Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
        let packets = [&[0x20, 3, 0, 0, 0, 0x90, 4, 0, 1, 0, 1][..], &[0xd0, 0].repeat(1_500_000)].concat();
        let _ = stream.write_all(&[&[0x82, 0x7f][..], &(packets.len() as u64).to_be_bytes(), &packets].concat());
        let _ = stream.read(&mut [0; 4096]);
        std::thread::sleep(Duration::from_secs(30));
    });
    let (port, start) = (floods.to_string(), Instant::now());
    let told =
        sandbox.mqsec(&["test-connect", "u", "p", "--ws", "--host", "127.0.0.1", "--timeout", "3", "--port", &port]);
    told.exits(2);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn what_is_no_tls_is_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let test = |port: u16| {
        let port = port.to_string();
        sandbox.mqsec(&["test-connect", "u", "p", "--host", "127.0.0.1", "--timeout", "1", "--port", &port])
    };
    test(answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec())).fails(2, "http-server-there");
    test(answering(b"220 mail ready\r\n".to_vec())).fails(2, "tls-not-spoken");
    test(stranger(drop)).fails(2, "connection-closed");
    test(answering(Vec::new())).fails(2, "no-answer");
    test(sandbox.port).fails(2, "connect-refused");
    sandbox.mqsec(&["test-connect", "u", "p", "--port", "0"]).fails(2, "usage");
    sandbox.mqsec(&["test-connect", "u", "p", "--port", "65536"]).fails(2, "usage");
    sandbox.mqsec(&["test-connect", "u", "p", "--will", "a/+"]).fails(2, "topic-invalid");
    // what stands in place of the authority's certificate is named as `verify` names it
    sandbox.write("empty", "");
    sandbox.write("marked.crt", format!("\u{feff}{}", sandbox.read("certs/ca.crt")));
    sandbox.mqsec(&["test-connect", "u", "p", "--ca", "empty"]).fails(2, "file-empty");
    sandbox.mqsec(&["test-connect", "u", "p", "--ca", "certs/ca.key"]).fails(2, "file-is-key");
    let port = sandbox.port.to_string();
    sandbox.mqsec(&["test-connect", "u", "p", "--ca", "marked.crt", "--port", &port]).fails(2, "connect-refused");
    sandbox.mqsec(&["test-connect", "u", "--password-file", "none"]).fails(2, "file-not-found");
    sandbox.mqsec(&["test-connect", "u", "--password-file", "certs"]).exits(2);
    sandbox.mqsec(&["test-connect", "u", "--host", "127.0.0.1"]).fails(2, "password-needed");
}

/// openssl as a TLS server.
fn server(sandbox: &Sandbox, port: u16, args: &[&str]) -> Running {
    let mut command = sandbox.command("openssl");
    command.args(["s_server", "-quiet", "-accept", &port.to_string()]).args(args);
    // its standard input is the answer to every client; an open pipe says nothing
    let running = Running(command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_for("openssl s_server", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    running
}

#[test]
fn ten_thousand_certificates_and_one_of_ten_megabytes_are_too_many() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "localhost", "127.0.0.1"]).ok();
    sandbox.write("chain.pem", sandbox.read("certs/ca.crt").repeat(10_000));
    sandbox.write("ext", format!("subjectAltName=DNS:localhost\n1.2.3.4=ASN1:UTF8String:{}\n", "x".repeat(9_000_000)));
    let sign =
        "x509 -req -in certs/broker/broker.csr -CA certs/ca.crt -CAkey certs/ca.key -days 9 -extfile ext -out big.crt";
    let mut signing = Command::new("openssl");
    Said::of(signing.args(sign.split(' ')).current_dir(&sandbox.dir).output().unwrap()).ok();
    let key = ["-key", "certs/broker/broker.key"];
    let (many, big) = (free_port(), free_port());
    let _many =
        server(&sandbox, many, &[&key[..], &["-cert", "certs/broker/broker.crt", "-cert_chain", "chain.pem"]].concat());
    let _big = server(&sandbox, big, &[&key[..], &["-cert", "big.crt"]].concat());
    for port in [many, big] {
        let test = |args: &[&str]| sandbox.mqsec(&[args, &["--port", &port.to_string()]].concat());
        test(&["test-connect", "u", "p", "--host", "localhost"]).fails(2, "tls-chain-too-large");
    }
    sandbox.mqsec(&["verify", &format!("localhost:{many}")]).exits(2);
    sandbox.mqsec(&["verify", "chain.pem"]).exits(2);
    sandbox.mqsec(&["verify", "big.crt"]).exits(2);
}
