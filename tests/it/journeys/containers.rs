//! The same journey in containers of the stock image, through the compose file that mqsec writes.

use std::process::Command;

use crate::support::Sandbox;
use crate::support::may_use;
use crate::support::wait_for;

const IMAGES: [&str; 2] = ["eclipse-mosquitto:2.0.21", "eclipse-mosquitto:2.1.2-alpine"];

fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn journey(sandbox: &Sandbox, image: &str, container: &str, user: &str) {
    let port = sandbox.port.to_string();
    let args = ["up", "--engine", "docker", "--image", image, "--container", container, "--port", &port, "--json"];
    let up = sandbox.mqsec(&args).ok().json();
    assert_eq!((&up["secure"], &up["state"]), (&true.into(), &"started".into()), "{image} as {user}");

    // the broker runs as its operator, and sees of certs/ its own folder alone
    assert_eq!(docker(&["inspect", "--format", "{{.Config.User}}", container]).trim(), user);
    assert_eq!(docker(&["exec", container, "ls", "/mosquitto/certs"]).trim(), "broker");
    assert!(!docker(&["exec", container, "ls", "/mosquitto/certs/broker"]).contains("ca.key"));
    let written = docker(&["exec", container, "sh", "-c", "echo x > /mosquitto/config/x"]);
    assert!(written.contains("Read-only"), "{written}");

    let log = docker(&["logs", container]);
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("Warning") || line.contains("Error:")).collect();
    assert!(warnings.is_empty(), "{image} as {user}: {warnings:#?}");
    wait_for("a healthy container", || {
        docker(&["inspect", "--format", "{{.State.Health.Status}}", container]).trim() == "healthy"
    });

    // a change reaches the running container
    sandbox.mqsec_with_input(&["passwd", "add", "late", "--stdin"], "late secret\n").ok();
    assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
    sandbox.mqsec(&["test-connect", "late", "late secret", "admin"]).ok();
    sandbox.mqsec(&["broker-cert", "new.lan"]).ok();
    assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
    sandbox.mqsec(&["logs", "-n", "5"]).ok();

    sandbox.mqsec(&["down"]).ok();
    assert!(docker(&["inspect", container]).contains("No such"), "the container is still there");
}

fn name(what: &str) -> String {
    format!("mqsec-it-{}-{what}", std::process::id())
}

#[test]
fn as_root() {
    if may_use("root") && may_use("docker") {
        for image in IMAGES {
            journey(&Sandbox::new(), image, &name("root"), "1883:1883");
        }
    }
}

#[test]
fn as_an_ordinary_user() {
    if may_use("root") && may_use("docker") {
        for image in IMAGES {
            journey(&Sandbox::as_user(1000, "2.1.2"), image, &name("1000"), "1000:1000");
        }
    }
}

#[test]
fn as_the_user_of_the_stock_image() {
    if may_use("root") && may_use("docker") {
        for image in IMAGES {
            journey(&Sandbox::as_user(1883, "2.1.2"), image, &name("1883"), "1883:1883");
        }
    }
}

#[test]
fn docker_is_the_first_choice_and_another_folders_container_is_left_alone() {
    if !may_use("docker") {
        return;
    }
    let (first, second) = (Sandbox::new(), Sandbox::new());
    let container = name("shared");
    let up = |sandbox: &Sandbox| {
        let port = sandbox.port.to_string();
        sandbox.mqsec(&["up", "--container", &container, "--port", &port, "--json"])
    };
    let told = up(&first).ok().json();
    assert!(told["engine"].as_str().unwrap().starts_with("Docker Compose"), "{told}");
    up(&second).fails(2, "container-name-taken");
    assert_eq!(first.mqsec(&["status", "--json"]).ok().json()["answers"], true);
    // the other engine is not started beside it
    first.mqsec(&["up", "--engine", "native"]).fails(2, "engine-other-running");
}

#[test]
fn another_folder_of_the_same_name_is_left_alone() {
    if !may_use("docker") {
        return;
    }
    let (first, second) = (Sandbox::new(), Sandbox::new());
    let up = |sandbox: &Sandbox, container: &str| {
        let mut command = sandbox.command(crate::support::binary());
        command.args(["up", "--container", container, "--port", &sandbox.port.to_string()]);
        crate::support::Said::of(command.env("COMPOSE_PROJECT_NAME", name("twin")).output().unwrap())
    };
    up(&first, &name("twin-1")).ok();
    up(&second, &name("twin-2")).fails(2, "compose-project-taken");
    assert_eq!(first.mqsec(&["status", "--json"]).ok().json()["answers"], true);
    let mut down = first.command(crate::support::binary());
    assert!(down.arg("down").env("COMPOSE_PROJECT_NAME", name("twin")).status().unwrap().success());
}

#[test]
fn an_image_that_cannot_be_had_is_told_and_an_installed_broker_takes_over() {
    if !may_use("docker") {
        return;
    }
    let sandbox = Sandbox::new();
    let port = sandbox.port.to_string();
    let image = "localhost:1/no-such-image:0";
    let args = ["up", "--image", image, "--container", &name("none"), "--port", &port];
    sandbox.mqsec(&[&args[..], &["--engine", "docker"]].concat()).fails(2, "image-not-pulled");
    let told = sandbox.mqsec(&args).ok();
    assert!(told.stderr.contains("cannot be pulled"), "{}", told.stderr);
    assert!(told.stdout.contains("mosquitto 2.1.2"), "{}", told.stdout);
}

#[test]
fn a_container_that_dies_is_told_with_its_last_lines() {
    if !may_use("docker") {
        return;
    }
    let sandbox = Sandbox::new();
    let port = sandbox.port.to_string();
    let container = name("dies");
    let args = ["up", "--engine", "docker", "--container", &container, "--port", &port];
    sandbox.mqsec(&args).ok();
    sandbox.mqsec(&["down"]).ok();
    let conf = sandbox.read("config/mosquitto.conf");
    sandbox.write("config/mosquitto.conf", format!("{conf}no_such_option true\n"));
    let told = sandbox.mqsec(&["up", "--engine", "docker"]).fails(2, "broker-died");
    assert!(told.stderr.contains("no_such_option"), "{}", told.stderr);
    assert!(docker(&["inspect", &container]).contains("No such"), "it keeps being restarted");
}
