// Without setInsecure: a sketch that calls it is not compiled.
#pragma once
#include "WiFi.h"
#if defined(ESP8266)
#define BR_KEYTYPE_RSA 1
#define BR_KEYTYPE_EC 2
#define BR_KEYTYPE_KEYX 0x10
#define BR_KEYTYPE_SIGN 0x20
namespace BearSSL {
struct X509List {
  explicit X509List(const char *) {}
};
struct PrivateKey {
  explicit PrivateKey(const char *) {}
};
struct WiFiClientSecure : Client {
  void setTrustAnchors(const X509List *) {}
  void setX509Time(time_t) {}
  void setClientRSACert(const X509List *, const PrivateKey *) {}
  void setClientECCert(const X509List *, const PrivateKey *, unsigned, unsigned) {}
  int getLastSSLError(char * = nullptr, size_t = 0) { return 0; }
};
}  // namespace BearSSL
using namespace BearSSL;
#else
struct WiFiClientSecure : Client {
  void setCACert(const char *) {}
  void setCertificate(const char *) {}
  void setPrivateKey(const char *) {}
  int lastError(char *, const size_t) { return 0; }
};
#endif
