// Paints the free RAM and counts what is left of the paint.
#include "freeram.h"

#include <avr/io.h>

// The end of the variables, .noinit included; from the linker.
extern uint8_t __heap_start[];

namespace kembar {

namespace {

const uint8_t PAINT = 0xC5;
// What the painting itself and the return from it have on the stack.
const uint8_t OWN_STACK_BYTES = 32;

}  // namespace

void paint_free_ram() {
    volatile uint8_t* end = reinterpret_cast<volatile uint8_t*>(SP - OWN_STACK_BYTES);
    for (volatile uint8_t* at = __heap_start; at < end; at++) *at = PAINT;
}

uint16_t least_free_ram() {
    const uint8_t* at = __heap_start;
    while (at <= reinterpret_cast<const uint8_t*>(RAMEND) && *at == PAINT) at++;
    return static_cast<uint16_t>(at - __heap_start);
}

}  // namespace kembar
