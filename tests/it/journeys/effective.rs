//! What `conf show --effective` says of configurations that mqsec did not write is what the brokers do with them.

use mqsec::conf::effective::Bound;
use mqsec::conf::effective::Effective;
use mqsec::conf::effective::Encryption;
use mqsec::conf::effective::Protocol;
use mqsec::conf::effective::effective;
use mqsec::conf::reading::NoFiles;
use mqsec::conf::reading::Reading;

use super::profiles::BOTH;
use super::profiles::Host;
use super::profiles::SERIES;
use super::profiles::foretold;
use super::profiles::is_local;
use crate::support::free_port;
use crate::support::peers;

const TLS: &str = "certfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\n";
const TRUST: &str = "cafile certs/broker/ca.crt\n";

/// PORT1 to PORT3 are ports, TLS is a certificate and its key, TRUST the authority, PASSWD the password file, PLUGINS
/// where 2.1 has its plugins.
const CONFIGURATIONS: [&str; 27] = [
    "listener PORT1\n",
    "allow_anonymous true\nlistener PORT1\nlistener PORT2 ::1\n",
    "PASSWD\nlistener PORT1 127.0.0.1\n",
    "PASSWD\nallow_anonymous true\nlistener PORT1 localhost\n",
    // where an option stands
    "listener PORT1 127.0.0.1\nPASSWD\nallow_anonymous true\nlistener PORT2\n",
    "per_listener_settings true\nlistener PORT1 127.0.0.1\nPASSWD\nlistener PORT2\nallow_anonymous true\nlistener PORT3\n",
    "per_listener_settings true\nlistener PORT1\nPASSWD\nallow_anonymous true\nlistener PORT2\nTLS\nPASSWD\n",
    "port PORT1\nallow_anonymous true\nlistener PORT2 127.0.0.1\n",
    "port PORT1\nbind_address 127.0.0.1\nPASSWD\n",
    "port PORT1\nTLS\nPASSWD\nlistener PORT2\n",
    // certificates
    "PASSWD\nlistener PORT1\nTLS\n",
    "PASSWD\nlistener PORT1\nTLS\nTRUST\n",
    "PASSWD\nlistener PORT1\nTLS\nrequire_certificate true\n",
    "listener PORT1\nTLS\nTRUST\nrequire_certificate true\nlistener PORT2\n",
    "allow_anonymous true\nlistener PORT1\nTLS\nTRUST\nrequire_certificate true\ncrlfile certs/broker/ca.crl\n",
    "PASSWD\nallow_anonymous true\nlistener PORT1\nTLS\nTRUST\nrequire_certificate true\n",
    "listener PORT1\nTLS\nTRUST\nrequire_certificate true\nuse_identity_as_username true\n",
    "PASSWD\nlistener PORT1\nTLS\nTRUST\nrequire_certificate true\nuse_subject_as_username true\ncrlfile certs/broker/ca.crl\n",
    "PASSWD\nlistener PORT1\nTLS\nTRUST\nuse_identity_as_username true\nlistener PORT2\n",
    // options of certificates where there is no TLS
    "PASSWD\nlistener PORT1\nrequire_certificate true\nuse_identity_as_username true\n",
    "PASSWD\nlistener PORT1\nTLS\ntls_version tlsv1.3\nuse_username_as_clientid true\nlistener PORT2 127.0.0.1\nprotocol websockets\n",
    "PASSWD\nallow_anonymous true\nlistener PORT1 127.0.0.1\nuse_subject_as_username true\nlistener PORT2\nuse_identity_as_username true\n",
    "PASSWD\nlistener PORT1\nTLS\nTRUST\nuse_subject_as_username true\nlistener PORT2\n",
    "PASSWD\nlistener PORT1\nrequire_certificate true\nuse_subject_as_username true\nlistener PORT2\nrequire_certificate true\n",
    // 2.1 alone
    "PASSWD\nlistener PORT1\nlistener_allow_anonymous true\nlistener PORT2\nlistener_allow_anonymous false\nlistener PORT3\n",
    "allow_anonymous true\nlistener PORT1\nlistener_allow_anonymous false\nlistener PORT2 127.0.0.1\nprotocol websockets\n",
    "plugin_load p PLUGINS/mosquitto_password_file.so\nplugin_opt_password_file config/mosquitto.passwd\nlistener PORT1\nplugin_use p\nlistener PORT2\nlistener_allow_anonymous true\nlistener PORT3\n",
];

/// The listener in the form in which `conf init` takes it, without its port.
fn form(told: &Effective) -> String {
    let kind = match (told.protocol, &told.encryption) {
        (Protocol::Mqtt, Encryption::None) => "plain",
        (Protocol::Mqtt, _) => "tls",
        (_, Encryption::None) => "ws",
        (..) => "wss",
    };
    match &told.bound {
        Bound::Address(address) | Bound::Interface(address) => format!("{kind}@{address}"),
        _ => kind.to_owned(),
    }
}

