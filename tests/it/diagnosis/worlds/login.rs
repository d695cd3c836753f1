//! CONNECT is refused.

use super::maker::World;
use super::maker::everywhere;
use super::maker::in_every;

/// In MQTT 5 and in 3.1.1; the table has the first.
fn both(world: &World, title: &str, status: i32, code: &str, args: &[&str]) {
    world.says(title, status, code, args);
    world.check(&format!("{title} (MQTT 3.1.1)"), status, code, &[args, &["--mqtt", "3.1.1"]].concat());
}

#[test]
fn user_and_password() {
    everywhere(|world| {
        world.has_client("good").start();
        both(world, "the password is wrong", 1, "password-wrong", &["admin", "wrong", "admin"]);
        both(world, "the user is unknown", 1, "user-unknown", &["nobody", "wrong", "good"]);
        both(world, "no user and no password are sent", 1, "login-missing", &["--anonymous", "--client", "admin"]);
        // a folder that knows the broker's name alone cannot tell which of them it is
        std::fs::rename(world.sandbox.dir.join("config"), world.sandbox.dir.join("elsewhere")).unwrap();
        let title = "the login is refused, and the broker's files are not at hand";
        both(world, title, 1, "login-refused", &["admin", "wrong", "admin"]);
    });
}

#[test]
fn a_password_file_that_the_broker_has_not_read() {
    everywhere(|world| {
        world.start();
        let passwd = |args: &[&str], password: &str| world.sandbox.mqsec_with_input(args, password).ok();
        passwd(&["passwd", "set", "admin", "--stdin"], "changed\n");
        passwd(&["passwd", "add", "late", "--stdin"], "secret\n");
        // what mqsec signals is the broker that it started itself, and this is not one
        let log = world.log();
        assert!(!log.contains("Reloading"), "{log}");
        let title = "the password was changed, but the broker has not read it";
        both(world, title, 1, "passwd-not-reloaded", &["admin", "changed", "admin"]);
        let title = "the user was added, but the broker has not read it";
        both(world, title, 1, "passwd-not-reloaded", &["late", "secret", "admin"]);
        world.check("neither old nor new", 1, "password-wrong", &["admin", "neither", "admin"]);
        world.reload();
        world.check("after the reload", 0, "", &["admin", "changed", "admin"]);
    });
}

#[test]
fn the_client_id_is_refused() {
    everywhere(|world| {
        world.conf(&[("allow_anonymous", "clientid_prefixes sensor-\nallow_anonymous")]).start();
        both(world, "the client id lacks the prefix", 1, "client-id-refused", &["--client-id", "lamp-1"]);
        world.check("with the prefix", 0, "", &["--client-id", "sensor-1"]);
    });
}

#[test]
fn an_empty_client_id_is_refused() {
    everywhere(|world| {
        world.conf(&[("allow_anonymous", "allow_zero_length_clientid false\nallow_anonymous")]).start();
        both(world, "an empty client id is forbidden", 1, "client-id-refused", &["--client-id", ""]);
    });
}

#[test]
fn the_version_of_mqtt_is_refused() {
    in_every(&["2.1.2"], |world| {
        world.listener("accept_protocol_versions 4").start();
        world.says("the broker speaks MQTT 3.1.1 only", 1, "mqtt-version-refused", &["--mqtt", "5"]);
        world.check("3.1.1", 0, "", &["--mqtt", "3.1.1"]);
    });
}

#[test]
fn the_old_version_of_mqtt_is_refused() {
    in_every(&["2.1.2"], |world| {
        world.listener("accept_protocol_versions 5").start();
        world.says("the broker speaks MQTT 5 only", 1, "mqtt-version-refused", &["--mqtt", "3.1.1"]);
        world.check("5", 0, "", &["--mqtt", "5"]);
    });
}
