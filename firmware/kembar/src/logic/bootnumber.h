// The 32-bit number of this start, which must never recur, and its safekeeping in the EEPROM.
//
// The upper half tells boards with the same name apart and is drawn at random; the lower half counts starts
// (docs/protocol.md, edge/bootnumber.py). Where chance comes from is the board's business.
// 1. Nothing may be sent under a number before step() has said KEPT or NOT_KEPT.
// 2. KEPT: the next start finds it and goes on counting. A start whose write was cut has sent nothing, so its number
//    may be used again.
// 3. A copy that was written but cannot be read may have held the newest number, which is one more than that of the
//    other copy. So that number is passed over; and it is kept first, so that the two copies never differ by more.
// 4. NOT_KEPT: the EEPROM does not hold what is written. A new upper half stands for this start, as for every one.
#pragma once

#include <stdint.h>

#include "storage.h"

namespace kembar {

// Starts the CRC, so that no other block is taken for a boot number.
const uint16_t BOOT_NUMBER_KIND = 0x4E42;
const uint8_t BOOT_NUMBER_BYTES = 4;

class BootNumber {
  public:
    explicit BootNumber(Eeprom& eeprom);

    // Reads what is kept and asks for the number of this start to be kept in its place.
    void begin(uint16_t random);

    // Takes another upper half because records in RAM carry the number: the EEPROM went back in time, or was
    // exchanged. To be asked before the first step() and again after NOT_KEPT.
    void redraw(uint16_t random);

    // Writes at most one byte.
    Storage::Save step();

    uint32_t number() const { return number_; }

  private:
    void keep(uint32_t number);

    bool passing_over_;
    Storage storage_;
    uint32_t number_;
    uint16_t random_;
    uint8_t block_[BOOT_NUMBER_BYTES];
};

}  // namespace kembar
