// Walks over a text that a person typed and reads numbers and addresses off it.
//
// Each step either reads what it is asked for and moves on, or says false.
#pragma once

#include <stdint.h>

namespace kembar {

class TextWalk {
  public:
    // At most this many digits, so that a number neither overflows nor hides behind zeros.
    static const uint8_t DIGITS_MOST = 5;

    explicit TextWalk(const char* text) : at_(text) {}

    bool ended() const { return *at_ == '\0'; }
    bool pass(char character);
    bool number(uint32_t most, uint32_t& value);  // 0 to most, decimal
    bool byte(uint8_t& value);                    // 0 to 255, decimal
    bool hex_byte(uint8_t& value);                // two hex digits
    bool ip(uint8_t four[4]);                     // four bytes with dots between them

  private:
    bool hex_digit(uint8_t& value);

    const char* at_;
};

}  // namespace kembar
