//! After the login: permissions, limits, and the end of a session.

use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use super::maker::World;
use super::maker::everywhere;
use super::theirs::finish;
use super::theirs::quote;
use crate::support::Running;
use crate::support::Said;
use crate::support::peer;
use crate::support::peers;
use crate::support::wait_for;

const SHORT: [&str; 2] = ["--timeout", "2"];

#[test]
fn publishing_is_denied() {
    everywhere(|world| {
        world.acl("user admin\ntopic read test/#\n").start();
        for (mqtt, qos) in [("5", "1"), ("5", "2"), ("5", "0"), ("3.1.1", "0"), ("3.1.1", "1"), ("3.1.1", "2")] {
            let title = format!("publishing is denied, MQTT {mqtt}, QoS {qos}");
            world.says(&title, 1, "publish-denied", &["--mqtt", mqtt, "--qos", qos, "--timeout", "2"]);
        }
        for mqtt in ["5", "3.1.1"] {
            let args = ["--expect-denied", "--mqtt", mqtt, "--timeout", "2"];
            world.check("publishing is denied, as expected", 0, "", &args);
        }
    });
}

/// What a subscriber sees.
fn subscriber_says(world: &World, title: &str, code: &str, args: &[&str]) {
    let theirs = world.shown.then(|| world.mosquitto("mosquitto_sub", args));
    let said = world.check(title, 1, code, args);
    world.row(title, theirs, &said);
}

#[test]
fn delivery_is_denied() {
    everywhere(|world| {
        world.acl("user admin\ntopic write test/#\n").start();
        for mqtt in ["5", "3.1.1"] {
            let title = format!("the subscription is taken, but nothing is delivered, MQTT {mqtt}");
            let args = [&["--mqtt", mqtt][..], &SHORT].concat();
            subscriber_says(world, &title, "delivery-denied", &args);
            world.check(&title, 0, "", &[&args[..], &["--expect-denied"]].concat());
        }
    });
}

#[test]
fn what_should_be_denied_is_allowed() {
    everywhere(|world| {
        world.acl("user admin\ntopic readwrite test/#\n").start();
        for mqtt in ["5", "3.1.1"] {
            let title = format!("what should be denied is allowed, MQTT {mqtt}");
            world.says(&title, 1, "not-denied", &["--expect-denied", "--mqtt", mqtt]);
        }
        for mqtt in ["5", "3.1.1"] {
            let title = format!("the will's topic is denied, MQTT {mqtt}");
            world.says(&title, 1, "will-denied", &[&["--will", "secret/will", "--mqtt", mqtt][..], &SHORT].concat());
        }
        world.check("the will's topic is allowed", 0, "", &["--will", "test/will"]);
    });
}

