//! Key, certificate and authority as files, which most programs read in the same form, and sentences about them.

use std::net::IpAddr;

use sha2::Digest;
use sha2::Sha256;

use super::super::write::url_host;
use crate::error::shell_word;
use crate::export::Device;
use crate::export::File;

/// Stands where a password belongs that is not known here.
pub(super) const NO_PASSWORD: &str = "PUT-THE-PASSWORD-HERE";

/// What the three files are called.
pub(super) struct Names {
    pub key: String,
    pub certificate: String,
    pub authority: &'static str,
}

pub(super) fn names(device: &Device<'_>) -> Names {
    // a device of the name `ca` would write its certificate over the authority's, where letters have no case too
    let stem = match device.name.eq_ignore_ascii_case("ca") {
        true => format!("{}-client", device.name),
        false => device.name.to_owned(),
    };
    Names { key: format!("{stem}.key"), certificate: format!("{stem}.crt"), authority: "ca.crt" }
}

/// The key where it is here, the certificate with what stands above it, and whom to trust.
pub(super) fn files(device: &Device<'_>) -> Vec<File> {
    let names = names(device);
    let key = device.key_pem.map(|key| File::secret(names.key, key));
    let certificate = File::public(names.certificate, device.chain_pem());
    key.into_iter().chain([certificate, File::public(names.authority, device.authorities_pem)]).collect()
}

/// A text with what stands between `@`s in it. What is put in is not looked at again: a name may have `@PORT@` in it.
pub(super) fn fill(template: &str, values: &[(&str, String)]) -> String {
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
        .then(|| format!("`{}` made its key itself: put it beside the others as {key}", device.name))
}

/// What to do about a password that is not known.
pub(super) fn own_password(device: &Device<'_>, file: &str) -> Option<String> {
    let user = device.user.filter(|_| device.password.is_none())?;
    Some(format!(
        "the password of `{user}` is not known here, for the password file has hashes alone: replace {NO_PASSWORD} in \
         {file}"
    ))
}

/// The user's password, or what stands in its place.
pub(super) fn password<'a>(device: &Device<'a>) -> Option<&'a str> {
    device.user.map(|_| device.password.map_or(NO_PASSWORD, |password| password.expose()))
}

/// 64 hexadecimal digits that are the same for the same device at the same broker, and others for another.
pub(super) fn digest(device: &Device<'_>, what: &str) -> String {
    let seed = format!("{what}\0{}\0{}\0{}", device.name, device.broker.host, device.broker.port);
    Sha256::digest(seed.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A command that shows the three files to the broker, and verifies the broker by them.
pub(super) fn handshake(device: &Device<'_>) -> String {
    let names = names(device);
    let host = &device.broker.host;
    let named = if host.parse::<IpAddr>().is_ok() { "-verify_ip" } else { "-verify_hostname" };
    format!(
        "openssl s_client -brief -connect {} {named} {} -verify_return_error -CAfile {} -cert {} -key {} </dev/null",
        shell_word(&format!("{}:{}", url_host(host), device.broker.port)),
        shell_word(host),
        names.authority,
        shell_word(&names.certificate),
        shell_word(&names.key),
    )
}

/// The same where the files hold them in a form of their own: from the folder that they came from, with the login.
pub(super) fn attempt(device: &Device<'_>) -> String {
    let login = device.user.map_or_else(|| "--anonymous".to_owned(), shell_word);
    format!("mqsec test-connect {login} --client {}", shell_word(device.name))
}
