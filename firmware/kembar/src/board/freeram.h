// How much RAM between the variables and the stack has never been used since the start.
//
// The free RAM is painted before anything runs; what still has its paint was never reached by the stack, interrupts
// included. So the figure in H1 is the worst case so far and not a lucky moment: below about 100 bytes is danger.
#pragma once

#include <stdint.h>

namespace kembar {

// At the very start only, see retained.cpp.
void paint_free_ram();

uint16_t least_free_ram();

}  // namespace kembar
