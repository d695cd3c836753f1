#pragma once
#include "Arduino.h"
enum wl_status_t { WL_CONNECTED = 3 };
enum wifi_mode_t { WIFI_STA = 1 };
struct WiFiClass {
  bool mode(wifi_mode_t) { return true; }
  wl_status_t begin(const char *, const char *) { return WL_CONNECTED; }
  wl_status_t status() { return WL_CONNECTED; }
};
static WiFiClass WiFi;
struct Client {
  virtual ~Client() {}
};