fn ask(text: &str, number: usize) -> usize {
    let version = BOTH[number];
    let plugins = peers().join("brokers/2.1.2/usr/lib/x86_64-linux-gnu/mosquitto");
    let mut conf = text
        .replace("TLS\n", TLS)
        .replace("TRUST\n", TRUST)
        .replace("PASSWD", "password_file config/mosquitto.passwd")
        .replace("PLUGINS", &plugins.display().to_string());
    for name in ["PORT1", "PORT2", "PORT3"] {
        conf = conf.replace(name, &free_port().to_string());
    }
    let reading = Reading::read("config/mosquitto.conf", conf.as_bytes(), &NoFiles, SERIES[number]);
    // Debian's 2.0 does not start with websockets alone
    if reading.stop.is_some() || number == 0 && reading.listeners.iter().all(|listener| listener.is_websockets()) {
        return 0;
    }
    let mut host = Host::new(version);
    host.sandbox.write("config/mosquitto.conf", &conf);
    host.start(version);
    let told = effective(&reading);
    for listener in &told {
        // no interface is called `localhost`
        if matches!(listener.bound, Bound::Interface(_)) {
            assert_eq!(is_local(listener.port), None, "{version} with\n{conf}");
            continue;
        }
        let place = format!("port {} of {version} with\n{conf}", listener.port);
        let (found, reasons) = host.admits(&form(listener), listener.port, "a/topic");
        assert_eq!(foretold(listener), found, "{place}\n{listener:#?}\n{reasons:#?}");
        assert_eq!(Some(listener.bound.is_local()), is_local(listener.port), "{place}\n{listener:#?}\n{}", host.said());
    }
    told.len()
}

#[test]
fn what_is_told_of_a_listener_is_what_it_does() {
    let asked: usize = std::thread::scope(|scope| {
        let both = [0, 1]
            .map(|number| scope.spawn(move || CONFIGURATIONS.iter().map(|text| ask(text, number)).sum::<usize>()));
        both.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!(asked > 60, "only {asked} listeners were asked");
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn once_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

/// A configuration of up to three listeners, whose options stand where they like.
fn thrown(dice: &mut Dice) -> String {
    let security = ["PASSWD", "allow_anonymous true", "allow_anonymous false"];
    let own = [
        "require_certificate true",
        "use_identity_as_username true",
        "use_subject_as_username true",
        "use_username_as_clientid true",
        "protocol websockets",
        "listener_allow_anonymous true",
        "listener_allow_anonymous false",
        "crlfile certs/broker/ca.crl",
        "mount_point m/",
        "max_connections 100",
    ];
    let mut text = String::new();
    let mut add = |line: &str| text.push_str(&format!("{line}\n"));
    let apart = dice.once_in(4);
    if apart {
        add("per_listener_settings true");
    }
    for line in security {
        // there it would open the hidden listener on port 1883, which other programs want, too
        if !apart && dice.once_in(2) {
            add(line);
        }
    }
    for port in ["PORT1", "PORT2", "PORT3"].iter().take(1 + usize::try_from(dice.roll(3)).unwrap()) {
        let address = ["", " 127.0.0.1", " ::1", " localhost"][usize::try_from(dice.roll(4)).unwrap()];
        add(&format!("listener {port}{address}"));
        let tls = !dice.once_in(3);
        if tls {
            add("TLS");
        }
        if tls && !dice.once_in(3) {
            add("TRUST");
        }
        for line in security {
            if dice.once_in(4) {
                add(line);
            }
        }
        for line in own {
            if dice.once_in(if line.starts_with("require") { 2 } else { 5 }) {
                add(line);
            }
        }
    }
    text
}

/// As many as `MQSEC_TEST_CONFIGURATIONS` says.
#[test]
fn what_is_told_of_any_listener_is_what_it_does() {
    let wanted: usize = std::env::var("MQSEC_TEST_CONFIGURATIONS").map_or(30, |number| number.parse().unwrap());
    let asked: usize = std::thread::scope(|scope| {
        let both = [0, 1].map(|number| {
            scope.spawn(move || {
                let mut dice = Dice(20_260_129);
                (0..wanted).map(|_| ask(&thrown(&mut dice), number)).sum::<usize>()
            })
        });
        both.into_iter().map(|one| one.join().unwrap()).sum()
    });
    crate::support::tell(&format!(
        "{asked} listeners of {wanted} configurations do on both series what is told of them"
    ));
    assert!(asked > wanted, "only {asked} listeners were asked");
}
