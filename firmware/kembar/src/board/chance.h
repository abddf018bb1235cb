// Random numbers for what must differ between boards: a boot number's upper half, a MAC address.
//
// Not for secrets. From three sources, any of which would do: what the RAM held at power-on, the noise in the lowest
// bits of the ADC on open pins, and when the caller asks.
#pragma once

#include <stdint.h>

namespace kembar {

// Before the ADC is switched off; takes about 2 ms.
void gather_chance();

uint32_t draw();

}  // namespace kembar
