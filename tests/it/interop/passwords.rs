//! What `mqsec passwd` writes is accepted by the broker of every version, however hard the password and the user name
//! are; what `mosquitto_passwd` of every version wrote is read and kept.

use serde_json::Value;
use serde_json::json;

use super::login::ACCEPTED;
use super::login::Client;
use super::login::NOT_AUTHORISED;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::peer;

/// Users and passwords that some program on the way could take for something else.
const HARD: [(&str, &str); 41] = [
    ("admin", "Strong Password 123"),
    ("two words", "it's"),
    ("three  words here", "say \"hello\""),
    ("home/kitchen", "both ' and \""),
    ("a/b/c", "pa$word"),
    ("plus+one", "pa$$word"),
    ("+", "$"),
    ("/", "$$"),
    ("user@example.com", "${HOME}"),
    ("@", "$HOME"),
    ("müller", "$(id)"),
    ("пользователь", "Strong#Pass"),
    ("用户", "Strong #Pass"),
    ("مستخدم", "#first"),
    ("sensor🌡️", "# first"),
    ("e\u{301}combining", "back\\slash"),
    ("é-composed", "\\"),
    ("-dash", "\\\\"),
    ("--dashes", "ends with \\"),
    ("-", "\\n\\t\\x41"),
    ("$dollar", "`id`"),
    ("${HOME}", "!!bang!"),
    ("$", "100%"),
    ("%d", "%s%n"),
    ("a#b", "=equal"),
    ("a=b", "a=b=c="),
    ("'", " leading"),
    ("\"", "trailing "),
    ("it's", "  both  "),
    ("back\\slash", "\ttab\tinside\t"),
    ("`id`", "pässwörd"),
    ("!", "пароль"),
    ("*", "密码"),
    ("~", "🔐🗝️"),
    ("a;b|c&d", "e\u{301} and é"),
    ("<tag>", "co:lon:s"),
    ("[x]{y}(z)", "$7$101$x$y"),
    ("comma,dot.", "' \" $ \\ ` # ! %"),
    ("İstanbul", "\u{a0}no-break\u{a0}"),
    ("0", "0"),
    ("a\u{200d}b", "end-of-table"),
];

/// The table, and lengths.
fn hard() -> Vec<(String, String)> {
    let table = HARD.map(|(user, password)| (user.to_owned(), password.to_owned()));
    let long = [("x".repeat(200), "a$ '".repeat(50)), ("ü".repeat(100), "ab #".repeat(500))];
    table.into_iter().chain(long).collect()
}

#[test]
fn a_broker_of_2_0_11_accepts_every_hard_password() {
    every_pair_gets_in("2.0.11");
}

#[test]
fn a_broker_of_2_0_21_accepts_every_hard_password() {
    every_pair_gets_in("2.0.21");
}

#[test]
fn a_broker_of_2_1_2_accepts_every_hard_password() {
    let sandbox = every_pair_gets_in("2.1.2");
    for (user, _) in hard() {
        // the password of .env, by mqsec's own client
        let said = sandbox.mqsec(&["test-connect", "--", &user]);
        assert_eq!(said.status, 0, "{user:?}: {said:?}");
    }
}

fn every_pair_gets_in(version: &str) -> Sandbox {
    let pairs = hard();
    let sandbox = Sandbox::with_broker(version);
    sandbox.write(".env", env_text(&pairs));
    sandbox.mqsec(&["passwd"]).ok();
    let tested = sandbox.mqsec(&["passwd", "test", "--json"]).ok().json();
    let expected: Vec<_> = pairs.iter().map(|(user, _)| json!({ "user": user, "matches": true })).collect();
    assert_eq!(tested["users"], json!(expected));
    sandbox.up_native(&["--profile", "password"]).ok();
    let right = pairs.iter().map(|(user, password)| attempt(user, password)).collect();
    let wrong = pairs.iter().map(|(user, password)| attempt(user, &changed(password))).collect();
    answers_are(&sandbox, right, ACCEPTED);
    answers_are(&sandbox, wrong, NOT_AUTHORISED);
    sandbox
}

#[test]
fn a_changed_password_of_env_is_refused_until_passwd_and_reload() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_1=a\nPASS_1='old $1'\n");
    sandbox.up_native(&["--profile", "password"]).ok();
    sandbox.write(".env", "USER_1=a\nPASS_1='new $1'\n");
    let said = sandbox.mqsec(&["passwd", "test"]).exits(1);
    assert!(said.stdout.contains("differs"), "{said:?}");
    answers_are(&sandbox, vec![attempt("a", "new $1")], NOT_AUTHORISED);
    sandbox.mqsec(&["passwd"]).ok();
    sandbox.mqsec(&["passwd", "test"]).ok();
    sandbox.up_native(&[]).ok();
    answers_are(&sandbox, vec![attempt("a", "new $1")], ACCEPTED);
    answers_are(&sandbox, vec![attempt("a", "old $1")], NOT_AUTHORISED);
}

