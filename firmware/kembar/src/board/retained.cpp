// The memory and the registers behind retained.h.
#include "retained.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

#include "freeram.h"

namespace kembar {

namespace {

enum class Mark : uint8_t { NONE, WATCHDOG, RESTART };

struct Marks {
    uint32_t intact;  // RAM that lost its power does not hold this by chance
    Mark mark;
    uint8_t not_mark;
};

const uint32_t INTACT = 0x4B454D42;

// Read in .init3, before .data and .bss are filled: so they must be in .noinit, too.
Marks marks __attribute__((section(".noinit")));
uint8_t start_flags __attribute__((section(".noinit")));
Mark start_mark __attribute__((section(".noinit")));
bool start_intact __attribute__((section(".noinit")));
uint32_t start_noise __attribute__((section(".noinit")));

void leave(Mark mark) {
    marks.mark = mark;
    marks.not_mark = static_cast<uint8_t>(~static_cast<uint8_t>(mark));
}

void read_marks() {
    bool whole = marks.not_mark == static_cast<uint8_t>(~static_cast<uint8_t>(marks.mark));
    start_intact = marks.intact == INTACT && whole;
    start_mark = start_intact ? marks.mark : Mark::NONE;
    marks.intact = INTACT;
    leave(Mark::NONE);
}

// FNV-1a, 32 bits, over the whole RAM: cheap, and every byte counts.
void stir_ram() {
    uint32_t noise = 2166136261;
    for (uint16_t at = RAMSTART; at < RAMEND; at++) {
        noise = (noise ^ *reinterpret_cast<volatile uint8_t*>(at)) * 16777619;
    }
    start_noise = noise;
}

}  // namespace

RingMemory retained_ring __attribute__((section(".noinit")));

}  // namespace kembar

// Placed by the linker between the setting of the stack pointer and the filling of .data and .bss; falls through.
extern "C" void kembar_before_start() __attribute__((naked, used, section(".init3")));
extern "C" void kembar_first() __attribute__((used, noinline));

void kembar_before_start() { kembar_first(); }

void kembar_first() {
    using namespace kembar;
    start_flags = MCUSR;
    // After its reset the watchdog runs on, with 16 ms; WDRF must be cleared before it can be switched off.
    MCUSR = 0;
    wdt_disable();
    read_marks();
    stir_ram();
    paint_free_ram();
}

namespace kembar {

FlashText reset_cause(bool ring_believed) {
    if (start_flags & _BV(PORF)) return KEMBAR_TEXT("power");
    if (start_flags & _BV(BORF)) return KEMBAR_TEXT("brownout");
    if (start_mark == Mark::RESTART) return KEMBAR_TEXT("restart");
    if (start_mark == Mark::WATCHDOG || (start_flags & _BV(WDRF))) return KEMBAR_TEXT("watchdog");
    if (start_flags & _BV(EXTRF)) return KEMBAR_TEXT("reset");
    if (start_flags) return KEMBAR_TEXT("unknown");
    // The boot loader has cleared them. Without a mark only the reset pin is left.
    return start_intact && ring_believed ? KEMBAR_TEXT("reset") : KEMBAR_TEXT("power");
}

uint32_t ram_noise() { return start_noise; }

// wdt_enable() would leave out the interrupt, which alone can tell a watchdog reset from the reset pin (the boot
// loader clears MCUSR). Interrupt first, reset at the second time-out: ATmega2560 data sheet, table 12-1.
void start_watchdog() {
    uint8_t status = SREG;
    cli();
    wdt_reset();
    WDTCSR = _BV(WDCE) | _BV(WDE);
    WDTCSR = _BV(WDIE) | _BV(WDE) | _BV(WDP2) | _BV(WDP1) | _BV(WDP0);  // 2 s
    SREG = status;
}

void feed_watchdog() { wdt_reset(); }

void restart(bool by_watchdog) {
    cli();
    leave(Mark::RESTART);
    PRR0 = PRR1 = 0;  // as after a reset: what has no clock takes no setting
    UCSR1B = UCSR2B = UCSR3B = 0;  // nobody reads what a sensor still says
    if (!by_watchdog) {
        WDTCSR = _BV(WDCE) | _BV(WDE);
        WDTCSR = 0;
        SPCR = 0;
        UCSR0B = 0;
        __asm__ volatile("jmp 0");
    }
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}

}  // namespace kembar

// The loop has not come round for two seconds: say so, and let the second time-out come at once.
ISR(WDT_vect) {
    kembar::leave(kembar::Mark::WATCHDOG);
    wdt_enable(WDTO_15MS);
    for (;;) {
    }
}
