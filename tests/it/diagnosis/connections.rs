//! Why a client does not get in, and why a broker does not start.

use std::net::TcpListener;

use crate::support::Sandbox;
use crate::support::VERSIONS;

#[test]
fn test_connect_names_the_cause_whatever_the_brokers_version() {
    for version in VERSIONS {
        let (sandbox, other) = (Sandbox::with_broker(version), Sandbox::new());
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["test-connect"]).ok();
        other.mqsec(&["ca", "init"]).ok();
        other.mqsec(&["client-cert", "admin"]).ok();
        let password = sandbox.password("admin");
        let test = |args: &[&str]| sandbox.mqsec(&[&["test-connect", "admin", &password], args].concat());
        let theirs = |name: &str| other.dir.join(name).display().to_string();

        let told = sandbox.mqsec(&["test-connect", "admin", "wrong", "admin"]).fails(1, "password-wrong");
        assert!(told.stdout.contains("Return code: 135 (MQTT 3.1.1: 5)"), "{}", told.stdout);
        assert!(!format!("{told:?}").contains("not-the-one"), "{told:?}");
        sandbox.mqsec(&["test-connect", "nobody", "x", "admin"]).fails(1, "user-unknown");
        let (cert, key) = (theirs("certs/client/admin/admin.crt"), theirs("certs/client/admin/admin.key"));
        test(&["--cert", &cert, "--key", &key]).fails(1, "tls-client-other-authority");
        // a name without a certificate of its own: under TLS 1.3 the broker refuses after the handshake
        sandbox.mqsec(&["test-connect", "client"]).fails(1, "tls-client-certificate-missing");
        sandbox.mqsec(&["test-connect", "client", "--client", "admin"]).ok();
        test(&["--ca", &theirs("certs/ca.crt")]).fails(1, "tls-broker-other-authority");
        let told = test(&["--host", "127.0.0.2"]).fails(1, "tls-name-mismatch");
        assert!(told.stderr.contains("it is valid for:") && told.stderr.contains("`localhost`"), "{}", told.stderr);
        let told = test(&["--plain"]).fails(2, "connect-refused");
        let hint = format!("hint: mqsec test-connect --port {}", sandbox.port);
        assert!(told.stderr.contains(&hint), "{}", told.stderr);
        test(&["--host", "no-such-host.invalid"]).fails(2, "name-not-resolved");
        test(&["--host", "not a host"]).exits(2);
        let mixed = sandbox.dir.join("certs/client/admin/admin.crt").display().to_string();
        test(&["--cert", &mixed, "--key", &key]).fails(2, "key-mismatch");
        test(&["--topic", "a/#"]).fails(2, "topic-invalid");
        for host in ["localhost", "127.0.0.1", "::1", "[::1]"] {
            test(&["--host", host]).ok();
        }
        // the password without an argument, from each of its places
        sandbox.mqsec_with_input(&["test-connect", "admin", "--password-stdin"], &format!("{password}\n")).ok();
        sandbox.mqsec_with_input(&["test-connect", "admin", "--password-stdin"], "x\n").fails(1, "password-wrong");
        sandbox.write("secret", format!("{password}\r\n"));
        sandbox.mqsec(&["test-connect", "admin", "--password-file", "secret"]).ok();
        let mut command = sandbox.command(crate::support::binary());
        let from_environment = command.args(["test-connect", "admin"]).env("MQSEC_PASSWORD", "x").output().unwrap();
        crate::support::Said::of(from_environment).fails(1, "password-wrong");
        test(&["--sni", "localhost", "--host", "127.0.0.2"]).ok();
        test(&["--will", "test/will", "--mqtt", "3.1.1", "--qos", "2", "--size", "5000", "--client-id", "me"]).ok();
        let told = test(&["--json"]).ok().json();
        assert_eq!((&told["return_code"], &told["message_returned"]), (&0.into(), &true.into()));
        assert!(!told.to_string().contains(&password));
    }
}

#[test]
fn a_denied_topic_is_not_taken_for_a_success() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["down"]).ok();
        let conf = sandbox.read("config/mosquitto.conf");
        let acl = |text: &str| {
            let path = sandbox.write("config/acl", text);
            std::os::unix::fs::chown(path, Some(owner(&sandbox)), Some(owner(&sandbox))).unwrap();
            std::fs::set_permissions(
                sandbox.dir.join("config/acl"),
                std::os::unix::fs::PermissionsExt::from_mode(0o600),
            )
            .unwrap();
            sandbox
                .write("config/mosquitto.conf", conf.replace("acl_file config/mosquitto.acl", "acl_file config/acl"));
            sandbox.mqsec(&["up", "--engine", "native"])
        };
        // the proofs fail with the ACL, and say so by their exit status
        acl("user admin\ntopic read test/#\n").exits(1);
        sandbox.mqsec(&["test-connect"]).fails(1, "publish-denied");
        sandbox.mqsec(&["down"]).ok();
        acl("user admin\ntopic write test/#\n").exits(1);
        sandbox.mqsec(&["test-connect", "--timeout", "2"]).fails(1, "delivery-denied");
    }
}

/// Who the broker of a sandbox runs as.
fn owner(sandbox: &Sandbox) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(sandbox.dir.join("config")).unwrap())
}