#[test]
fn passwords_from_stdin_environment_and_generator_are_the_ones_that_get_in() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_1=first\nPASS_1=x\n");
    sandbox.up_native(&["--profile", "password"]).ok();
    let stdin = ["passwd", "add", "--stdin", "--", "-by stdin"];
    sandbox.mqsec_with_input(&stdin, " ' \" $ \\ # \r\nsecond line\n").ok();
    let add = ["passwd", "add", "by environment"];
    let mut command = sandbox.command(binary());
    command.args(add).env("MQSEC_PASSWORD", "from $HOME #1 ");
    assert!(command.output().unwrap().status.success());
    let generated = sandbox.mqsec(&["passwd", "add", "generated", "--generate"]).ok();
    let generated = generated.stdout.strip_suffix('\n').unwrap().to_owned();
    assert_eq!(generated.len(), 22, "{generated}");
    sandbox.up_native(&[]).ok();
    let mut right = vec![
        attempt("-by stdin", " ' \" $ \\ # "),
        attempt("by environment", "from $HOME #1 "),
        attempt("generated", &generated),
    ];
    answers_are(&sandbox, right.clone(), ACCEPTED);

    sandbox.mqsec_with_input(&["passwd", "set", "generated", "--stdin"], "no newline").ok();
    sandbox.mqsec(&["passwd", "del", "by environment"]).ok();
    sandbox.up_native(&[]).ok();
    answers_are(&sandbox, vec![attempt("generated", "no newline")], ACCEPTED);
    right.remove(0);
    answers_are(&sandbox, right, NOT_AUTHORISED);
}

#[test]
fn what_mosquitto_passwd_of_2_0_11_wrote_is_read_and_kept() {
    foreign_file_is_read_and_kept("2.0.11");
}

#[test]
fn what_mosquitto_passwd_of_2_0_21_wrote_is_read_and_kept() {
    foreign_file_is_read_and_kept("2.0.21");
}

#[test]
fn what_mosquitto_passwd_of_2_1_2_wrote_is_read_and_kept() {
    foreign_file_is_read_and_kept("2.1.2");
}

fn foreign_file_is_read_and_kept(version: &str) {
    let sandbox = Sandbox::with_broker(version);
    sandbox.write(".env", "USER_1=known\nPASS_1='known $1'\nUSER_2=new\nPASS_2='new $2'\n");
    let path = sandbox.write("config/mosquitto.passwd", "");
    std::fs::remove_file(&path).unwrap();
    let passwd = peer(version, "mosquitto_passwd");
    let file = path.to_str().unwrap();
    sandbox.run(&passwd, &["-c", "-b", file, "known", "known $1"]).ok();
    sandbox.run(&passwd, &["-b", file, "other user", "other $3"]).ok();
    sandbox.run(&passwd, &["-H", "sha512", "-b", file, "weak", "weak $4"]).ok();
    let written = sandbox.read("config/mosquitto.passwd");

    listed_with_its_form(&sandbox, version);
    // only the user that is in .env and not in the file is missing
    let tested = sandbox.mqsec(&["passwd", "test", "--json"]).exits(1).json();
    let users = tested["users"].as_array().unwrap();
    assert_eq!(users[0], json!({ "user": "known", "matches": true }));
    assert_eq!(users[1], json!({ "user": "new", "matches": false }));

    sandbox.mqsec(&["passwd"]).ok();
    let merged = sandbox.read("config/mosquitto.passwd");
    assert!(merged.starts_with(&written), "the old lines changed: {written}\n{merged}");
    assert_eq!(merged.lines().count(), 4);
    sandbox.mqsec(&["passwd", "test"]).ok();
    sandbox.up_native(&["--profile", "password"]).ok();
    let pairs = [("known", "known $1"), ("other user", "other $3"), ("weak", "weak $4"), ("new", "new $2")];
    let right = pairs.map(|(user, password)| attempt(user, password)).to_vec();
    answers_are(&sandbox, right, ACCEPTED);
}

fn listed_with_its_form(sandbox: &Sandbox, version: &str) {
    let list = sandbox.mqsec(&["passwd", "list", "--json"]).ok().json();
    let users = list["users"].as_array().unwrap();
    let names: Vec<_> = users.iter().map(|user| user["user"].as_str().unwrap()).collect();
    assert_eq!(names, ["known", "other user", "weak"]);
    assert!(users.iter().all(|user| user["usable"] == json!(true)), "{list}");
    let form = users[0]["hash"].as_str().unwrap();
    let (rounds, portable) = match version {
        "2.1.2" => ("1000", false),
        _ => ("101", true),
    };
    assert!(form.contains(&format!("{rounds} iterations")), "{form}");
    assert_eq!(!form.contains("2.1 alone"), portable, "{form}");
    assert!(users[2]["hash"].as_str().unwrap().contains("weak"), "{list}");
}

fn attempt(user: &str, password: &str) -> Value {
    json!({ "name": "localhost", "user": user, "password": password })
}

/// Another password: where some program could cut something off, the one that it would leave.
fn changed(password: &str) -> String {
    match password.trim() {
        same if same == password => format!("{password}x"),
        cut => cut.to_owned(),
    }
}

#[track_caller]
fn answers_are(sandbox: &Sandbox, attempts: Vec<Value>, expected: u8) {
    let answers = Client::Python.login(sandbox, None, attempts.clone());
    let other: Vec<_> = attempts.iter().zip(answers).filter(|(_, answer)| *answer != json!(expected)).collect();
    assert!(other.is_empty(), "not {expected}: {other:#?}");
}

/// The pairs as lines of `.env`, by the rules that its own remedy tells.
fn env_text(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    for (number, (user, password)) in (1..).zip(pairs) {
        text.push_str(&format!("USER_{number}={}\nPASS_{number}={}\n", quoted(user), quoted(password)));
    }
    text
}

fn quoted(value: &str) -> String {
    // a backslash before the closing quote would escape it for dotenvy
    if !value.contains('\'') && !value.ends_with('\\') {
        return format!("'{value}'");
    }
    let mut text = String::from('"');
    for letter in value.chars() {
        if matches!(letter, '$' | '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}
