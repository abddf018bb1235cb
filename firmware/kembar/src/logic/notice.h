// What the device says unasked: one banner at its start, and warnings when the EEPROM is not what it should be.
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"

namespace kembar {

enum class Warning : uint8_t {
    SETTINGS_DAMAGED = 1,
    SETTINGS_OTHER_VERSION = 2,
    EEPROM = 4,  // it does not keep what is written
};

class Notice {
  public:
    void greet() { greeting_ = true; }
    void warn(Warning warning) { warnings_ = static_cast<uint8_t>(warnings_ | static_cast<uint8_t>(warning)); }

    bool due() const { return greeting_ || warnings_ != 0; }
    void print(const Bench& bench, Remark& remark) const;
    void printed();

  private:
    uint8_t warnings_ = 0;  // a bit for each
    bool greeting_ = false;
};

}  // namespace kembar
