//! A configuration for 2.0 is migrated, and 2.1.2 does with the new one what 2.0.21 did with the old one.

use std::fs;
use std::os::unix::process::CommandExt;

use mqsec::mqtt;
use mqsec::mqtt::Attempt;
use mqsec::mqtt::Trip;
use mqsec::secret::Secret;

use crate::support::Running;
use crate::support::Sandbox;
use crate::support::free_port;
use crate::support::peer;
use crate::support::peers;
use crate::support::wait_for;

/// Who knocks at each port, and on which topic: the answer is whether the message came back.
const CLIENTS: [Option<(&str, &str)>; 4] = [None, Some(("ann", "a")), Some(("bob", "b")), Some(("ann", "wrong"))];
const TOPICS: [&str; 2] = ["ann/x", "bob/x"];

struct Broker {
    process: Running,
    log: std::path::PathBuf,
}

fn start(sandbox: &Sandbox, version: &str) -> Broker {
    let log = sandbox.base.join(format!("out-{version}"));
    let out = fs::File::create(&log).unwrap();
    let mut command = sandbox.command(peer(version, "mosquitto"));
    command.args(["-c", "config/mosquitto.conf"]).stdout(out.try_clone().unwrap()).stderr(out);
    if rustix::process::geteuid().is_root() {
        command.uid(1883).gid(1883);
    }
    let mut broker = Broker { process: Running(command.spawn().unwrap()), log };
    let said = |broker: &Broker| fs::read_to_string(&broker.log).unwrap();
    wait_for("the broker's start", || {
        let dead = broker.process.0.try_wait().unwrap();
        assert!(dead.is_none(), "{version} ended with {dead:?}: {}", said(&broker));
        said(&broker).contains(" running\n")
    });
    broker
}

/// What a broker does at these ports: a row of `x` and `.` for each.
fn behaviour(ports: &[u16]) -> Vec<String> {
    let knock = |port: u16, client: Option<(&str, &str)>, topic: &str| {
        let password = Secret::new(client.map(|(_, password)| password).unwrap_or_default());
        let attempt = Attempt {
            login: client.map(|(user, _)| (user, &password)),
            trip: Some(Trip::to(topic)),
            timeout: std::time::Duration::from_millis(1500),
            ..Attempt::new("127.0.0.1", port, format!("knock-{port}"))
        };
        if mqtt::attempt(&attempt).result.is_ok() { 'x' } else { '.' }
    };
    let row = |port: &u16| {
        CLIENTS.iter().flat_map(|client| TOPICS.iter().map(|topic| knock(*port, *client, topic))).collect()
    };
    ports.iter().map(row).collect()
}

/// A folder with two users in two password files, and an ACL.
fn folder() -> Sandbox {
    let sandbox = Sandbox::new();
    for (file, user) in [("ann", "ann"), ("bob", "bob")] {
        fs::create_dir_all(sandbox.dir.join("config")).unwrap();
        let program = peer("2.0.21", "mosquitto_passwd");
        sandbox.run(program, &["-c", "-b", &format!("config/{file}"), user, &user[..1]]).ok();
    }
    sandbox.write(
        "config/acl",
        "topic readwrite bob/#\nuser ann\ntopic readwrite ann/#\nuser bob\ntopic readwrite bob/#\n",
    );
    let give = "chown -R 1883:1883 config; chmod 700 config; chmod 600 config/*";
    if rustix::process::geteuid().is_root() {
        sandbox.run("sh", &["-c", give]).ok();
    }
    sandbox
}

/// The configurations, with PORT1 to PORT4 to fill in, and how many ports they open.
const CASES: [(&str, usize, bool); 4] = [
    (
        "# everything of its own\nper_listener_settings true\nlog_dest stdout\n\nlistener PORT1\npassword_file config/ann\nacl_file config/acl\nmax_connections 9\n\
         # open\nlistener PORT2 127.0.0.1\nallow_anonymous true\nacl_file config/acl\nlistener PORT3 127.0.0.1\npassword_file config/bob\nallow_anonymous true\n\
         listener PORT4 127.0.0.1\npassword_file config/ann\n",
        4,
        true,
    ),
    (
        "log_dest stdout\npassword_file config/bob\nacl_file config/acl\nallow_anonymous true\nretained_persistence false\nlistener PORT1\nmaximum_qos 1\nlistener PORT2 127.0.0.1\n",
        2,
        true,
    ),
    // without the plugins
    (
        "log_dest stdout\npassword_file config/bob\nauto_id_prefix x-\nlistener PORT1\nlistener PORT2 127.0.0.1\n",
        2,
        false,
    ),
    // the old way of saying it, with a listener that nobody wrote
    (
        "# old\nlog_dest stdout\nport PORT1\nallow_anonymous true\nmax_connections 7\nlistener PORT2 127.0.0.1\nacl_file config/acl\n",
        2,
        false,
    ),
];

