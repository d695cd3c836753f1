// A client of MQTT 3.1.1 on BearSSL, set up as Tasmota sets it up: TLS 1.2, buffers of 1 kB, one certificate, a P-256 key,
// and the trust anchors of an exported firmware. Prints the CONNACK's return code, or BearSSL's error.
//
//   ./client HOST PORT USER PASSWORD

#include <bearssl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROGMEM
#include "local_ca_data.h"
static const br_x509_trust_anchor Tasmota_TA[] = {
#include "local_ca_descriptor.h"
};
#include "device.h" // TLSKey1 and TLSKey2, decoded

static int sock_read(void *fd, unsigned char *buf, size_t len) {
  ssize_t got = read(*(int *)fd, buf, len);
  return got > 0 ? (int)got : -1;
}

static int sock_write(void *fd, const unsigned char *buf, size_t len) {
  ssize_t sent = write(*(int *)fd, buf, len);
  return sent > 0 ? (int)sent : -1;
}

static int dial(const char *host, const char *port) {
  struct addrinfo *all, hints = {.ai_socktype = SOCK_STREAM};
  if (getaddrinfo(host, port, &hints, &all)) return -1;
  for (struct addrinfo *at = all; at; at = at->ai_next) {
    int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (fd >= 0 && !connect(fd, at->ai_addr, at->ai_addrlen)) return fd;
    close(fd);
  }
  return -1;
}

static size_t text(unsigned char *out, const char *value) {
  size_t len = strlen(value);
  out[0] = (unsigned char)(len >> 8), out[1] = (unsigned char)len;
  memcpy(out + 2, value, len);
  return len + 2;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  static br_ssl_client_context sc;
  static br_x509_minimal_context xc;
  static unsigned char in[1024 + 325], out[1024 + 85];
  br_ssl_client_init_full(&sc, &xc, Tasmota_TA, sizeof Tasmota_TA / sizeof *Tasmota_TA);
  br_ssl_engine_set_versions(&sc.eng, BR_TLS12, BR_TLS12);
  br_ssl_engine_set_ec(&sc.eng, &br_ec_p256_m15);
  br_ssl_engine_set_buffers_bidi(&sc.eng, in, sizeof in, out, sizeof out);
  time_t now = time(NULL);
  br_x509_minimal_set_time(&xc, (uint32_t)(now / 86400 + 719528), (uint32_t)(now % 86400));
  br_ec_private_key key = {BR_EC_secp256r1, (unsigned char *)KEY, sizeof KEY};
  br_x509_certificate chain[] = {{(unsigned char *)CERTIFICATE, sizeof CERTIFICATE}};
  br_ssl_client_set_single_ec(&sc, chain, 1, &key, 0xFFFF, 0, &br_ec_p256_m15, br_ecdsa_sign_asn1_get_default());
  if (!br_ssl_client_reset(&sc, argv[1], 0)) return 2;

  int fd = dial(argv[1], argv[2]);
  if (fd < 0) return 2;
  br_sslio_context io;
  br_sslio_init(&io, &sc.eng, sock_read, &fd, sock_write, &fd);
  unsigned char packet[512] = "\x10\0\0\4MQTT\4\xc2\0\x3c", answer[4];
  size_t len = 12;
  if (strlen(argv[3]) + strlen(argv[4]) > 90) return 2; // one byte of length
  len += text(packet + len, "bearssl");
  len += text(packet + len, argv[3]);
  len += text(packet + len, argv[4]);
  packet[1] = (unsigned char)(len - 2);
  if (br_sslio_write_all(&io, packet, len) || br_sslio_flush(&io) || br_sslio_read_all(&io, answer, 4)) {
    printf("BearSSL error %d\n", br_ssl_engine_last_error(&sc.eng));
    return 1;
  }
  printf("return code %d\n", answer[3]);
  return answer[3];
}
