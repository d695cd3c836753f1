//! A compose file as far as it matters to a broker: https://docs.docker.com/reference/compose-file/services/.

use std::rc::Rc;

use super::yaml;
use super::yaml::Node;
use super::yaml::YamlError;

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A file or folder of the host.
    Bind,
    /// A volume that Docker keeps; without a source, a new one each time.
    Volume,
    Tmpfs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub kind: MountKind,
    /// As written; `./config`.
    pub source: Option<String>,
    /// In the container, without a final slash.
    pub target: String,
    pub read_only: bool,
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The address of the host on which it is published; none means every one.
    pub address: Option<String>,
    /// First and last port of the host; none where Docker chooses.
    pub host: Option<(u16, u16)>,
    pub container: (u16, u16),
    pub line: usize,
    pub column: usize,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub name: Text,
    pub image: Option<Text>,
    /// `user:`, as written.
    pub user: Option<Text>,
    pub working_dir: Option<Text>,
    pub mounts: Vec<Mount>,
    pub ports: Vec<Port>,
    pub environment: Vec<(String, Text)>,
    pub cap_drop: Vec<Text>,
    pub cap_add: Vec<Text>,
    pub security_opt: Vec<Text>,
    pub read_only: Option<bool>,
    pub privileged: Option<Text>,
    pub network_mode: Option<Text>,
    /// `command:` in one line.
    pub command: Option<Text>,
    /// `healthcheck.test` in one line.
    pub health_test: Option<Text>,
}

#[derive(Clone, Debug)]
pub struct Compose {
    /// Why it is no compose file; then there are no services.
    pub error: Option<YamlError>,
    pub services: Vec<Service>,
}

impl Compose {
    /// Reads a compose file; `variable` gives what `.env` says of a variable.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let root = match yaml::parse(text) {
            Ok(Some(root)) => root,
            Ok(None) => return Self { error: None, services: Vec::new() },
            Err(error) => return Self { error: Some(error), services: Vec::new() },
        };
        let Some(services) = root.at("services") else {
            let what = "it has no `services`".to_owned();
            return Self { error: Some(YamlError { line: 1, column: 1, what }), services: Vec::new() };
        };
        let reader = Reader { variable };
        let services = services.entries().filter_map(|(name, node)| reader.service(name, node)).collect();
        Self { error: None, services }
    }

    /// The service that runs Mosquitto: by its image, else by its name.
    pub fn broker(&self) -> Option<&Service> {
        let by_image =
            |service: &&Service| service.image.as_ref().is_some_and(|image| image.value.contains("mosquitto"));
        let by_name =
            |service: &&Service| service.name.value.contains("mosquitto") || service.name.value.contains("mqtt");
        self.services.iter().find(by_image).or_else(|| self.services.iter().find(by_name))
    }
}

impl Service {
    /// The user and group by number; none where `user:` is not there, or names a user of the image.
    pub fn ids(&self) -> Option<(u32, Option<u32>)> {
        let text = self.user.as_ref()?.value.as_str();
        let number = |text: &str| match text {
            "root" => Some(0),
            "mosquitto" => Some(1883),
            number => number.parse().ok(),
        };
        match text.split_once(':') {
            Some((user, group)) => Some((number(user)?, number(group))),
            None => Some((number(text)?, None)),
        }
    }

