//! `pem`: key, certificate with its chain, and the authority, in PEM.

use zeroize::Zeroizing;

use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let names = material::names(device);
    let (certificate, key_file) = (&names.certificate, &names.key);
    let mut bundle = Bundle::default();
    let files = material::files(device);
    bundle.notes.push(format!(
        "`ca.crt` is what the device trusts, `{certificate}` is what it shows (with what stands above it), `{key_file}` \
         is its secret."
    ));
    if let Some(key) = device.key_pem {
        let both = Zeroizing::new([key, device.chain_pem().as_bytes()].concat());
        let file = certificate.replace(".crt", ".pem");
        bundle.files.push(File::secret(file.clone(), both.as_slice()));
        bundle.notes.push(format!("`{file}` is key and certificate in one, for programs that ask for one file."));
        bundle.test = Some(test(device, certificate, key_file));
    } else {
        bundle.notes.push("The key is where it was made: on the device.".to_owned());
    }
    bundle.files.splice(0..0, files);
    bundle.notes.push(format!("The broker is at {}.", device.url()));
    Ok(bundle)
}

/// A connection with these files of the bundle. The password is asked for: no list of processes has it.
pub(super) fn test(device: &Device<'_>, cert: &str, key: &str) -> String {
    let broker = device.broker;
    let user = match device.user {
        Some(user) => shell_word(user),
        None => "--anonymous".to_owned(),
    };
    format!(
        "mqsec test-connect {user} --host {} --port {} --ca ca.crt --cert {} --key {} --topic {}",
        shell_word(&broker.host),
        broker.port,
        shell_word(cert),
        shell_word(key),
        shell_word(&device.example_topic()),
    )
}
