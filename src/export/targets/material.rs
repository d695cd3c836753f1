//! Key, certificate and authority as files, which most programs read in the same form, and sentences about them.

use sha2::Digest;
use sha2::Sha256;

use super::pem;
use crate::error::shell_word;
use crate::export::Device;
use crate::export::File;

/// What the three files are called.
pub(super) struct Names {
    pub key: String,
    pub certificate: String,
    pub authority: &'static str,
}

/// How the names of the device's own files begin.
pub(super) fn stem(device: &Device<'_>) -> String {
    // a device of the name `ca` would write its certificate over the authority's, where letters have no case too
    match device.name.eq_ignore_ascii_case("ca") {
        true => format!("{}-client", device.name),
        false => device.name.to_owned(),
    }
}

pub(super) fn names(device: &Device<'_>) -> Names {
    let stem = stem(device);
    Names { key: format!("{stem}.key"), certificate: format!("{stem}.crt"), authority: "ca.crt" }
}

/// The key where it is here, the certificate with what stands above it, and whom to trust.
pub(super) fn files(device: &Device<'_>) -> Vec<File> {
    let names = names(device);
    let key = device.key_pem.map(|key| File::secret(names.key, key));
    let certificate = File::public(names.certificate, device.chain_pem());
    key.into_iter().chain([certificate, File::public(names.authority, device.authorities_pem)]).collect()
}

/// A program with the device's values in it; `quoted` writes a text in its language.
pub(super) fn program(device: &Device<'_>, template: &str, quoted: fn(&str) -> String, login: String) -> String {
    let names = names(device);
    let values = [
        ("HOST", quoted(&device.broker.host)),
        ("PORT", device.broker.port.to_string()),
        ("CA", quoted(names.authority)),
        ("CERT", quoted(&names.certificate)),
        ("KEY", quoted(&names.key)),
        ("ID", quoted(device.name)),
        ("TOPIC", quoted(&device.example_topic())),
        ("LOGIN", login),
    ];
    fill(template, &values)
}

/// A text with what stands between `@`s in it. What is put in is not looked at again: a name may have `@PORT@` in it.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(template.len() + 200);
    for (at, part) in template.split('@').enumerate() {
        match values.iter().find(|(name, _)| at % 2 == 1 && *name == part) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(part),
        }
    }
    out
}

/// Where the key is, if it is not among the files.
pub(super) fn own_key(device: &Device<'_>) -> Option<String> {
    let key = names(device).key;
    device
        .key_pem
        .is_none()
        .then(|| format!("`{}` made its key itself: put it beside the others as `{key}`.", device.name))
}

/// The user's password, or what stands in its place; nothing without a user.
pub(super) fn password<'a>(device: &'a Device<'_>) -> Option<&'a str> {
    device.user.map(|_| device.password_text())
}

/// 64 hexadecimal digits that are the same for the same device at the same broker, and others for another.
pub(super) fn digest(device: &Device<'_>, what: &str) -> String {
    let seed = format!("{what}\0{}\0{}\0{}", device.name, device.broker.host, device.broker.port);
    Sha256::digest(seed.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A connection with the three files, and the login.
pub(super) fn test(device: &Device<'_>) -> String {
    let names = names(device);
    pem::test(device, &names.certificate, &names.key)
}

/// The same where one file holds all: `pem` is the shell's command that prints a part of it, and these are the parts.
pub(super) fn test_of_parts(device: &Device<'_>, pem: &str, [authority, certificate, key]: [&str; 3]) -> String {
    format!(
        "pem() {{ {pem}; }}; mqsec test-connect {} --host {} --port {} --ca <(pem {authority}) --cert <(pem {certificate}) \
         --key <(pem {key}) --topic {}",
        device.user.map_or_else(|| "--anonymous".to_owned(), shell_word),
        shell_word(&device.broker.host),
        device.broker.port,
        shell_word(&device.example_topic()),
    )
}
