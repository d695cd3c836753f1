//! `docker-compose.yml` for the stock image.

use crate::workspace::Owner;

pub const DEFAULT_IMAGE: &str = "eclipse-mosquitto:2.1.2-alpine";
pub const DEFAULT_CONTAINER: &str = "mosquitto";
/// The service's name, which other containers of the network dial.
pub const SERVICE: &str = "mosquitto";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    pub image: String,
    pub container: String,
    pub port: u16,
    /// Further ports that other machines reach.
    pub more: Vec<u16>,
    /// The port of what is spoken in clear to other containers, which is not published.
    pub inner: Option<u16>,
    pub user: Owner,
}

/// What the ports' end says of one that is not among them.
const INNER: &str = "      # not published: ";

impl Default for Compose {
    fn default() -> Self {
        Self {
            image: DEFAULT_IMAGE.to_owned(),
            container: DEFAULT_CONTAINER.to_owned(),
            port: crate::conf::DEFAULT_PORT,
            more: Vec::new(),
            inner: None,
            user: Owner { uid: 1000, gid: 1000 },
        }
    }
}

impl Compose {
    /// Folders are mounted, never single files: a file that is replaced by rename would not reach the container. Of
    /// `certs/` it sees the broker's folder alone. The health check looks for the listening socket in the kernel's
    /// table, so it needs no password and leaves no line in the log.
    pub fn render(&self) -> String {
        let Self { image, container, port, more, inner, user: Owner { uid, gid } } = self;
        let more: String = more.iter().map(|port| format!("      - \"{port}:{port}\"\n")).collect();
        let inner = inner.map_or(String::new(), |port| {
            format!(
                "{INNER}{port} in clear, which the other containers of mqtt_network reach as {SERVICE}:{port}
      # The image has nothing that renews certificates; this machine does: mqsec renew --install-timer
"
            )
        });
        format!(
            "\
# docker-compose.yml, written by mqsec for the stock eclipse-mosquitto image.
services:
  {SERVICE}:
    image: {image}
    container_name: {container}
    restart: unless-stopped
    # who owns the files below, so that keys and passwords stay 0600
    user: \"{uid}:{gid}\"
    working_dir: /mosquitto
    # folders, never single files: a file that is replaced would not reach the container
    volumes:
      - ./config:/mosquitto/config:ro
      - ./certs/broker:/mosquitto/certs/broker:ro
      - ./data:/mosquitto/data
      - ./log:/mosquitto/log
    ports:
      - \"{port}:{port}\"
{more}{inner}    networks:
      - mqtt_network
    environment:
      - TZ=${{TZ:-UTC}}
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    # is the port open? Asked of the kernel: no password, no line in the log
    healthcheck:
      test: [\"CMD-SHELL\", \"grep -qi ':{port:04X} 0*:0000 0A' /proc/net/tcp /proc/net/tcp6\"]
      interval: 10s
      timeout: 5s
      retries: 3
      start_period: 5s
    logging:
      driver: json-file
      options:
        max-size: 10m
        max-file: \"3\"

networks:
  mqtt_network:
    driver: bridge
"
        )
    }

    /// The parameters of a file that mqsec wrote and nobody changed since; nothing for any other.
    pub fn recognise(text: &str) -> Option<Self> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(':'))
                .map(|v| v.trim().trim_matches('"'))
        };
        let (uid, gid) = value("user")?.split_once(':')?;
        let ports = text.lines().skip_while(|line| line.trim() != "ports:").skip(1);
        let ports =
            ports.map_while(|line| line.trim().strip_prefix("- ")?.trim_matches('"').split(':').next()?.parse().ok());
        let ports: Vec<u16> = ports.collect();
        let (&port, more) = ports.split_first()?;
        let found = Self {
            image: value("image")?.to_owned(),
            container: value("container_name")?.to_owned(),
            port,
            more: more.to_vec(),
            inner: text.lines().find_map(|line| line.strip_prefix(INNER)?.split(' ').next()?.parse().ok()),
            user: Owner { uid: uid.parse().ok()?, gid: gid.parse().ok()? },
        };
        (found.render() == text).then_some(found)
    }
}

/// The image, the container's name and the user that a compose file names, whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub image: Option<String>,
    pub container: Option<String>,
    pub user: Option<String>,
    /// Whether the container sees all of `certs/`, where the authority's key lies.
    pub mounts_authority: bool,
}

pub fn facts(text: &str) -> Facts {
    let value = |key: &str| {
        let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
    };
    Facts {
        image: value("image"),
        container: value("container_name"),
        user: value("user"),
        mounts_authority: text.lines().any(|line| {
            let mount = line.trim().trim_start_matches(['-', ' ', '"', '\'']);
            mount.starts_with("./certs:") || mount.starts_with("./certs/:")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untouched_file_is_recognised_and_a_changed_one_is_not() {
        let compose = Compose { port: 18883, more: vec![8083, 8084], ..Compose::default() };
        assert!(
            compose.render().contains("\"18883:18883\"\n      - \"8083:8083\"\n      - \"8084:8084\"\n    networks:")
        );
        let text = compose.render();
        assert_eq!(Compose::recognise(&text), Some(compose.clone()));
        let inner = Compose { inner: Some(1883), ..compose };
        assert!(inner.render().contains("not published: 1883 in clear"));
        assert_eq!(Compose::recognise(&inner.render()), Some(inner));
        assert_eq!(Compose::recognise(&text.replace("unless-stopped", "always")), None);
        assert_eq!(Compose::recognise("services: {}\n"), None);
    }

    #[test]
    fn the_health_check_names_the_port_in_the_kernels_form() {
        assert!(Compose::default().render().contains(":22B3 0*:0000 0A"));
    }
}
