//! `esp-idf`: files to embed with ESP-IDF, and its menuconfig options.

use zeroize::Zeroizing;

use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;
use crate::export::write;

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let key = device.key(Target::EspIdf)?;
    let settings = settings(device);
    let files = vec![
        File::secret("client.key", key),
        File::public("client.crt", device.chain_pem()),
        File::public("ca.crt", device.authorities_pem),
        File::secret("mqtt_settings.h", settings.as_bytes()),
        File::public("mqtt_device.c", SOURCE),
        File::public("CMakeLists.txt", CMAKE),
        File::public("sdkconfig.defaults", SDKCONFIG),
    ];
    let notes = vec![
        "Copy everything but sdkconfig.defaults into a component, say `components/mqtt_device/`, and the lines of \
         `sdkconfig.defaults` into the project's own. Files and names are the same for every device; `client.key`, \
         `client.crt` and `mqtt_settings.h` differ."
            .to_owned(),
        "Call mqtt_device_start() (declare it, or add a header) when the network is up. It sets the clock by NTP first: a \
         device that believes in 1970 refuses every certificate."
            .to_owned(),
        "ESP-IDF 5.1 or later. From 6 on the client is a component of its own: idf.py add-dependency espressif/mqtt."
            .to_owned(),
        "The key lies readable in the flash; where the device can be taken, switch flash encryption on (menuconfig, \
         Security features), and revoke what is lost: mqsec revoke NAME."
            .to_owned(),
    ];
    let test = super::pem::test(device, "client.crt", "client.key");
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(test) })
}

fn settings(device: &Device<'_>) -> Zeroizing<String> {
    let pointer = |text: &str| if text.is_empty() { "NULL".to_owned() } else { write::c(text) };
    Zeroizing::new(format!(
        "\
/* Made by mqsec. It may hold the device's password: keep it out of version control. */
#pragma once

#define MQTT_URI {uri}
#define MQTT_CLIENT_ID {name}
#define MQTT_USER {user}
#define MQTT_PASSWORD {password}
#define MQTT_TOPIC {topic}
",
        uri = write::c(&device.url()),
        name = write::c(device.name),
        user = pointer(device.user.unwrap_or_default()),
        password = pointer(device.password_text()),
        topic = write::c(&device.example_topic()),
    ))
}

const CMAKE: &str = "\
# The files are embedded as text: with a zero at the end, which mbedTLS wants behind PEM.
idf_component_register(SRCS \"mqtt_device.c\"
                       INCLUDE_DIRS \".\"
                       REQUIRES mqtt esp_netif esp_event log
                       EMBED_TXTFILES \"ca.crt\" \"client.crt\" \"client.key\")
";

const SDKCONFIG: &str = "\
# menuconfig: Component config, ESP-MQTT Configurations, Enable MQTT over SSL
CONFIG_MQTT_TRANSPORT_SSL=y
# menuconfig: Component config, mbedTLS, Enable mbedtls certificate expiry check. Off by default: then nobody asks whether the
# broker's certificate has ended
CONFIG_MBEDTLS_HAVE_TIME_DATE=y
# the handshake's stack, and memory for one record of TLS each way as the broker sends it
CONFIG_MQTT_TASK_STACK_SIZE=6144
CONFIG_MBEDTLS_ASYMMETRIC_CONTENT_LEN=y
CONFIG_MBEDTLS_SSL_IN_CONTENT_LEN=16384
CONFIG_MBEDTLS_SSL_OUT_CONTENT_LEN=4096
";

const SOURCE: &str = r#"// MQTT over TLS with a client certificate: ESP-IDF 5.1 or later, esp-mqtt.
// The broker is always verified: its chain by ca.crt, its name by the host in MQTT_URI.
#include <stddef.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif_sntp.h"
#include "mqtt_client.h"

#include "mqtt_settings.h"

extern const char ca_crt[] asm("_binary_ca_crt_start");
extern const char client_crt[] asm("_binary_client_crt_start");
extern const char client_key[] asm("_binary_client_key_start");

static const char *TAG = "mqtt_device";

static void on_event(void *argument, esp_event_base_t base, int32_t id, void *data) {
  esp_mqtt_event_handle_t event = data;
  (void)argument;
  (void)base;
  switch ((esp_mqtt_event_id_t)id) {
    case MQTT_EVENT_CONNECTED:
      ESP_LOGI(TAG, "connected");
      esp_mqtt_client_publish(event->client, MQTT_TOPIC, "hello", 0, 1, 0);
      break;
    case MQTT_EVENT_ERROR:
      ESP_LOGE(TAG, "tls error 0x%x, verify flags 0x%x, return code %d",
               (unsigned)event->error_handle->esp_tls_last_esp_err,
               (unsigned)event->error_handle->esp_tls_cert_verify_flags,
               (int)event->error_handle->connect_return_code);
      break;
    default:
      break;
  }
}

// Certificates have a beginning and an end, so the clock comes first.
static esp_err_t set_clock(void) {
  esp_sntp_config_t config = ESP_NETIF_SNTP_DEFAULT_CONFIG("pool.ntp.org");
  esp_err_t started = esp_netif_sntp_init(&config);
  if (started != ESP_OK) return started;
  return esp_netif_sntp_sync_wait(pdMS_TO_TICKS(30000));
}

esp_err_t mqtt_device_start(void) {
  esp_err_t clock = set_clock();
  if (clock != ESP_OK) {
    ESP_LOGE(TAG, "the clock could not be set: is there an NTP server?");
    return clock;
  }
  const esp_mqtt_client_config_t config = {
      .broker = {.address.uri = MQTT_URI, .verification.certificate = ca_crt},
      .credentials = {.client_id = MQTT_CLIENT_ID,
                      .username = MQTT_USER,
                      .authentication = {.password = MQTT_PASSWORD,
                                         .certificate = client_crt,
                                         .key = client_key}},
  };
  esp_mqtt_client_handle_t client = esp_mqtt_client_init(&config);
  if (client == NULL) return ESP_FAIL;
  esp_err_t registered = esp_mqtt_client_register_event(client, MQTT_EVENT_ANY, on_event, NULL);
  return registered == ESP_OK ? esp_mqtt_client_start(client) : registered;
}
"#;
