// Texts that stay in flash, and the printing of texts and numbers into a bounded Output.
//
// An AVR copies every string literal into its 8 KiB of RAM at start, unless it is placed in flash and read with an
// instruction of its own (avr-libc, <avr/pgmspace.h>). KEMBAR_TEXT places it there; on the host it is a plain literal.
// A FlashText is a type of its own, so that the compiler refuses to read it as RAM.
// KEMBAR_TEXT works inside functions only; a table at file scope is marked KEMBAR_FLASH.
// Flash constants lie in the first 64 KiB (the linker puts them there), so 16-bit addresses reach them.
#pragma once

#include <stdint.h>

#ifdef __AVR__
#include <avr/pgmspace.h>
#define KEMBAR_FLASH PROGMEM
#define KEMBAR_TEXT(literal) (::kembar::flash_text(PSTR(literal)))
#else
#define KEMBAR_FLASH
#define KEMBAR_TEXT(literal) (::kembar::FlashText{literal})
#endif

namespace kembar {

struct FlashText {
    const char* at;  // on AVR an address in flash: only flash_char() may read it

    bool none() const { return at == nullptr; }
};

// For KEMBAR_TEXT on AVR: without a function between them the link-time optimizer of gcc 5.4 loses PSTR's array.
inline FlashText flash_text(const char* at) { return FlashText{at}; }

// Says "there is no text", for example "no mistake".
inline FlashText no_text() { return FlashText{nullptr}; }

inline uint8_t flash_byte(const uint8_t* at) {
#ifdef __AVR__
    return pgm_read_byte(at);
#else
    return *at;
#endif
}

// Character i of a text; the text ends with '\0'.
inline char flash_char(FlashText text, uint16_t i) {
    return static_cast<char>(flash_byte(reinterpret_cast<const uint8_t*>(text.at) + i));
}

bool equal(const char* ram, FlashText flash);

// Where characters go: a line buffer, a bounded queue of a UART. put() never waits; what has no room is dropped.
struct Output {
    virtual void put(char character) = 0;
};

void print(Output& output, FlashText text);
void print(Output& output, const char* text);
void print(Output& output, uint32_t number);

// 2301 with one decimal is "230.1", 7 with three is "0.007"; at most 9 decimals.
void print_fixed(Output& output, uint32_t value, uint8_t decimals);

// The lowest `digits` hex digits, upper case: 0xBEEF with 4 is "BEEF".
void print_hex(Output& output, uint32_t value, uint8_t digits);

}  // namespace kembar
