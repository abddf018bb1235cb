// A serial line to sensors, as its users see it: bytes out, bytes in, never waiting.
//
// board/ implements it over the registers of the chip, tests over nothing.
#pragma once

#include <stdint.h>

namespace kembar {

struct Uart {
    // Begins to send; the bytes are the caller's again at once. A request of 8 bytes must have room.
    virtual void send(const uint8_t* bytes, uint8_t length) = 0;
    // The next byte that came, or NOTHING_RECEIVED.
    virtual int16_t receive() = 0;
};

const int16_t NOTHING_RECEIVED = -1;

}  // namespace kembar
