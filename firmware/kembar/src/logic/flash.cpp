// Printing of texts and numbers, character by character, without buffer and without division.
//
// A 32-bit division is a loop over 32 bits on an AVR, and a number has up to ten digits; a digit by subtracting powers
// of ten is at most nine subtractions. Every line is written with it, so it counts.
#include "flash.h"

namespace kembar {

namespace {

const uint8_t DIGITS_MOST = 10;  // of 4 294 967 295

const uint32_t POWERS_OF_TEN[DIGITS_MOST] KEMBAR_FLASH = {
    1UL, 10UL, 100UL, 1000UL, 10000UL, 100000UL, 1000000UL, 10000000UL, 100000000UL, 1000000000UL,
};

uint32_t power_of_ten(uint8_t exponent) {
#ifdef __AVR__
    return pgm_read_dword(&POWERS_OF_TEN[exponent]);
#else
    return POWERS_OF_TEN[exponent];
#endif
}

// Takes the digit of 10^exponent off the value.
char take_digit(uint32_t& value, uint8_t exponent) {
    const uint32_t power = power_of_ten(exponent);
    char digit = '0';
    while (value >= power) {
        value -= power;
        ++digit;
    }
    return digit;
}

}  // namespace

bool equal(const char* ram, FlashText flash) {
    uint16_t i = 0;
    for (; ram[i] != '\0'; ++i) {
        if (ram[i] != flash_char(flash, i)) return false;
    }
    return flash_char(flash, i) == '\0';
}

void print(Output& output, FlashText text) {
    char character;
    for (uint16_t i = 0; (character = flash_char(text, i)) != '\0'; ++i) output.put(character);
}

void print(Output& output, const char* text) {
    for (; *text != '\0'; ++text) output.put(*text);
}

void print(Output& output, uint32_t number) { print_fixed(output, number, 0); }

void print_fixed(Output& output, uint32_t value, uint8_t decimals) {
    bool begun = false;
    for (uint8_t exponent = DIGITS_MOST; exponent-- > 0;) {
        const char digit = take_digit(value, exponent);
        // Leading zeros are left out, but the digit before the point is always there.
        begun = begun || digit != '0' || exponent == decimals;
        if (begun) output.put(digit);
        if (exponent == decimals && decimals > 0) output.put('.');
    }
}

void print_hex(Output& output, uint32_t value, uint8_t digits) {
    while (digits-- > 0) {
        const uint8_t digit = static_cast<uint8_t>(value >> (4 * digits)) & 0xF;
        output.put(static_cast<char>(digit < 10 ? '0' + digit : 'A' + digit - 10));
    }
}

}  // namespace kembar
