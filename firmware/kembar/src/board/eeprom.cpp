// The registers of the EEPROM.
#include "eeprom.h"

#include <avr/interrupt.h>
#include <avr/io.h>

namespace kembar {

bool BoardEeprom::ready() { return !(EECR & _BV(EEPE)); }

// A write that goes on (only one from before a reset can, when the settings are read at start) must end first: 3.4 ms.
uint8_t BoardEeprom::read(uint16_t address) {
    for (uint16_t tries = 0xFFFF; (EECR & _BV(EEPE)) && tries > 0; tries--) {
    }
    EEAR = address;
    EECR |= _BV(EERE);
    return EEDR;
}

// Only when ready(). Between the two bits at most four cycles may pass, so no interrupt.
void BoardEeprom::write(uint16_t address, uint8_t value) {
    EEAR = address;
    EEDR = value;
    uint8_t status = SREG;
    cli();
    EECR = _BV(EEMPE);  // erase and write in one
    EECR |= _BV(EEPE);
    SREG = status;
}

}  // namespace kembar
