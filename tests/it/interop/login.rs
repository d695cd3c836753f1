//! Logins made by Python and by Node: clients that share no code with mqsec, many in one process.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::support::Said;
use crate::support::Sandbox;

/// A program and its script.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    Python,
    Node,
}

impl Client {
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Python => ("/usr/bin/python3", "login.py"),
            Self::Node => ("node", "login.js"),
        }
    }

    /// What the broker answered to each attempt: MQTT 3.1.1's return code, or the error's text.
    ///
    /// An attempt names `name`, `user` and `password`, and may name `address` and `tls`. The authority and the named
    /// client's pair are those of the sandbox.
    pub fn login(self, sandbox: &Sandbox, pair: Option<&str>, mut attempts: Vec<Value>) -> Vec<Value> {
        for attempt in &mut attempts {
            attempt["port"] = json!(sandbox.port);
        }
        let mut job = json!({ "ca": "certs/ca.crt", "attempts": attempts });
        if let Some(name) = pair {
            job["cert"] = json!(format!("certs/client/{name}/{name}.chain.crt"));
            job["key"] = json!(format!("certs/client/{name}/{name}.key"));
        }
        let said = self.run(sandbox, &job).ok();
        assert_eq!(said.stderr, "", "{self:?}");
        let Value::Array(answers) = said.json() else {
            panic!("{self:?} gives no list: {}", said.stdout);
        };
        assert_eq!(answers.len(), attempts.len());
        answers
    }

    fn run(self, sandbox: &Sandbox, job: &Value) -> Said {
        let (program, script) = self.program();
        let script = format!("{}/tests/it/interop/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut child = sandbox
            .command(program)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; tests/peers installs it"));
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(job.to_string().as_bytes()).unwrap();
        drop(stdin);
        Said::of(child.wait_with_output().unwrap())
    }
}

/// The answer to a right login, and to a wrong one.
pub const ACCEPTED: u8 = 0;
pub const NOT_AUTHORISED: u8 = 5;
