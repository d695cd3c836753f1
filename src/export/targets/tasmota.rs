//! `tasmota`: commands for Tasmota's console, and the authority for a firmware that is built with it.
//!
//! From Tasmota's documentation (TLS, Self-signed-Mosquitto, Commands) and its source (xdrv_02_9_mqtt.ino): no command
//! loads an authority, `TLSKey1` takes the 32 bytes of a P-256 key, `TLSKey2` one certificate, and both have 1 kB of flash.
//! One is enough below a signing authority too: the broker has that in its cafile.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::material;
use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;
use crate::pki::keys;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;

const COMMANDS: &str = "tasmota-commands.txt";
/// A block of 1024 bytes, less its directory of 64 and the key.
const ROOM: usize = 1024 - 64 - 32;

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let unfit = |why: &str| Plain::new("export-unfit", format!("tasmota cannot take `{}`: {why}", device.name));
    let number = number(device.key(Target::Tasmota)?).ok_or_else(|| {
        unfit("its key is not of the kind P-256")
            .hint(format!("a pair with another key: mqsec renew {} --key-type p256 --force", device.name))
    })?;
    let certificate = Certificate::from_pem(device.certificate_pem.as_bytes(), "")
        .map_err(|_| unfit("its certificate cannot be read").hint("look at it: mqsec verify"))?;
    let authorities = Certificate::all_from_pem(device.authorities_pem.as_bytes(), "")
        .map_err(|_| unfit("the authority's certificate cannot be read").hint("look at it: mqsec verify"))?;
    let (data, descriptor) = trust_anchors(&authorities).ok_or_else(|| {
        unfit("the key of the authority is of a kind that BearSSL lacks")
            .hint("every client takes P-256: mqsec ca rollover prepare --key-type p256")
    })?;
    let files = vec![
        File { name: COMMANDS.to_owned(), bytes: commands(device, &number, &certificate), secret: true },
        File::public("user_config_override.h", BUILD),
        File::public("local_ca_data.h", data),
        File::public("local_ca_descriptor.h", descriptor),
    ];
    let notes = vec![
        "No command loads an authority: a firmware that comes ready verifies brokers of Let's Encrypt and Amazon alone, and \
         one without TLS does not know the commands. Build your own, once for all devices: put user_config_override.h \
         (or its lines, if you have one) into Tasmota's folder tasmota, local_ca_data.h and local_ca_descriptor.h into \
         tasmota/include, and for ESP8266 the line `lib_extra_dirs = lib/lib_ssl` into platformio_override.ini."
            .to_owned(),
        format!(
            "Then paste each line of {COMMANDS} by itself into the device's web console, in this order. TLSKey answers with \
             32 and the length of the certificate; -1 is an empty place, and TLSKey 0 empties both."
        ),
        format!(
            "The device asks for {}, character by character a name of the broker's certificate; it needs a DNS that \
             knows it, and NTP, because it looks at the certificate's dates. Errors in the console: 54 the clock, 56 the \
             name, 62 the authority (an old firmware).",
            device.broker.host
        ),
        format!("The key is in {COMMANDS} and, unencrypted, in the device's flash: delete the file when it is done."),
        "`Status 6` in the console tells whether it is connected: MqttCount is 1 and more.".to_owned(),
    ];
    let warnings = warnings(device, &certificate);
    Ok(Bundle { files, notes, warnings, test: Some("cc -fsyntax-only -x c -DPROGMEM= local_ca_data.h".to_owned()) })
}

/// What its firmware is built with. Without the two others, ours is the only authority.
const BUILD: &str = "\
// For Tasmota's user_config_override.h: TLS, client certificates, and your authority as the only one.
#ifndef USE_MQTT_TLS
#define USE_MQTT_TLS
#endif
#ifndef USE_MQTT_TLS_CA_CERT
#define USE_MQTT_TLS_CA_CERT   // verifies the broker by its authority
#endif
#ifndef USE_MQTT_AWS_IOT
#define USE_MQTT_AWS_IOT       // client certificates, and the command TLSKey; no Amazon is asked
#endif
#define INCLUDE_LOCAL_CERT     // local_ca_data.h and local_ca_descriptor.h, in tasmota/include
#define OMIT_LETS_ENCRYPT_CERT
#define OMIT_AWS_CERT
";

