//! The repository's own docker-compose.yml, config/mosquitto.conf and .env.example are what the binary writes.
//!
//! `MQSEC_BLESS=1 cargo test samples` writes them again.

use mqsec::conf;
use mqsec::conf::compose::Compose;
use mqsec::provision::configuration;

#[test]
fn the_samples_are_what_the_binary_writes() {
    let samples = [
        ("docker-compose.yml", Compose::default().render()),
        (
            "config/mosquitto.conf",
            conf::profile::render(&conf::profile::Wishes { acl: true, ..conf::profile::Wishes::default() }),
        ),
        (".env.example", configuration::env_example()),
    ];
    for (name, text) in samples {
        let path = super::root().join(name);
        if std::env::var_os("MQSEC_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap_or_default(),
            text,
            "{name}: MQSEC_BLESS=1 cargo test samples"
        );
    }
}

#[test]
fn a_copied_env_example_is_a_valid_env_file() {
    let text = configuration::env_example();
    let file = mqsec::workspace::env_file::EnvFile::parse(&text, ".env").unwrap();
    assert_eq!(file.users.len(), 2);
}
