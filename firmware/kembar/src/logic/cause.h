// Cause: why a record has no reading, as its number in a record and as its word in an N1 line.
//
// The words are those of docs/protocol.md. The numbers lie in RAM that outlives a reset: never renumber them, and
// raise RING_LAYOUT (ring.h) when one is added. A record has three bits for them.
#pragma once

#include <stdint.h>

#include "flash.h"

namespace kembar {

enum class Cause : uint8_t {
    NONE = 0,       // there is a reading
    TIMEOUT = 1,    // not one byte came, or nobody had time to ask
    CRC = 2,        // something came, and no right reply was in it
    EXCEPTION = 3,  // the sensor answered with an error
    SETTLING = 4,   // the sensor has just appeared, and may say wrong things with a right CRC
    RANGE = 5,      // a right reply with a value that a PZEM-004T cannot have
};

// Empty for Cause::NONE.
FlashText cause_word(Cause cause);

}  // namespace kembar
