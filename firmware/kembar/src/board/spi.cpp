// The SPI bus of the Mega: its pins and its mode.
#include "spi.h"

namespace kembar {
namespace spi {

void begin() {
    // Nobody is selected before anything moves: the SD card (pin 4, PG5) is not used and must never answer.
    PORTG |= _BV(PG5);
    DDRG |= _BV(PG5);
    release();
    // With the pull-up a missing chip reads 0xFF, always.
    PORTB |= _BV(PB3);
    DDRB = static_cast<uint8_t>((DDRB | _BV(PB0) | _BV(PB1) | _BV(PB2) | _BV(PB4)) & ~_BV(PB3));
    SPCR = _BV(SPE) | _BV(MSTR);  // mode 0, highest bit first, clock / 4 ...
    SPSR = _BV(SPI2X);            // ... doubled: 8 MHz
}

}  // namespace spi
}  // namespace kembar
