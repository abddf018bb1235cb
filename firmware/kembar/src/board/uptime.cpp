// Adds up what Arduino's millis() gives.
#include "uptime.h"

#include <Arduino.h>

namespace kembar {

uint64_t Uptime::ms() {
    const uint32_t now_ms = millis();
    ms_ += now_ms - read_ms_;  // right across the wrap-around, too
    read_ms_ = now_ms;
    return ms_;
}

}  // namespace kembar
