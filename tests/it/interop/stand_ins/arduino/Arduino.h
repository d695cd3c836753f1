// What a sketch uses of the Arduino cores, with their signatures (esp32 3, esp8266 3) and nothing behind them: it shows that
// the sketch is C++ that uses what is there, not that it works.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct SerialPort {
  void begin(unsigned long) {}
  size_t print(const char *) { return 0; }
  size_t println(const char *) { return 0; }
  size_t println() { return 0; }
  __attribute__((format(printf, 2, 3))) size_t printf(const char *, ...) { return 0; }
};
static SerialPort Serial;
inline void delay(uint32_t) {}
inline void configTime(long, int, const char *, const char * = nullptr, const char * = nullptr) {}
