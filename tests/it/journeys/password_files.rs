//! `passwd check`, `lint`, `import` and `bench`: what they say, and what they leave as it was.

use serde_json::json;

use crate::support::Said;
use crate::support::Sandbox;

const OLD: &str =
    "$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==";
const NEW: &str = "$7$1000$JRzYOKw9G765aB0tRZLvB/cQlO4vmBJ7s40J2blnVHpm94qSOQFP5eoJoT77HB8Txr74dM/4+Fxs/yaBPI+Cqg==$/AzxlaouIar69rqVlcBSPjeVcEe4kSr0dOnZm71ZwIWWWNHP3YsOeuigGWyrBV7oPxgf03cjG52w9s2yK27Drw==";
const PASSWD: &str = "config/mosquitto.passwd";

fn check(sandbox: &Sandbox, password: &str, args: &[&str]) -> Said {
    sandbox.mqsec_with_input(&[&["passwd", "check", "--stdin"], args].concat(), &format!("{password}\n"))
}

#[test]
fn check_says_by_which_series_a_password_is_let_in() {
    let sandbox = Sandbox::new();
    check(&sandbox, "x", &["a"]).fails(2, "passwd-missing");
    sandbox.write(PASSWD, format!("a:{OLD}\nb:{NEW}\n"));
    check(&sandbox, "secret", &["a"]).ok();
    let said = check(&sandbox, "wrong", &["a"]).exits(1);
    assert!(said.stdout.contains("is not the password") && !said.stdout.contains("wrong"), "{said:?}");
    check(&sandbox, "secret", &["c"]).fails(2, "user-not-found");
    let said = check(&sandbox, "secret", &["b", "--json"]).exits(1).json();
    assert_eq!(
        (&said["matches"], &said["series"][0]["lets_in"], &said["series"][1]["lets_in"]),
        (&json!(true), &json!(false), &json!(true))
    );
    check(&sandbox, "secret", &["b", "--target", "2.1"]).ok();
    sandbox.write(PASSWD, format!("a:{OLD}\nb:plain\n"));
    let said = check(&sandbox, "secret", &["a"]).exits(1);
    assert!(said.stdout.contains("does not start: line 2"), "{said:?}");
    check(&sandbox, "secret", &["a", "--target", "2.0"]).ok();
    // no terminal, nothing given
    sandbox.mqsec(&["passwd", "check", "a"]).fails(2, "password-needed");
    let mut command = sandbox.command(crate::support::binary());
    let command = command.args(["passwd", "check", "a", "--target", "2.0"]).env("MQSEC_PASSWORD", "secret");
    Said::of(command.output().unwrap()).ok();
}

#[test]
fn lint_tells_each_trouble_once_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["passwd", "lint"]).fails(2, "passwd-missing");
    let text = format!(
        "a:{OLD}\nb:Kitchen-2024\nc:$2y$05$x\na:{OLD}\n\nd:{NEW}\nno colon\n  # e: x\nf:{}\nz:{OLD}",
        OLD.replace("$101$", "$210000$")
    );
    let file = sandbox.write("other", text);
    let file = file.to_str().unwrap();
    let said = sandbox.mqsec(&["passwd", "lint", file, "--json"]).exits(1).json();
    let told: Vec<_> = said["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["rule"].as_str().unwrap(), f["line"].as_u64()))
        .collect();
    let expected = [
        ("passwd-plain-text", Some(2)),
        ("passwd-line-unreadable", Some(3)),
        ("passwd-user-twice", Some(4)),
        ("passwd-line-unreadable", Some(8)),
        ("passwd-comment", Some(5)),
        ("passwd-salt-64", Some(6)),
        ("passwd-line-ignored", Some(7)),
        ("passwd-iterations-high", Some(9)),
        ("passwd-no-final-newline", Some(10)),
    ];
    let mut rest = told.clone();
    for one in expected {
        let at = rest.iter().position(|told| *told == one).unwrap_or_else(|| panic!("{one:?} in {told:?}"));
        rest.remove(at);
    }
    assert!(rest.iter().all(|(rule, _)| *rule == "passwd-iterations-low"), "{rest:?}");
    let said = sandbox.mqsec(&["passwd", "lint", file]).exits(1);
    assert!(said.stdout.contains(&format!("{file}:2:3: error[passwd-plain-text]")), "{said:?}");
    assert!(!said.stdout.contains("Kitchen-2024"), "a password is told: {said:?}");
    let said = sandbox.mqsec(&["passwd", "lint", file, "--target", "2.1", "--json"]).exits(1);
    assert!(!said.stdout.contains("passwd-salt-64"), "{said:?}");
}

#[test]
fn lint_of_what_mqsec_wrote_is_silent() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_1=a\nPASS_1='x y'\n");
    sandbox.mqsec(&["passwd"]).ok();
    sandbox.mqsec(&["passwd", "lint"]).ok();
    sandbox.write(".env", "USER_1=a\nPASS_1='other'\nUSER_2=b\nPASS_2=b\n");
    let said = sandbox.mqsec(&["passwd", "lint", "--json"]).exits(1).json();
    assert_eq!(said["findings"].as_array().unwrap().len(), 2, "{said}");
    assert!(
        said["findings"].as_array().unwrap().iter().all(|finding| finding["rule"] == "passwd-env-differs"),
        "{said}"
    );
}

