//! `browser`: a client certificate for a browser, and how to use secure websockets.

use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;

pub(in crate::export) fn bundle(device: &Device<'_>, options: &Options) -> Result<Bundle, Plain> {
    let name = super::material::stem(device);
    let (mut files, _) = super::pkcs12::keystore(device, Target::Browser, options)?;
    files.push(File::public("ca.crt", device.authorities_pem));
    let password = match options.file_password {
        None => format!("the password in `{name}.p12.password`"),
        Some(_) => "the password that you gave".to_owned(),
    };
    let notes = vec![
        "The authority first: a page can open no websocket to a broker whose authority the browser does not trust, and is \
         not told why. On this machine: mqsec trust install. On others import `ca.crt` as an authority for websites."
            .to_owned(),
        format!(
            "Firefox: Settings, Privacy & Security, View Certificates, Your Certificates, Import: `{name}.p12`, with \
             {password}; then the same window's Authorities, Import: `ca.crt`."
        ),
        format!(
            "Chrome, Edge and Safari use the system's store. Windows and macOS: open `{name}.p12`. Chrome on Linux: \
             chrome://certificate-manager, Your certificates, Import."
        ),
        format!(
            "Android: Settings, Security, Encryption & credentials, Install a certificate: `ca.crt` as a CA certificate, \
             `{name}.p12` as a VPN & app user certificate. iOS: open both files, install the profiles in Settings, General, \
             VPN & Device Management, and switch the authority on in About, Certificate Trust Settings."
        ),
        "Close the browser and open it again; it asks once which certificate to show, and remembers the answer.".to_owned(),
    ];
    let mut bundle = Bundle { files, notes, ..Bundle::default() };
    match device.websockets_url() {
        Some(url) => {
            bundle.notes.push(format!(
                "In the page: mqtt.connect(\"{url}\", …) of MQTT.js, or new WebSocket(\"{url}\", \"mqtt\")."
            ));
            let (host, port) = (&device.broker.host, device.broker.websockets.unwrap_or_default());
            let user = device.user.map_or_else(|| "--anonymous".to_owned(), shell_word);
            let (p12, password) = (shell_word(&format!("{name}.p12")), shell_word(&format!("{name}.p12.password")));
            let password = if options.file_password.is_none() { &password } else { "PASSWORD-FILE" };
            let part = format!("openssl pkcs12 -in {p12} -passin file:{password}");
            bundle.test = Some(format!(
                "mqsec test-connect {user} --wss --host {host} --port {port} --ca ca.crt --cert <({part} -nokeys -clcerts) \
                 --key <({part} -nocerts -nodes) --topic {}",
                shell_word(&device.example_topic())
            ));
        }
        None => bundle.warnings.push(
            "the broker has no listener for secure websockets, and a browser speaks nothing else: add one to \
             config/mosquitto.conf (listener 8083, protocol websockets, with the TLS options of the other one)"
                .to_owned(),
        ),
    }
    Ok(bundle)
}
