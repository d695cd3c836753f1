//! `pkcs12`: one encrypted file for Java, Windows, Android, macOS and browsers.
//!
//! JKS is left out: Java reads PKCS#12 as its own since 9, and `keytool` turns it into JKS for what is older.

use p12_keystore::Certificate as Stored;
use p12_keystore::EncryptionAlgorithm;
use p12_keystore::KeyStore;
use p12_keystore::KeyStoreEntry;
use p12_keystore::MacAlgorithm;
use p12_keystore::PrivateKey;
use p12_keystore::PrivateKeyChain;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;
use crate::pki::keys;
use crate::pki::parsed::Certificate;
use crate::secret::Secret;

pub(in crate::export) fn bundle(device: &Device<'_>, options: &Options) -> Result<Bundle, Plain> {
    let name = material::stem(device);
    let (mut files, password) = keystore(device, Target::Pkcs12, options)?;
    files.push(File::secret("ca.p12", truststore(device, &password, options)?));
    files.push(File::public("ca.crt", device.authorities_pem));
    let (p12, word) = (shell_word(&format!("{name}.p12")), shell_word(&format!("{name}.p12.password")));
    let mut notes = vec![format!("`{name}.p12` is key, certificate and chain; `ca.p12` is what to trust, for Java.")];
    let password_file = if options.file_password.is_none() {
        notes.push(format!("Both are opened with the password in `{name}.p12.password`: hand it over another way."));
        word
    } else {
        "PASSWORD-FILE".to_owned()
    };
    notes.push(format!(
        "Java: javax.net.ssl.keyStore={name}.p12, javax.net.ssl.trustStore=ca.p12, both of the type PKCS12, with their \
         passwords in keyStorePassword and trustStorePassword."
    ));
    notes.push(format!(
        "A program that insists on JKS: keytool -importkeystore -srckeystore {p12} -srcstoretype PKCS12 -destkeystore \
         client.jks -deststoretype JKS -srcstorepass:file {password_file} -deststorepass:file {password_file}"
    ));
    notes.push(match options.legacy {
        false => "AES-256 and SHA-256. What says that a right password is wrong knows the old algorithms alone \
                  (Windows before 10, Android before 12, old macOS): export it again with --legacy."
            .to_owned(),
        true => "3DES and SHA-1, which can be broken: send it to nobody, and delete it once it is imported.".to_owned(),
    });
    let mut warnings = Vec::new();
    if !password.expose().is_ascii() {
        // seen with keytool of Java 17: "Password is not ASCII"
        warnings.push("Java opens no such file with a password that has other letters than ASCII's".to_owned());
    }
    let test = Some(format!("openssl pkcs12 -in {p12} -passin file:{password_file} -noout -info"));
    Ok(Bundle { files, notes, warnings, test })
}

/// `NAME.p12`, and `NAME.p12.password` where it was made up.
pub(super) fn keystore(device: &Device<'_>, target: Target, options: &Options) -> Result<(Vec<File>, Secret), Plain> {
    let name = material::stem(device);
    let key = keys::parse(device.key(target)?, &format!("{name}.key")).map_err(|error| failed(&error))?;
    let der = PrivatePkcs8KeyDer::from_pem_slice(&keys::to_pem(&key)).map_err(|error| failed(&error))?;
    let key = PrivateKey::from_der(der.secret_pkcs8_der()).map_err(|error| failed(&error))?;
    let mut chain = certificates(&device.chain_pem())?;
    // whoever imports it may want to trust the root too
    chain.extend(certificates(device.authorities_pem)?.into_iter().take(1));
    let chain: Vec<Stored> = chain.into_iter().map(|(_, stored)| stored).collect();
    let mut store = KeyStore::new();
    store.add_entry(
        &alias(device.name),
        KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(&b"mqsec"[..], key, chain)),
    );
    let password = options.file_password.clone().unwrap_or_else(Secret::generate);
    let mut files = vec![File::secret(format!("{name}.p12"), write(&store, &password, options)?)];
    if options.file_password.is_none() {
        files.push(File::secret(format!("{name}.p12.password"), format!("{}\n", password.expose())));
    }
    Ok((files, password))
}

/// The authorities alone, marked as trusted in the way that Java asks for.
fn truststore(device: &Device<'_>, password: &Secret, options: &Options) -> Result<Vec<u8>, Plain> {
    let mut store = KeyStore::new();
    for (index, (title, stored)) in certificates(device.authorities_pem)?.into_iter().enumerate() {
        let number = if index == 0 { String::new() } else { format!(" {}", index + 1) };
        store.add_entry(&format!("{}{number}", alias(&title)), KeyStoreEntry::Certificate(stored));
    }
    write(&store, password, options)
}

fn write(store: &KeyStore, password: &Secret, options: &Options) -> Result<Vec<u8>, Plain> {
    // the MAC's salt of 8 bytes, which the crate writes, is the length that macOS reads
    let (cipher, mac) = match options.legacy {
        false => (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
        true => (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
    };
    // a password of 130 random bits needs no stretching: OpenSSL's number; one that somebody thought of does
    let iterations = if options.file_password.is_some() { 20_000 } else { 2048 };
    store
        .writer(password.expose())
        .encryption_algorithm(cipher)
        .encryption_iterations(iterations)
        .mac_algorithm(mac)
        .mac_iterations(iterations)
        .write()
        .map_err(|error| failed(&error))
}

/// The certificates of a PEM text, each with its title.
fn certificates(pem: &str) -> Result<Vec<(String, Stored)>, Plain> {
    let parsed = Certificate::all_from_pem(pem.as_bytes(), "the chain").map_err(|error| failed(&error))?;
    let stored = |one: &Certificate| {
        Stored::from_der(&one.der).map(|stored| (one.title().to_owned(), stored)).map_err(|error| failed(&error))
    };
    parsed.iter().map(stored).collect()
}

/// A name as PKCS#12 can hold it: characters of sixteen bits.
fn alias(name: &str) -> String {
    name.chars().map(|letter| if u32::from(letter) > 0xffff { '_' } else { letter }).collect()
}

fn failed(error: &dyn std::fmt::Display) -> Plain {
    Plain::no("export-unfit", format!("no PKCS#12 file can be made of it: {error}"))
        .hint("a pair that can: mqsec client-cert NAME --key-type p256")
}
