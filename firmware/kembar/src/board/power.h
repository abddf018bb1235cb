// Switches off what the sketch does not use, and sleeps between two passes of loop().
//
// Sleeping saves a few milliamperes and heat; it is also what makes the simulation fast (a CPU that sleeps is skipped).
#pragma once

#include <stdint.h>

namespace kembar {

// In it a byte or two come from each sensor and at most 24 over USB, for which there are 31 and 63 places.
const uint8_t PASS_EVERY_MS = 2;

// Timers 1 to 5 (Arduino starts them for PWM, which nobody uses here), the ADC and the two-wire bus.
// Timer 0 stays: it is millis().
void switch_off_unused();

// Until millis() has counted on by PASS_EVERY_MS. Every interrupt wakes the CPU; then it sleeps again.
void sleep_until_next_pass();

}  // namespace kembar