fn commands(device: &Device<'_>, number: &[u8], certificate: &Certificate) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::new());
    let mut line = |parts: &[&str]| {
        for part in parts {
            text.extend_from_slice(part.as_bytes());
        }
        text.push(b'\n');
    };
    line(&["TLSKey1 ", &Zeroizing::new(STANDARD.encode(number))]);
    line(&["TLSKey2 ", &STANDARD.encode(certificate.der.as_ref())]);
    let port = device.broker.port.to_string();
    // a semicolon ends a command of a Backlog; alone on its line it does not, and the device restarts after it
    let apart = |value: &str| value.contains(';');
    let mut login = vec![("MqttClient", device.name)];
    login.extend(device.user.map(|user| ("MqttUser", user)));
    // ...2 answers with asterisks
    login.extend(material::password(device).map(|password| ("MqttPassword2", password)));
    for (command, value) in login.iter().filter(|(_, value)| apart(value)) {
        line(&[command, " ", value]);
    }
    let mut backlog = vec!["Backlog MqttHost ", &device.broker.host, "; MqttPort ", &port];
    for (command, value) in login.iter().filter(|(_, value)| !apart(value)) {
        backlog.extend(["; ", command, " ", value]);
    }
    backlog.push("; SetOption132 0; SetOption103 1");
    line(&backlog);
    text
}

fn warnings(device: &Device<'_>, certificate: &Certificate) -> Vec<String> {
    let mut warnings = Vec::new();
    let length = certificate.der.len();
    if length > ROOM {
        warnings
            .push(format!("its certificate has {length} bytes, and Tasmota's flash room for {ROOM}: it will be cut"));
    }
    for (what, value) in [("user", device.user), ("password", material::password(device))] {
        let Some(value) = value else { continue };
        if matches!(value, "0" | "1") || value.starts_with('"') {
            warnings.push(format!(
                "Tasmota takes 0, 1 and what begins with a quotation mark for an order: give another {what}"
            ));
        }
        if value.trim() != value {
            warnings.push(format!("Tasmota drops spaces at both ends: give another {what}"));
        }
    }
    warnings
}

/// The number that is the key: in SEC 1, and so within PKCS#8, it stands after the version 1, as an octet string.
fn number(pem: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const BEFORE: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
    let der = keys::parse_der(pem, "").ok()?;
    let der = der.secret_der();
    let at = der.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    der.get(at..at + 32).map(|number| Zeroizing::new(number.to_vec()))
}

/// What `brssl ta` of BearSSL writes of the authorities, in the two parts that Tasmota's build wants: arrays, and the
/// entries of its list of trust anchors.
fn trust_anchors(authorities: &[Certificate]) -> Option<(String, String)> {
    let mut data = "// For Tasmota's folder tasmota/include: the names and keys of your authorities.\n".to_owned();
    let mut entries = Vec::new();
    for (at, authority) in authorities.iter().enumerate() {
        let mut array = |what: &str, bytes: &[u8]| {
            let lines: Vec<String> = bytes
                .chunks(12)
                .map(|line| line.iter().map(|byte| format!("0x{byte:02X}")).collect::<Vec<_>>().join(", "))
                .collect();
            data.push_str(&format!(
                "\nstatic const unsigned char PROGMEM TA{at}_{what}[] = {{\n\t{}\n}};\n",
                lines.join(",\n\t")
            ));
        };
        array("DN", &authority.raw_subject);
        let (kind, key) = match authority.key_kind {
            KeyKind::P256 => {
                array("EC_Q", &authority.public_key);
                (
                    "EC",
                    format!(
                        ".ec = {{\n\t\t\t\tBR_EC_secp256r1,\n\t\t\t\t(unsigned char *)TA{at}_EC_Q, sizeof TA{at}_EC_Q,"
                    ),
                )
            }
            KeyKind::Rsa(_) => {
                let (modulus, exponent) = rsa(&authority.public_key)?;
                array("RSA_N", modulus);
                array("RSA_E", exponent);
                (
                    "RSA",
                    format!(
                        ".rsa = {{\n\t\t\t\t(unsigned char *)TA{at}_RSA_N, sizeof TA{at}_RSA_N,\n\t\t\t\t\
                         (unsigned char *)TA{at}_RSA_E, sizeof TA{at}_RSA_E,"
                    ),
                )
            }
            // Tasmota's BearSSL is cut down to P-256
            _ => return None,
        };
        entries.push(format!(
            "\t{{\n\t\t{{ (unsigned char *)TA{at}_DN, sizeof TA{at}_DN }},\n\t\tBR_X509_TA_CA,\n\t\t{{\n\t\t\t\
             BR_KEYTYPE_{kind},\n\t\t\t{{ {key}\n\t\t\t}} }}\n\t\t}}\n\t}}"
        ));
    }
    Some((data, format!("{}\n", entries.join(",\n"))))
}

/// Modulus and exponent of an RSAPublicKey, without the zero before a number that begins with a high bit.
fn rsa(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inner, _) = element(key, 0x30)?;
    let (modulus, rest) = element(inner, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    Some((modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent))
}

/// The contents of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&short, mut rest) = rest.split_first().filter(|_| first == tag)?;
    let mut length = usize::from(short);
    if short >= 0x80 {
        let (digits, after) =
            rest.split_at_checked(usize::from(short & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
        length = digits.iter().fold(0, |sum, &digit| (sum << 8) | usize::from(digit));
        rest = after;
    }
    rest.split_at_checked(length)
}