/// Where a version keeps the plugin.
fn dynamic_security(version: &str) -> String {
    let lib = peers().join("brokers").join(version).join("usr/lib");
    let found = Command::new("find").arg(lib).args(["-name", "mosquitto_dynamic_security.so"]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().next().expect("the plugin").to_owned()
}

/// A broker with the plugin in place of the files: `boss` and `guest`, who may subscribe to all and publish nothing but
/// commands, after these changes.
fn start_with_plugin(world: &World, change: impl Fn(&mut serde_json::Value)) {
    let file = world.sandbox.dir.join("config/dynsec.json").display().to_string();
    world.sandbox.run(peer(world.version, "mosquitto_ctrl"), &["dynsec", "init", &file, "boss", "boss"]).ok();
    let mut settings: serde_json::Value = serde_json::from_str(&world.sandbox.read("config/dynsec.json")).unwrap();
    let mut guest = settings["clients"][0].clone();
    guest["username"] = "guest".into();
    settings["clients"].as_array_mut().unwrap().push(guest);
    change(&mut settings);
    world.sandbox.write("config/dynsec.json", settings.to_string());
    let plugin = dynamic_security(world.version);
    let lines = format!("plugin {plugin}\nplugin_opt_config_file config/dynsec.json\nallow_anonymous");
    world.conf(&[
        ("allow_anonymous", &lines),
        ("password_file config/mosquitto.passwd\n", ""),
        ("acl_file config/mosquitto.acl\n", ""),
    ]);
    world.start();
}

const GUEST: [&str; 3] = ["guest", "boss", "admin"];

#[test]
fn the_plugin_denies_publishing() {
    everywhere(|world| {
        start_with_plugin(world, |_| {});
        for mqtt in ["5", "3.1.1"] {
            let args = [&GUEST[..], &["--mqtt", mqtt], &SHORT].concat();
            world.says(&format!("a plugin denies publishing, MQTT {mqtt}"), 1, "publish-denied", &args);
        }
    });
}

#[test]
fn the_plugin_denies_the_subscription() {
    everywhere(|world| {
        start_with_plugin(world, |settings| {
            settings["defaultACLAccess"]["publishClientSend"] = true.into();
            let rules = settings["roles"][0]["acls"].as_array_mut().unwrap();
            rules.retain(|rule| rule["acltype"] != "subscribePattern");
        });
        for mqtt in ["5", "3.1.1"] {
            let args = [&GUEST[..], &["--mqtt", mqtt], &SHORT].concat();
            subscriber_says(
                world,
                &format!("a plugin denies the subscription, MQTT {mqtt}"),
                "subscribe-denied",
                &args,
            );
        }
        world.check("a plugin denies, as expected", 0, "", &[&GUEST[..], &["--expect-denied"], &SHORT].concat());
    });
}

#[test]
fn the_plugin_disables_the_user_mid_session() {
    everywhere(|world| {
        start_with_plugin(world, |settings| settings["defaultACLAccess"]["publishClientSend"] = true.into());
        disturbed(world, "a plugin disables the user mid-session", 2, "session-ended", &GUEST, |_| {
            let mut command = world.sandbox.command(peer(world.version, "mosquitto_ctrl"));
            let port = world.sandbox.port.to_string();
            command.args(["-h", "localhost", "-p", &port, "-u", "boss", "-P", "boss", "--cafile", "certs/ca.crt"]);
            command.args(["--cert", "certs/client/admin/admin.crt", "--key", "certs/client/admin/admin.key"]);
            Said::of(command.args(["dynsec", "disableClient", "guest"]).output().unwrap()).ok();
        });
    });
}

#[test]
fn the_qos_is_too_high() {
    everywhere(|world| {
        world.listener("max_qos 1").start();
        for mqtt in ["5", "3.1.1"] {
            let title = format!("the QoS is higher than max_qos, MQTT {mqtt}");
            world.says(&title, 1, "qos-not-supported", &["--qos", "2", "--mqtt", mqtt]);
        }
    });
}

#[test]
fn a_packet_is_too_large() {
    everywhere(|world| {
        world.conf(&[("max_packet_size 1048576", "max_packet_size 2000")]).start();
        for mqtt in ["5", "3.1.1"] {
            let title = format!("the packet is larger than max_packet_size, MQTT {mqtt}");
            world.says(&title, 1, "packet-too-large", &["--size", "5000", "--mqtt", mqtt]);
        }
        world.check("a packet that fits", 0, "", &["--size", "1500"]);
    });
}

#[test]
fn a_message_is_too_large() {
    everywhere(|world| {
        world.conf(&[("max_packet_size 1048576", "message_size_limit 2000")]).start();
        for mqtt in ["5", "3.1.1"] {
            let title = format!("the message is larger than message_size_limit, MQTT {mqtt}");
            let args = [&["--size", "5000", "--mqtt", mqtt][..], &SHORT].concat();
            world.says(&title, 1, "packet-too-large", &args);
        }
    });
}

/// A subscriber of the same version that stays.
fn subscriber(world: &World, id: &str) -> Running {
    let mut command = world.sandbox.command(peer(world.version, "mosquitto_sub"));
    let (port, password) = (world.sandbox.port.to_string(), world.sandbox.password("admin"));
    command.args(["-h", "localhost", "-p", &port, "-u", "admin", "-P", &password, "-i", id, "-t", "test/#"]);
    command.args(["--cafile", "certs/ca.crt", "--cert", "certs/client/admin/admin.crt"]);
    command.args(["--key", "certs/client/admin/admin.key"]);
    Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn there_is_no_room_for_one_more() {
    everywhere(|world| {
        world.listener("max_connections 1").start();
        let _first = subscriber(world, "first");
        world.logged(" as first ");
        world.says("the listener has its max_connections", 1, "max-connections", &[]);
        world.check("max_connections, TLS 1.2", 1, "max-connections", &["--tls", "1.2"]);
    });
}

/// `mqsec test-connect` with a session that stays, into which something comes; and `mosquitto_pub`, which stays as well.
/// What comes is told the client ids.
fn disturbed(world: &World, title: &str, status: i32, code: &str, args: &[&str], disturb: impl FnOnce(&[&str])) {
    let ids = ["mqsec", "pub"].map(|name| format!("{name}-{}", world.log().len()));
    let with = |id| [args, &["--client-id", id, "--hold", "8", "--timeout", "10"]].concat();
    let mut mqsec = world.test_connect(&with(&ids[0])).spawn().unwrap();
    let mut theirs = world.shown.then(|| {
        let mut command = world.client("mosquitto_pub", &with(&ids[1]));
        Running(command.stdin(Stdio::piped()).spawn().unwrap())
    });
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.truncate(1 + usize::from(world.shown));
    wait_for("the session", || {
        let log = world.log();
        mqsec.try_wait().unwrap().is_some() || ids.iter().all(|id| log.contains(&format!(" as {id} ")))
    });
    // past the round trip, which takes some milliseconds
    std::thread::sleep(Duration::from_millis(300));
    disturb(&ids);
    let said = Said::of(mqsec.wait_with_output().unwrap());
    world.judge(title, status, code, &said);
    let theirs = theirs.take().map(|theirs| quote("mosquitto_pub", finish(theirs, Duration::from_millis(2500))));
    world.row(title, theirs, &said);
}

#[test]
fn the_session_is_taken_over() {
    everywhere(|world| {
        world.start();
        for mqtt in ["5", "3.1.1"] {
            let title = format!("another client takes the client id, MQTT {mqtt}");
            let mut others = Vec::new();
            disturbed(world, &title, 1, "session-taken-over", &["--mqtt", mqtt], |ids| {
                others.extend(ids.iter().map(|id| subscriber(world, id)));
            });
        }
    });
}

#[test]
fn the_broker_ends_mid_session() {
    everywhere(|world| {
        for signal in ["TERM", "KILL"] {
            for mqtt in ["5", "3.1.1"] {
                world.start();
                let title = format!("the broker ends mid-session, SIG{signal}, MQTT {mqtt}");
                disturbed(world, &title, 2, "broker-stopped", &["--mqtt", mqtt], |_| world.signal(signal));
            }
        }
    });
}

#[test]
fn the_user_is_removed_mid_session() {
    everywhere(|world| {
        world.start();
        disturbed(world, "the user is removed mid-session", 1, "user-unknown", &[], |_| {
            world.sandbox.write("config/mosquitto.passwd", "");
            world.reload();
        });
    });
}
