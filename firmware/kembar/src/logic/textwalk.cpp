// The digits, one by one.
#include "textwalk.h"

namespace kembar {

bool TextWalk::pass(char character) {
    if (*at_ != character) return false;
    ++at_;
    return true;
}

bool TextWalk::number(uint32_t most, uint32_t& value) {
    uint8_t digits = 0;
    for (value = 0; *at_ >= '0' && *at_ <= '9'; ++at_, ++digits) {
        if (digits == DIGITS_MOST) return false;
        value = value * 10 + static_cast<uint8_t>(*at_ - '0');
    }
    return digits > 0 && value <= most;
}

bool TextWalk::byte(uint8_t& value) {
    uint32_t read;
    if (!number(0xFF, read)) return false;
    value = static_cast<uint8_t>(read);
    return true;
}

bool TextWalk::hex_digit(uint8_t& value) {
    const char lower = static_cast<char>(*at_ | 0x20);
    if (*at_ >= '0' && *at_ <= '9') {
        value = static_cast<uint8_t>(*at_ - '0');
    } else if (lower >= 'a' && lower <= 'f') {
        value = static_cast<uint8_t>(lower - 'a' + 10);
    } else {
        return false;
    }
    ++at_;
    return true;
}

bool TextWalk::hex_byte(uint8_t& value) {
    uint8_t high, low;
    if (!hex_digit(high) || !hex_digit(low)) return false;
    value = static_cast<uint8_t>(high << 4 | low);
    return true;
}

bool TextWalk::ip(uint8_t four[4]) {
    for (uint8_t i = 0; i < 4; ++i) {
        if ((i > 0 && !pass('.')) || !byte(four[i])) return false;
    }
    return true;
}

}  // namespace kembar
