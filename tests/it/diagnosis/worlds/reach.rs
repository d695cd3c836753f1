//! Nothing is reached, or something else than was asked for.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::maker::World;
use super::maker::everywhere;
use super::maker::once;
use super::theirs::quote;
use crate::support::Running;
use crate::support::Said;
use crate::support::may_use;
use crate::support::tell;
use crate::support::wait_for;

const HERE: [&str; 2] = ["--host", "127.0.0.1"];
const HERE_PLAIN: [&str; 3] = ["--host", "127.0.0.1", "--plain"];

#[test]
fn no_name_and_no_listener() {
    once(|world| {
        world.says("the name does not resolve", 2, "name-not-resolved", &["--host", "no-such-host.invalid"]);
        world.says("nothing listens", 2, "connect-refused", &HERE);
        world.check("nothing listens, plain", 2, "connect-refused", &HERE_PLAIN);
        world.check("nothing listens, two addresses", 2, "connect-refused", &[]);
    });
}

#[test]
fn packets_vanish() {
    once(|world| {
        let listener = TcpListener::bind(("127.0.0.1", world.sandbox.port)).unwrap();
        let address = listener.local_addr().unwrap();
        // once nobody more fits into the queue, the kernel drops what comes
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
        let _queue: Vec<TcpStream> = (0..5000).map_while(connect).collect();
        world.says("packets vanish", 2, "connect-timeout", &[&HERE[..], &["--timeout", "1"]].concat());
    });
}

#[test]
fn no_network() {
    if !may_use("root") {
        return;
    }
    if !Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|status| status.success()) {
        tell("SKIPPED: this root may not make a network of its own");
        return;
    }
    once(|world| {
        let alone = |inner: Command| {
            let mut command = world.sandbox.command("unshare");
            command.arg("-n").arg(inner.get_program()).args(inner.get_args());
            Said::of(command.output().unwrap())
        };
        let args = ["--host", "192.0.2.1"];
        let (title, theirs) = ("there is no route", alone(world.client("mosquitto_pub", &args)));
        let said = alone(world.test_connect(&args));
        world.judge(title, 2, "network-unreachable", &said);
        world.row(title, Some(quote("mosquitto_pub", theirs)), &said);
    });
}

#[test]
fn tls_to_a_plain_port() {
    everywhere(|world| {
        world.plain().start();
        world.says("TLS to a plain port", 2, "tls-to-plain-port", &[]);
        world.check("TLS 1.2 to a plain port", 2, "tls-to-plain-port", &["--tls", "1.2"]);
        world.says("websockets to an MQTT port", 2, "websockets-to-mqtt-port", &["--ws"]);
        world.check("secure websockets to a plain port", 2, "tls-to-plain-port", &["--wss"]);
    });
}

#[test]
fn plain_to_a_tls_port() {
    everywhere(|world| {
        world.start();
        world.says("plain MQTT to a TLS port", 2, "plain-to-tls-port", &["--plain"]);
        world.check("plain MQTT 3.1.1 to a TLS port", 2, "plain-to-tls-port", &["--plain", "--mqtt", "3.1.1"]);
        world.check("plain websockets to a TLS port", 2, "plain-to-tls-port", &["--ws"]);
        world.says("secure websockets to an MQTT port with TLS", 2, "websockets-to-mqtt-port", &["--wss"]);
    });
}

/// Debian's 2.0 does not start with a websockets listener alone.
const WEBSOCKETS: (&str, &str) = ("\nlistener ", "\nlistener 0 data/plain\nlistener ");

#[test]
fn mqtt_to_a_secure_websockets_port() {
    everywhere(|world| {
        world.conf(&[WEBSOCKETS]).listener("protocol websockets").start();
        world.says("MQTT over TLS to a secure websockets port", 2, "mqtt-to-websockets-port", &["--timeout", "2"]);
        world.check("secure websockets work", 0, "", &["--wss"]);
    });
}

#[test]
fn mqtt_to_a_plain_websockets_port() {
    everywhere(|world| {
        world.plain().conf(&[WEBSOCKETS]).listener("protocol websockets").start();
        let args = ["--plain", "--timeout", "2"];
        world.says("plain MQTT to a websockets port", 2, "mqtt-to-websockets-port", &args);
        world.says("MQTT over TLS to a plain websockets port", 2, "mqtt-to-websockets-port", &[]);
        world.check("websockets work", 0, "", &["--ws"]);
    });
}

trait Talk: Read + Write {}
impl<T: Read + Write> Talk for T {}

