// How the device is at this moment: what the board fills in for the command `show`.
#pragma once

#include <stdint.h>

#include "flash.h"

namespace kembar {

struct State {
    FlashText reset_cause;
    uint64_t uptime_ms;
    uint32_t boot;
    bool boot_kept;         // the EEPROM keeps the boot number
    bool over_ethernet;     // lines go that way now; otherwise over USB serial
    bool edge_answered;     // since the start
    uint16_t chip;          // 5100 or 5500; 0: none answers
    uint16_t queued;        // records, of all boots
    uint16_t capacity;
    uint16_t free_ram;      // the least since the start, in bytes
    uint32_t dropped;       // records, as H1 says it
    uint32_t link_resets;
    uint32_t answered_ms_ago;  // if edge_answered
};

// What the console asks of the board.
struct Board {
    virtual void fill(State& state) = 0;
    // Begins the program again, with the reset cause "restart". Does not return on the Mega.
    virtual void restart() = 0;
};

}  // namespace kembar