#[test]
fn a_broker_that_cannot_start_is_told_with_its_own_words() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        let taken = TcpListener::bind(("0.0.0.0", sandbox.port)).unwrap();
        sandbox.up_native(&[]).fails(2, "port-in-use");
        drop(taken);
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["down"]).ok();
        let conf = sandbox.read("config/mosquitto.conf");
        sandbox.write("config/mosquitto.conf", format!("{conf}no_such_option true\n"));
        let told = sandbox.mqsec(&["up", "--engine", "native"]).fails(2, "broker-died");
        assert!(told.stderr.contains("no_such_option"), "{}", told.stderr);
        sandbox.mqsec(&["status"]).exits(1);
        // before its log is open a broker speaks elsewhere; that is found too
        std::fs::remove_file(sandbox.dir.join("log/mosquitto.log")).unwrap();
        let told = sandbox.mqsec(&["logs"]).ok();
        assert!(told.stdout.contains("no_such_option"), "{}", told.stdout);
        sandbox.write("config/mosquitto.conf", conf.replace("mosquitto.passwd", "no-such-file"));
        let told = sandbox.mqsec(&["up", "--engine", "native"]).fails(2, "broker-died");
        assert!(told.stderr.contains("no-such-file"), "{}", told.stderr);
    }
}

#[test]
fn an_engine_that_is_not_there_is_told() {
    let sandbox = Sandbox::new();
    let port = sandbox.port.to_string();
    let up = |path: &str, host: &str, engine: &str| {
        let mut command = sandbox.command(crate::support::binary());
        command.args(["up", "--engine", engine, "--port", &port]).env("PATH", path).env("DOCKER_HOST", host);
        crate::support::Said::of(command.output().unwrap())
    };
    up("/nowhere", "", "docker").fails(2, "docker-missing");
    if crate::support::may_use("docker") {
        let path = "/usr/local/bin:/usr/bin:/bin";
        up(path, "unix:///nowhere/docker.sock", "docker").fails(2, "docker-not-running");
        if crate::support::may_use("root") {
            let mut command = std::process::Command::new("setpriv");
            command.args(["--reuid=1000", "--regid=1000", "--clear-groups"]).arg(crate::support::binary());
            let user = Sandbox::as_user(1000, "2.1.2");
            command.args(["up", "--engine", "docker", "--port", &port]).current_dir(&user.dir);
            crate::support::Said::of(command.output().unwrap()).fails(2, "docker-permission-denied");
        }
    }
}

#[test]
fn a_broker_that_is_not_installed_is_installed_only_when_that_is_agreed_to() {
    let usual = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];
    if let Some(there) = usual.iter().find(|path| std::path::Path::new(path).exists()) {
        crate::support::tell(&format!("SKIPPED: this machine has {there}, which mqsec would find"));
        return;
    }
    let sandbox = Sandbox::new();
    let port = sandbox.port.to_string();
    let bin = sandbox.base.join("bin");
    std::fs::create_dir(&bin).unwrap();
    // a package manager that installs, into the only folder of the PATH
    let broker = crate::support::peer("2.0.21", "mosquitto");
    let installed = bin.join("mosquitto");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *install*) /bin/ln -s {} {};; esac\n",
        broker.display(),
        installed.display()
    );
    std::fs::write(bin.join("apt-get"), script).unwrap();
    std::fs::set_permissions(bin.join("apt-get"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let up = |args: &[&str]| {
        let mut command = sandbox.command(crate::support::binary());
        command.args(["up", "--port", &port]).args(args).env("PATH", &bin);
        crate::support::Said::of(command.output().unwrap())
    };
    let told = up(&[]).fails(2, "mosquitto-missing");
    assert!(told.stderr.contains("apt-get -q -y install mosquitto"), "{}", told.stderr);
    assert!(!installed.exists());
    let told = up(&["--yes"]).ok();
    assert!(told.stdout.contains("8 of 8 proofs hold"), "{}", told.stdout);
}

#[test]
fn certificates_whose_period_is_over_are_told_and_up_issues_them_anew() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        // -days -1 also makes a period that ends before it begins; without extensions the certificate is X.509 v1
        let expire = |pair: &str, extensions: &str| {
            let signed = format!(
                "printf '{extensions}' > ext && openssl x509 -req -in {pair}.csr -CA certs/ca.crt -CAkey certs/ca.key \
                 -days -1 -extfile ext -out new.crt && cat new.crt > {pair}.crt"
            );
            sandbox.run("sh", &["-c", &signed]).ok();
        };
        for extensions in ["extendedKeyUsage=clientAuth", ""] {
            expire("certs/client/admin/admin", extensions);
            sandbox.mqsec(&["verify", "admin"]).exits(1);
            sandbox.mqsec(&["test-connect"]).fails(1, "tls-client-expired");
            sandbox.mqsec(&["up"]).ok();
            sandbox.mqsec(&["test-connect"]).ok();
        }
        expire("certs/broker/broker", "subjectAltName=DNS:localhost");
        let pid = sandbox.read(".mqsec/broker.pid");
        sandbox.run("kill", &["-HUP", pid.lines().next().unwrap()]).ok();
        crate::support::wait_for("the expired certificate", || {
            sandbox.mqsec(&["test-connect"]).code() == Some("tls-broker-expired")
        });
        assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
        sandbox.mqsec(&["test-connect"]).ok();
        sandbox.mqsec(&["verify"]).ok();
    }
}