/// Somebody else, on the port of this world.
fn stranger(world: &World, tls: bool, talk: fn(&mut dyn Talk)) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], world.sandbox.port))).unwrap();
    world.broker_shows("good");
    let certificate = CertificateDer::from_pem_file(world.sandbox.dir.join("certs/broker/broker.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(world.sandbox.dir.join("certs/broker/broker.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, config) = (stream.unwrap(), Arc::clone(&config));
            std::thread::spawn(move || {
                if tls {
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    let mut stream = rustls::StreamOwned::new(connection, stream);
                    talk(&mut stream);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                } else {
                    talk(&mut stream);
                }
            });
        }
    });
}

fn says_nothing(stream: &mut dyn Talk) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

fn hangs_up(stream: &mut dyn Talk) {
    let _ = stream.read(&mut [0; 4096]);
}

fn answers_rubbish(stream: &mut dyn Talk) {
    hangs_up(stream);
    let _ = stream.write_all(b"\xfe\xed rubbish of no known kind \xff\xff\xff\xff\xff\xff\xff");
    says_nothing(stream);
}

const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// As nginx does it: what does not begin like a request is refused at once.
fn refuses_at_once(stream: &mut dyn Talk) {
    hangs_up(stream);
    let _ = stream.write_all(BAD_REQUEST);
}

/// As the servers of Go, Python and `openssl s_server` do it: until a line ends, there is no answer.
fn waits_for_a_line(stream: &mut dyn Talk) {
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read == 1) {
        if byte == *b"\n" {
            let _ = stream.write_all(BAD_REQUEST);
            return;
        }
    }
}

/// A test each: whether it speaks TLS, what it does, the world's title, the code, the arguments.
macro_rules! strangers {
    ($($test:ident: $tls:literal, $talk:ident, $title:literal, $code:literal, $args:expr;)*) => {$(
        #[test]
        fn $test() {
            once(|world| {
                stranger(world, $tls, $talk);
                world.says($title, 2, $code, &[&["--host", "127.0.0.1", "--timeout", "2"][..], $args].concat());
            });
        }
    )*};
}

const PLAIN: &[&str] = &["--plain"];
const TLS: &[&str] = &[];
const WS: &[&str] = &["--ws"];
const WSS: &[&str] = &["--wss"];

strangers! {
    plain_http: false, refuses_at_once, "plain MQTT to an HTTP server", "http-server-there", PLAIN;
    plain_http_that_waits: false, waits_for_a_line, "plain MQTT to an HTTP server that waits for a line",
        "http-server-there", PLAIN;
    http_without_tls: false, refuses_at_once, "MQTT over TLS to an HTTP server without TLS", "http-server-there", TLS;
    https: true, refuses_at_once, "MQTT over TLS to an HTTPS server", "http-server-there", TLS;
    http_without_websockets: false, refuses_at_once, "websockets to an HTTP server", "http-server-there", WS;
    https_without_websockets: true, refuses_at_once, "secure websockets to an HTTPS server", "http-server-there",
        WSS;
    plain_rubbish: false, answers_rubbish, "rubbish answers plain MQTT", "mqtt-not-spoken", PLAIN;
    rubbish: true, answers_rubbish, "rubbish answers MQTT over TLS", "mqtt-not-spoken", TLS;
    rubbish_without_tls: false, answers_rubbish, "rubbish answers TLS", "tls-not-spoken", TLS;
    plain_silence: false, says_nothing, "nobody answers plain MQTT", "no-answer", PLAIN;
    silence: true, says_nothing, "nobody answers MQTT over TLS", "no-answer", TLS;
    silence_without_tls: false, says_nothing, "nobody answers TLS", "no-answer", TLS;
    plain_closed_door: false, hangs_up, "the other side closes at once, plain MQTT", "connection-closed", PLAIN;
    closed_door: true, hangs_up, "the other side closes at once, MQTT over TLS", "connection-closed", TLS;
    closed_door_without_tls: false, hangs_up, "the other side closes at once, TLS", "connection-closed", TLS;
}

#[test]
fn an_https_server_of_openssl() {
    once(|world| {
        world.broker_shows("good");
        let mut server = world.sandbox.command("openssl");
        server.args(["s_server", "-www", "-accept", &format!("127.0.0.1:{}", world.sandbox.port)]);
        server.args(["-cert", "certs/broker/broker.crt", "-key", "certs/broker/broker.key"]);
        let _server = Running(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_for("s_server", || TcpStream::connect(("127.0.0.1", world.sandbox.port)).is_ok());
        let title = "MQTT over TLS to an HTTPS server that waits for a line";
        world.says(title, 2, "http-server-there", &[&HERE[..], &["--timeout", "2"]].concat());
    });
}