#[test]
fn import_takes_over_all_or_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write(PASSWD, format!("# mine\nold:{OLD}\n"));
    let before = sandbox.read(PASSWD);
    sandbox.mqsec(&["passwd", "import", "none"]).fails(2, "file-not-found");
    sandbox.write("list", "good:x\nno colon\nb:$2y$05$abc\nc:PBKDF2$sha512$1$a$b\nd:$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\n");
    let said = sandbox.mqsec(&["passwd", "import", "list"]).fails(2, "passwd-import-refused");
    for line in ["line 2", "line 3", "line 4", "line 5", "bcrypt", "go-auth", "mkpasswd"] {
        assert!(said.stderr.contains(line), "{line}: {said:?}");
    }
    assert_eq!(sandbox.read(PASSWD), before);
    let said = sandbox.mqsec(&["passwd", "import", "list", "--skip", "--json"]).exits(1).json();
    assert_eq!((&said["added"], said["refused"].as_array().unwrap().len()), (&json!(["good"]), 4));
    assert!(sandbox.read(PASSWD).starts_with(&before), "what was there is kept");
    check(&sandbox, "x", &["good"]).ok();

    sandbox.write("list", format!("good:other\nkept:{OLD}\nfits:pa:ss $1\nold:secret\n"));
    let before = sandbox.read(PASSWD);
    let said = sandbox.mqsec(&["passwd", "import", "list"]).fails(2, "passwd-import-conflict");
    assert!(said.stderr.contains("`good`") && !said.stderr.contains("`old`"), "{said:?}");
    assert_eq!(sandbox.read(PASSWD), before);
    let said = sandbox.mqsec(&["passwd", "import", "list", "--force"]).ok();
    assert!(said.stderr.contains("in clear") && !said.stdout.contains("pa:ss"), "{said:?}");
    for (user, password) in [("good", "other"), ("kept", "secret"), ("fits", "pa:ss $1"), ("old", "secret")] {
        check(&sandbox, password, &[user]).ok();
    }
    assert!(sandbox.read(PASSWD).contains(&format!("kept:{OLD}\n")), "a hash is kept as it is");
    let before = sandbox.read(PASSWD);
    let said = sandbox.mqsec(&["passwd", "import", "list", "--json"]).ok().json();
    assert_eq!(
        (said["unchanged"].as_array().unwrap().len(), sandbox.read(PASSWD)),
        (4, before),
        "a second time nothing changes"
    );
    sandbox.write("list", "\n# nobody\n");
    sandbox.mqsec(&["passwd", "import", "list"]).fails(2, "passwd-import-empty");
}

#[test]
fn import_reads_an_env_file_and_a_big_one() {
    let sandbox = Sandbox::new();
    sandbox.write("other.env", "BROKER_CN=x\nexport USER_1=a\nPASS_1='it:s $1'\nUSER_2=b\nPASS_2=c\n");
    sandbox.mqsec(&["passwd", "import", "other.env"]).ok();
    check(&sandbox, "it:s $1", &["a"]).ok();
    sandbox.write("bad.env", "USER_1=a\nPASS_1=pa$word\n");
    sandbox.mqsec(&["passwd", "import", "bad.env"]).fails(2, "env-value-ambiguous");
    let big: String = (0..20_000).map(|number| format!("user{number}:{OLD}\n")).collect();
    sandbox.write("big", big);
    let said = sandbox.mqsec(&["passwd", "import", "big", "--json"]).ok().json();
    assert_eq!(said["added"].as_array().unwrap().len(), 20_000);
    check(&sandbox, "secret", &["user19999"]).ok();
}

#[test]
fn comments_and_other_peoples_lines_survive_every_change() {
    let sandbox = Sandbox::new();
    let mine = format!("# mine\r\n\r\n a : {OLD} : more\r\nb:{OLD}");
    sandbox.write(PASSWD, format!("\u{feff}{mine}"));
    let said = sandbox.mqsec_with_input(&["passwd", "add", "c", "--stdin"], "x\n").ok();
    assert!(said.stderr.contains("byte order mark"), "{said:?}");
    assert!(sandbox.read(PASSWD).starts_with(&format!("{mine}\nc:$7$1000$")));
    sandbox.mqsec(&["passwd", "del", "c"]).ok();
    assert_eq!(sandbox.read(PASSWD), format!("{mine}\n"));
}

#[test]
fn bench_measures_every_number_of_the_table() {
    let sandbox = Sandbox::new();
    let said = sandbox.mqsec(&["passwd", "bench", "--iterations", "2000", "--json"]).ok().json();
    assert_eq!(said["rows"][0]["iterations"], 2000);
    let login = said["rows"][0]["login_seconds"].as_f64().unwrap();
    let reload = said["rows"][0]["reload_of_100_clients_seconds"].as_f64().unwrap();
    assert!(login > 0.0 && (reload / login - 100.0).abs() < 1.0, "{said}");
    let said = sandbox.mqsec(&["passwd", "bench", "--iterations", "101"]).ok();
    assert!(said.stdout.contains("101") && said.stdout.contains("one login"), "{said:?}");
}
