// The SPI bus of the Mega by its registers: pins, clock, one byte at a time.
//
// Not a protocol: what the bytes mean is w5x00_bus.h's. Pins as every Arduino Ethernet shield has them: the bus on the
// ICSP header (PB1 clock, PB2 out, PB3 in), the W5x00's chip select on pin 10, the SD card's on pin 4.
// ATmega2560 data sheet, section 21: pin 53 (PB0, SS) must be an output, or a low level on it ends master mode.
#pragma once

#include <avr/io.h>

namespace kembar {
namespace spi {

// 8 MHz, the fastest that the ATmega2560 has; the W5100 takes 14, the W5500 more.
void begin();

// Pin 10 is PB4. Both below 0x20, so each is one instruction and no interrupt can come between.
inline void select() { PORTB &= static_cast<uint8_t>(~_BV(PB4)); }
inline void release() { PORTB |= _BV(PB4); }

// One byte out and one in: 16 cycles of the clock. Bounded, since a bus that lost its master mode never says "done".
inline uint8_t transfer(uint8_t byte) {
    SPDR = byte;
    for (uint8_t tries = 50; !(SPSR & _BV(SPIF)) && tries > 0; tries--) {
    }
    return SPDR;
}

}  // namespace spi
}  // namespace kembar
