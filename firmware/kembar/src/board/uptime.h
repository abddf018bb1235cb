// How long the Mega has been running, in milliseconds and 64 bits.
//
// millis() has 32 and begins again after 49.7 days; read at least once in that time, this does not.
#pragma once

#include <stdint.h>

namespace kembar {

class Uptime {
  public:
    uint64_t ms();

  private:
    uint64_t ms_ = 0;
    uint32_t read_ms_ = 0;
};

}  // namespace kembar
