// The Mega's own EEPROM, one byte at a time and never waited for.
//
// What lies in it, and how a torn write is survived, is storage.h's. A byte takes 3.4 ms to write (ATmega2560 data
// sheet, table 8-1), in which the loop goes on; a cell bears 100 000 writes (section 8.1).
#pragma once

#include "../logic/storage.h"

namespace kembar {

class BoardEeprom : public Eeprom {
  public:
    uint8_t read(uint16_t address) override;
    bool ready() override;
    void write(uint16_t address, uint8_t value) override;
};

}  // namespace kembar
