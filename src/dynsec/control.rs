//! Requests to the plugin and its answers: JSON on `$CONTROL/dynamic-security/v1`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::RoleName;
use crate::error::Diagnose;
use crate::error::Kind;
use crate::error::printable;
use crate::secret::Secret;

/// One command. Debug would show passwords, so it has none.
#[derive(Clone)]
pub struct Command {
    name: &'static str,
    fields: Map<String, Value>,
}

impl Command {
    pub fn new(name: &'static str) -> Self {
        Self { name, fields: Map::new() }
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }

    pub fn roles(self, roles: &[RoleName]) -> Self {
        let roles: Vec<Value> = roles.iter().filter_map(|role| serde_json::to_value(role).ok()).collect();
        self.with("roles", roles)
    }
}

/// Several commands, and what tells their answers from those to other admins.
pub struct Request {
    commands: Vec<Command>,
    mark: String,
}

impl Request {
    /// `mark` must be one that nobody else uses.
    pub fn new(commands: Vec<Command>, mark: String) -> Self {
        Self { commands, mark }
    }

    /// The message; it can hold passwords.
    pub fn text(&self) -> Secret {
        let commands: Vec<Value> = self
            .commands
            .iter()
            .enumerate()
            .map(|(number, command)| {
                let mut object = command.fields.clone();
                object.insert("command".to_owned(), json!(command.name));
                object.insert("correlationData".to_owned(), json!(self.name(number)));
                Value::Object(object)
            })
            .collect();
        Secret::new(json!({ "commands": commands }).to_string())
    }

    fn name(&self, number: usize) -> String {
        format!("{}-{number}", self.mark)
    }

    /// The answers to these commands in a message of the plugin, in their order; None for a message to somebody else.
    pub fn answers(&self, message: &[u8]) -> Option<Vec<Result<Value, Refused>>> {
        let message: Value = serde_json::from_slice(message).ok()?;
        let answers = message.get("responses")?.as_array()?;
        let mut found = Vec::new();
        for (number, command) in self.commands.iter().enumerate() {
            let name = self.name(number);
            let answer = answers.iter().find(|answer| answer["correlationData"] == *name)?;
            found.push(match answer.get("error").and_then(Value::as_str) {
                Some(words) => Err(Refused { command: command.name, words: printable(words) }),
                None => Ok(answer.get("data").cloned().unwrap_or_default()),
            });
        }
        Some(found)
    }
}

/// The plugin's no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plugin refused `{command}`: {words}")]
pub struct Refused {
    pub command: &'static str,
    pub words: String,
}

impl Refused {
    /// The plugin's sentences (dynamic_security/{clients,groups,roles}.c), which are the same in 2.0 and 2.1.
    fn is(&self, words: &str) -> bool {
        self.words.eq_ignore_ascii_case(words)
    }
}

impl Diagnose for Refused {
    fn code(&self) -> &'static str {
        match () {
            () if self.words.to_lowercase().contains("already") => "dynsec-exists",
            () if self.words.to_lowercase().contains("not found") || self.is("Client is not in group") => {
                "dynsec-not-found"
            }
            () => "dynsec-refused",
        }
    }

    fn kind(&self) -> Kind {
        Kind::No
    }

    fn hints(&self) -> Vec<String> {
        match self.code() {
            "dynsec-exists" | "dynsec-not-found" => vec!["see what there is: mqsec dynsec list".to_owned()],
            _ => vec!["the broker's log may tell more: mqsec logs --explain".to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_those_to_others() {
        let commands = vec![Command::new("createClient").with("username", "u"), Command::new("getClient")];
        let request = Request::new(commands, "m".to_owned());
        let sent: Value = serde_json::from_str(request.text().expose()).unwrap();
        assert_eq!(sent["commands"][1], json!({"command": "getClient", "correlationData": "m-1"}));
        let other = br#"{"responses":[{"command":"createClient","correlationData":"n-0"}]}"#;
        assert!(request.answers(other).is_none() && request.answers(b"\xff").is_none());
        let ours =
            br#"{"responses":[{"command":"createClient","correlationData":"m-0","error":"Client already exists"},
            {"command":"getClient","correlationData":"m-1","data":{"client":{"username":"u"}}}]}"#;
        let answers = request.answers(ours).unwrap();
        assert_eq!(answers[0].as_ref().unwrap_err().code(), "dynsec-exists");
        assert_eq!(answers[1].as_ref().unwrap()["client"]["username"], "u");
    }
}