    pub fn variable(&self, name: &str) -> Option<&Text> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, text)| text)
    }

    /// The mount that holds a path of the container: the one with the longest target.
    pub fn mount_of(&self, path: &str) -> Option<&Mount> {
        let holds = |mount: &&Mount| {
            path.strip_prefix(mount.target.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.mounts.iter().filter(holds).max_by_key(|mount| mount.target.len())
    }
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn service(&self, name: &Rc<Node>, node: &Rc<Node>) -> Option<Service> {
        let one = |key: &str| node.at(key).and_then(|found| self.text(found));
        let list = |key: &str| self.texts(node.at(key));
        let line = |node: &Rc<Node>| {
            let parts = self.texts(Some(node));
            let first = parts.first()?.clone();
            let value = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(" ");
            Some(Text { value, ..first })
        };
        let mut mounts: Vec<Mount> = node
            .at("volumes")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| self.mount(item))
            .collect();
        for text in list("tmpfs") {
            let target = text.value.split(':').next().unwrap_or_default().trim_end_matches('/').to_owned();
            let (line, column) = (text.line, text.column);
            mounts.push(Mount { kind: MountKind::Tmpfs, source: None, target, read_only: false, line, column });
        }
        Some(Service {
            name: self.text(name)?,
            image: one("image"),
            user: one("user"),
            working_dir: one("working_dir"),
            mounts,
            ports: node.at("ports").map(Node::items).unwrap_or_default().iter().filter_map(|p| self.port(p)).collect(),
            environment: self.environment(node.at("environment")),
            cap_drop: list("cap_drop"),
            cap_add: list("cap_add"),
            security_opt: list("security_opt"),
            read_only: node.at("read_only").and_then(|node| node.truth()),
            privileged: one("privileged").filter(|text| text.value == "true"),
            network_mode: one("network_mode"),
            command: node.at("command").and_then(line),
            health_test: node.at("healthcheck").and_then(|health| health.at("test")).and_then(line),
        })
    }

    fn text(&self, node: &Rc<Node>) -> Option<Text> {
        Some(Text { value: self.interpolate(node.text()?), line: node.line, column: node.column })
    }

    fn texts(&self, node: Option<&Rc<Node>>) -> Vec<Text> {
        node.map(Node::items).unwrap_or_default().iter().filter_map(|item| self.text(item)).collect()
    }

    /// `KEY=value` items, or a map.
    fn environment(&self, node: Option<&Rc<Node>>) -> Vec<(String, Text)> {
        let Some(node) = node else { return Vec::new() };
        let mut found: Vec<(String, Text)> = Vec::new();
        for text in self.texts(Some(node)) {
            let (key, value) = text.value.split_once('=').unwrap_or((&text.value, ""));
            found.push((key.to_owned(), Text { value: value.to_owned(), ..text }));
        }
        for (key, value) in node.entries() {
            let (Some(key), value) = (key.text(), value.text().unwrap_or_default()) else { continue };
            found.push((key.to_owned(), Text { value: self.interpolate(value), line: node.line, column: node.column }));
        }
        found
    }

    fn mount(&self, node: &Rc<Node>) -> Option<Mount> {
        let (line, column) = (node.line, node.column);
        if let Some(text) = self.text(node) {
            return short_mount(&text.value, line, column);
        }
        let one = |key: &str| node.at(key).and_then(|found| self.text(found)).map(|text| text.value);
        let kind = match one("type").as_deref() {
            Some("bind") => MountKind::Bind,
            Some("tmpfs") => MountKind::Tmpfs,
            _ => MountKind::Volume,
        };
        let target = one("target")?.trim_end_matches('/').to_owned();
        let read_only = node.at("read_only").and_then(|node| node.truth()).unwrap_or(false);
        Some(Mount { kind, source: one("source"), target, read_only, line, column })
    }

    fn port(&self, node: &Rc<Node>) -> Option<Port> {
        let (line, column) = (node.line, node.column);
        if let Some(text) = self.text(node) {
            let text = text.value.split('/').next().unwrap_or_default().to_owned();
            let (rest, container) =
                text.rsplit_once(':').map_or((None, text.as_str()), |(rest, last)| (Some(rest), last));
            let (address, host) = match rest.map(|rest| rest.rsplit_once(':').ok_or(rest)) {
                None => (None, None),
                Some(Ok((address, host))) => (Some(address.trim_matches(['[', ']']).to_owned()), range(host)),
                Some(Err(host)) => (None, range(host)),
            };
            return Some(Port { address, host, container: range(container)?, line, column });
        }
        let one = |key: &str| node.at(key).and_then(|found| self.text(found)).map(|text| text.value);
        let (address, host) = (one("host_ip"), one("published").and_then(|text| range(&text)));
        Some(Port { address, host, container: range(&one("target")?)?, line, column })
    }

    /// `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`; `$$` is a dollar sign. What is not known stays away, as
    /// compose does it.
    fn interpolate(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
            } else if let Some((inner, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                out.push_str(&self.braced(inner));
                rest = after;
            } else {
                let end =
                    rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
                out.push_str(&(self.variable)(&rest[..end]).unwrap_or_default());
                rest = &rest[end..];
            }
        }
        out + rest
    }

    fn braced(&self, inner: &str) -> String {
        let end = inner.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(inner.len());
        let (name, operator) = inner.split_at(end);
        let value = (self.variable)(name);
        if let Some(default) = operator.strip_prefix(":-") {
            return value.filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned());
        }
        match operator.strip_prefix('-') {
            Some(default) => value.unwrap_or_else(|| default.to_owned()),
            None => value.unwrap_or_default(),
        }
    }
}

