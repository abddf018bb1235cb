// What survives every reset but power-off: the ring of records, and marks that say why the reset came.
//
// .noinit is RAM that the start-up code leaves alone. The boot loader is run first at every reset and uses RAM of its
// own (stk500boot_v2, measured: 18 bytes at the bottom, 308 at the top); .noinit lies behind .data and .bss and below
// our stack, out of its reach, and the ring believes nothing unchecked anyhow.
// The reset cause is in MCUSR, but that boot loader clears it; so each of our own resets leaves a mark before it.
#pragma once

#include <stdint.h>

#include "../logic/flash.h"
#include "../logic/ring.h"

namespace kembar {

extern RingMemory retained_ring;

// Why this start came, as H1 says it: power, reset, brownout, watchdog, restart, unknown.
// `ring_believed`: RAM that was without power for a moment may have lost a bit of the ring and none of the marks.
FlashText reset_cause(bool ring_believed);

// Bits of what the RAM held before the start-up code touched it: random after power-on, and different in each Mega.
uint32_t ram_noise();

// Resets the Mega two seconds after the last feed_watchdog(), and leaves the mark "watchdog".
// Never started on a Mega with a boot loader from before 2012: that one does not switch it off and starts for ever.
void start_watchdog();
void feed_watchdog();

// Does not return. The mark is "restart". Without the watchdog (see above) by a jump to the start of the program.
void restart(bool by_watchdog);

}  // namespace kembar
