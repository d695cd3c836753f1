//! `arduino-header`: a C header for Arduino cores (ESP32, ESP8266).
//!
//! Names of files and variables are the same for every device, so that one sketch serves them all.

use zeroize::Zeroizing;

use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;
use crate::export::write;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;

const HEADER: &str = "mqtt_credentials.h";
const SKETCH: &str = "mqtt_device.ino";

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let key = device.key(Target::ArduinoHeader)?;
    let text = header(device, key);
    let files = vec![File::secret(HEADER, text.as_bytes()), File::public(SKETCH, SKETCH_TEXT)];
    let notes = vec![
        format!(
            "Put both files into a folder `mqtt_device` below the sketchbook, fill in the WiFi's name and password in \
             `{SKETCH}`, and install the library PubSubClient. `{HEADER}` is this device's own, with its key."
        ),
        "The sketch is for the cores esp32 3 and esp8266 3, and sets the clock by NTP before it connects: a device that \
         believes in 1970 refuses every certificate."
            .to_owned(),
        "The key lies readable in the flash; where the device can be taken, switch flash encryption on, and revoke what is \
         lost: mqsec revoke NAME."
            .to_owned(),
    ];
    let test = format!("cc -fsyntax-only -x c {HEADER}");
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(test) })
}

fn header(device: &Device<'_>, key: &[u8]) -> Zeroizing<String> {
    let own = Certificate::from_pem(device.certificate_pem.as_bytes(), "").ok();
    let begin = own.as_ref().map_or(0, |own| own.not_before.unix_timestamp());
    let is_ec = own.as_ref().is_none_or(|own| !matches!(own.key_kind, KeyKind::Rsa(_)));
    // BearSSL asks for the kind of the key that signed the certificate
    let above = if device.intermediates_pem.is_empty() { device.authorities_pem } else { device.intermediates_pem };
    let issuer = Certificate::from_pem(above.as_bytes(), "").ok();
    let issuer_is_ec = issuer.is_none_or(|issuer| !matches!(issuer.key_kind, KeyKind::Rsa(_)));
    let key = Zeroizing::new(String::from_utf8_lossy(key).into_owned());
    Zeroizing::new(format!(
        "\
/* Made by mqsec. It holds the device's private key: keep it out of version control. */
#ifndef MQTT_CREDENTIALS_H
#define MQTT_CREDENTIALS_H

#ifdef ARDUINO
#include <pgmspace.h>
#endif
#ifndef PROGMEM
#define PROGMEM
#endif

#define MQTT_PORT {port}
/* The certificate begins here (seconds since 1970): a clock that stands before it is not set. */
#define MQTT_CLOCK_IS_SET {begin}L
/* Kinds of the device's key and of the authority's: 1 is ECDSA, 0 is RSA. */
#define MQTT_KEY_IS_EC {is_ec}
#define MQTT_ISSUER_IS_EC {issuer_is_ec}

static const char MQTT_HOST[] = {host};
static const char MQTT_CLIENT_ID[] = {name};
static const char MQTT_USER[] = {user};
static const char MQTT_PASSWORD[] = {password};
static const char MQTT_TOPIC[] = {topic};

/* Whom to trust. */
static const char MQTT_CA[] PROGMEM =
{ca};

/* The device's certificate, and what stands above it. */
static const char MQTT_CERTIFICATE[] PROGMEM =
{certificate};

static const char MQTT_KEY[] PROGMEM =
{key};

#endif
",
        port = device.broker.port,
        is_ec = u8::from(is_ec),
        issuer_is_ec = u8::from(issuer_is_ec),
        host = write::c(&device.broker.host),
        name = write::c(device.name),
        user = write::c(device.user.unwrap_or_default()),
        password = write::c(device.password_text()),
        topic = write::c(&device.example_topic()),
        ca = write::c_lines(device.authorities_pem),
        certificate = write::c_lines(&device.chain_pem()),
        key = write::c_lines(&key),
    ))
}

const SKETCH_TEXT: &str = r#"// MQTT over TLS with a client certificate: ESP32 (core 3) and ESP8266 (core 3), library PubSubClient.
// The broker is always verified; a connection that fails is mended there, never by leaving the check out.
#if defined(ESP8266)
#include <ESP8266WiFi.h>
#else
#include <WiFi.h>
#endif
#include <WiFiClientSecure.h>
#include <PubSubClient.h>
#include <time.h>

#include "mqtt_credentials.h"

static const char WIFI_NAME[] = "the WiFi's name";
static const char WIFI_PASSWORD[] = "the WiFi's password";

static WiFiClientSecure tls;
static PubSubClient mqtt(tls);

#if defined(ESP8266)
static BearSSL::X509List authorities(MQTT_CA);
static BearSSL::X509List certificate(MQTT_CERTIFICATE);
static BearSSL::PrivateKey key(MQTT_KEY);
#endif

// Certificates have a beginning and an end, so the clock comes first.
static void setClock() {
  configTime(0, 0, "pool.ntp.org", "time.cloudflare.com");
  Serial.print("waiting for the time");
  while (time(nullptr) < (time_t)MQTT_CLOCK_IS_SET) {
    delay(500);
    Serial.print(".");
  }
  Serial.println();
}

static void setUpTls() {
#if defined(ESP8266)
  tls.setTrustAnchors(&authorities);
  tls.setX509Time(time(nullptr));
#if MQTT_KEY_IS_EC
  tls.setClientECCert(&certificate, &key, BR_KEYTYPE_SIGN, MQTT_ISSUER_IS_EC ? BR_KEYTYPE_EC : BR_KEYTYPE_RSA);
#else
  tls.setClientRSACert(&certificate, &key);
#endif
#else
  tls.setCACert(MQTT_CA);
  tls.setCertificate(MQTT_CERTIFICATE);
  tls.setPrivateKey(MQTT_KEY);
#endif
}

static bool connectMqtt() {
  if (MQTT_USER[0]) return mqtt.connect(MQTT_CLIENT_ID, MQTT_USER, MQTT_PASSWORD);
  return mqtt.connect(MQTT_CLIENT_ID);
}

static void received(char *topic, uint8_t *payload, unsigned int length) {
  Serial.printf("%s: %u bytes\n", topic, length);
  (void)payload;
}

void setup() {
  Serial.begin(115200);
  WiFi.mode(WIFI_STA);
  WiFi.begin(WIFI_NAME, WIFI_PASSWORD);
  while (WiFi.status() != WL_CONNECTED) delay(250);
  setClock();
  setUpTls();
  mqtt.setServer(MQTT_HOST, MQTT_PORT);
  mqtt.setCallback(received);
}

void loop() {
  if (!mqtt.connected()) {
    if (connectMqtt()) {
      mqtt.publish(MQTT_TOPIC, "hello");
    } else {
      Serial.printf("not connected: %d\n", mqtt.state());
#if defined(ESP8266)
      char why[100];
      tls.getLastSSLError(why, sizeof why);
      Serial.println(why);
#else
      char why[100];
      tls.lastError(why, sizeof why);
      Serial.println(why);
#endif
      delay(5000);
      return;
    }
  }
  mqtt.loop();
}
"#;
