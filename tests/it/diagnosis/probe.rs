//! A broker seen from outside.

use std::process::Stdio;

use serde_json::Value;

use crate::support::Running;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::free_port;
use crate::support::peer;
use crate::support::wait_for;

/// A broker of this version with a configuration of our own.
fn broker(sandbox: &Sandbox, version: &str, conf: &str, ports: &[u16]) -> Running {
    sandbox.write("probe.conf", format!("user root\n{conf}"));
    let mut command = sandbox.command(peer(version, "mosquitto"));
    command.args(["-c", "probe.conf"]).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().unwrap());
    for port in ports {
        wait_for("the broker", || std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok());
    }
    running
}

#[test]
fn probe_tells_what_speaks_on_each_port() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["ca", "init"]).ok();
        sandbox.mqsec(&["broker-cert", "localhost", "127.0.0.1"]).ok();
        let [plain, closed, tls, mutual, ws, wss, none] = std::array::from_fn(|_| free_port());
        let pair = "certfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\n";
        let conf = format!(
            "per_listener_settings true\nlistener {plain}\nallow_anonymous true\nlistener {closed}\n\
             listener {tls}\nallow_anonymous true\n{pair}\
             listener {mutual}\nallow_anonymous true\n{pair}cafile certs/ca.crt\nrequire_certificate true\n\
             listener {ws}\nallow_anonymous true\nprotocol websockets\n\
             listener {wss}\nprotocol websockets\n{pair}"
        );
        let _broker = broker(&sandbox, version, &conf, &[plain, closed, tls, mutual, ws, wss]);
        let target = format!("localhost:{plain},{closed},{tls},{mutual},{ws},{wss},{none}");
        let told = sandbox.mqsec(&["probe", &target, "--json"]).ok().json();
        let host = told["hosts"].as_array().unwrap().iter().find(|host| host["address"] == "127.0.0.1").unwrap();
        let of = |port: u16| host["ports"].as_array().unwrap().iter().find(|found| found["port"] == port).unwrap();
        let service = |port: u16| of(port)["service"].as_str().unwrap().to_owned();
        assert_eq!((service(plain), &of(plain)["anonymous"]), ("MQTT without TLS".to_owned(), &Value::Bool(true)));
        assert_eq!(of(plain)["version"], format!("mosquitto version {version}"));
        assert_eq!((service(closed), &of(closed)["anonymous"]), ("MQTT without TLS".to_owned(), &Value::Bool(false)));
        assert_eq!((service(tls), &of(tls)["anonymous"]), ("MQTT over TLS".to_owned(), &Value::Bool(true)));
        assert_eq!(of(tls)["tls"]["versions"], serde_json::json!(["TLS 1.3", "TLS 1.2"]));
        assert_eq!(of(tls)["tls"]["client_certificate_asked"], false);
        assert_eq!(of(tls)["tls"]["chain"][0]["subject"], "CN=localhost");
        assert_eq!(
            (service(mutual), &of(mutual)["anonymous"]),
            ("TLS that demands a client certificate".to_owned(), &Value::Null)
        );
        assert_eq!(of(mutual)["tls"]["client_certificate_asked"], true);
        assert_eq!((service(ws), &of(ws)["anonymous"]), ("MQTT in websockets".to_owned(), &Value::Bool(true)));
        assert_eq!(
            (service(wss), &of(wss)["anonymous"]),
            ("MQTT in secure websockets".to_owned(), &Value::Bool(false))
        );
        assert_eq!(service(none), "nothing listens");
        let text = sandbox.mqsec(&["probe", &target]).ok().stdout;
        assert!(text.contains("warning: anonymous clients get in"), "{text}");
        let told = sandbox.mqsec(&["probe", &format!("127.0.0.2:{tls}"), "--json"]).ok().json();
        let doubt = told["hosts"][0]["ports"][0]["tls"]["doubt"].as_str().unwrap().to_owned();
        assert!(doubt.contains("127.0.0.2"), "{doubt}");
    }
}

#[test]
fn probe_says_when_nothing_answers() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["probe", &format!("127.0.0.1:{}", sandbox.port)]).fails(2, "nothing-answers");
    sandbox.mqsec(&["probe", "no-such-host.invalid"]).fails(2, "name-not-resolved");
    for wrong in ["127.0.0.1:0", "127.0.0.1:70000", "a b", "", "[::1", "127.0.0.1:x"] {
        sandbox.mqsec(&["probe", wrong]).fails(2, "usage");
    }
}