#[test]
fn the_new_broker_does_what_the_old_one_did() {
    let plugins = peers().join("brokers/2.1.2/usr/lib/x86_64-linux-gnu/mosquitto").display().to_string();
    for (case, count, with_plugins) in CASES {
        let sandbox = folder();
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let conf = ports
            .iter()
            .zip(1..)
            .fold(case.to_owned(), |text, (port, number)| text.replace(&format!("PORT{number}"), &port.to_string()));
        sandbox.write("config/mosquitto.conf", &conf);
        let old = start(&sandbox, "2.0.21");
        let before = behaviour(&ports);
        assert!(before.iter().any(|row| row.contains('x') && row.contains('.')), "{before:?}");
        drop(old);

        let more: &[&str] = if with_plugins { &["--plugins", &plugins] } else { &[] };
        let printed = sandbox.mqsec(&[&["conf", "migrate", "--to", "2.1", "--print"], more].concat()).ok().stdout;
        assert_eq!(sandbox.read("config/mosquitto.conf"), conf, "--print writes nothing");
        let told = sandbox.mqsec(&[&["conf", "migrate", "--to", "2.1", "--json"], more].concat()).ok().json();
        let text = sandbox.read("config/mosquitto.conf");
        assert_eq!(text, printed);
        assert_eq!(sandbox.read(told["backup"].as_str().unwrap()), conf);
        let comments =
            |text: &str| text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(comments(&text), comments(&conf));

        let new = start(&sandbox, "2.1.2");
        assert_eq!(behaviour(&ports), before, "of the clients at each port\n{conf}\n{text}");
        let log = fs::read_to_string(&new.log).unwrap();
        assert!(!log.contains("eprecated"), "{log}");
        drop(new);
        // once is enough
        let again = sandbox.mqsec(&[&["conf", "migrate", "--to", "2.1", "--json"], more].concat()).ok().json();
        assert_eq!(again["changed"], false, "{again:#}");
    }
}

#[test]
fn what_mqsec_wrote_is_written_anew() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["conf", "init", "--listener", "tls:18883"]).ok();
    sandbox.mqsec(&["conf", "migrate", "--to", "2.1", "--plugins", "image"]).ok();
    let written = sandbox.read("config/mosquitto.conf");
    let command = "conf init --profile password+cert --listener tls:18883 --target 2.1 --plugins image --print";
    assert_eq!(sandbox.mqsec(&command.split(' ').collect::<Vec<_>>()).ok().stdout, written);
}

#[test]
fn what_cannot_be_migrated_is_left_as_it_was() {
    let sandbox = Sandbox::new();
    for (conf, status, code) in [
        ("per_listener_settings true\nlistener 1\npassword_file p\n", 2, "conf-migrate-plugins-unknown"),
        (
            "per_listener_settings true\nlistener 1\npsk_hint a\npsk_file a\nlistener 2\npsk_hint b\npsk_file b\n",
            1,
            "conf-migrate-cannot-differ",
        ),
        ("listener 1\nno_such_option 1\n", 1, "conf-would-not-start"),
    ] {
        sandbox.write("config/mosquitto.conf", conf);
        let said = sandbox.mqsec(&["conf", "migrate", "--to", "2.1"]).fails(status, code);
        assert!(said.stderr.contains("\n  hint: "), "{}", said.stderr);
        assert_eq!(sandbox.read("config/mosquitto.conf"), conf);
    }
    sandbox.mqsec(&["conf", "migrate", "--to", "3.0"]).fails(2, "usage");
}