/// `SOURCE:TARGET[:MODE]`, or a target alone.
fn short_mount(text: &str, line: usize, column: usize) -> Option<Mount> {
    let mut parts: Vec<&str> = text.split(':').collect();
    // C:\folder:/target
    if parts.len() > 2 && parts[0].len() == 1 && parts[0] != "." && parts[1].starts_with(['\\', '/']) {
        let drive = text.get(..parts[0].len() + 1 + parts[1].len())?;
        parts.splice(..2, [drive]);
    }
    let (source, target, mode) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some((*source).to_owned()), *target, ""),
        [source, target, mode, ..] => (Some((*source).to_owned()), *target, *mode),
        [] => return None,
    };
    let path = |source: &String| source.starts_with(['.', '/', '~', '\\']) || source.get(1..2) == Some(":");
    let kind = if source.as_ref().is_some_and(path) { MountKind::Bind } else { MountKind::Volume };
    let target = target.trim_end_matches('/').to_owned();
    Some(Mount { kind, source, target, read_only: mode.split(',').any(|part| part == "ro"), line, column })
}

fn range(text: &str) -> Option<(u16, u16)> {
    match text.split_once('-') {
        Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        None => text.parse().ok().map(|port| (port, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(text: &str) -> Service {
        let compose = Compose::parse(text, &|name| (name == "IMAGE").then(|| "eclipse-mosquitto:2".to_owned()));
        compose.broker().unwrap().clone()
    }

    #[test]
    fn both_forms_of_mounts_and_ports_are_read() {
        let text = "services:\n  x:\n    image: ${IMAGE:-y}\n    volumes:\n      - ./config/:/mosquitto/config/:ro\n      - data:/mosquitto/data\n      - type: bind\n        source: ./log\n        target: /mosquitto/log\n    ports:\n      - \"127.0.0.1:1883:1883\"\n      - 8883:8883/tcp\n      - target: 9001\n        published: 443\n";
        let service = broker(text);
        assert_eq!(service.image.as_ref().unwrap().value, "eclipse-mosquitto:2");
        let mounts: Vec<_> = service.mounts.iter().map(|m| (m.kind, m.target.as_str(), m.read_only)).collect();
        assert_eq!(
            mounts,
            [
                (MountKind::Bind, "/mosquitto/config", true),
                (MountKind::Volume, "/mosquitto/data", false),
                (MountKind::Bind, "/mosquitto/log", false)
            ]
        );
        let ports: Vec<_> = service.ports.iter().map(|p| (p.address.as_deref(), p.host, p.container.0)).collect();
        assert_eq!(
            ports,
            [
                (Some("127.0.0.1"), Some((1883, 1883)), 1883),
                (None, Some((8883, 8883)), 8883),
                (None, Some((443, 443)), 9001)
            ]
        );
        assert_eq!(service.mount_of("/mosquitto/config/x").unwrap().source.as_deref(), Some("./config/"));
        assert!(service.mount_of("/mosquitto/configuration").is_none());
    }

    #[test]
    fn users_are_numbers_or_names_of_the_image() {
        for (user, ids) in [("\"1000:1001\"", Some((1000, Some(1001)))), ("root", Some((0, None))), ("bob", None)] {
            assert_eq!(broker(&format!("services:\n  mqtt:\n    user: {user}\n")).ids(), ids);
        }
    }
}
