// The states in which a line is while its bytes come in; what cannot be for us is skipped up to its "\n".
#include "linereader.h"

#include <string.h>

#include "crc16.h"

namespace kembar {

namespace {

const uint8_t BODY_MOST = 159;  // a line has at most 160 bytes with its "\n" (docs/protocol.md)
const uint8_t CRC_DIGITS = 4;
const uint8_t TAIL_DIGITS = 8;

bool printable(char c) { return c >= ' ' && c <= '~' && c != '!'; }

bool in_names(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

// 0 to 15, or 16 for what is no upper-case hex digit.
uint8_t hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
    return 16;
}

}  // namespace

void LineReader::reset() {
    number_[0] = number_[1] = 0;
    crc_ = CRC16_START;
    crc_said_ = 0;
    length_ = field_ = field_length_ = digits_ = 0;
    tag_ = 0;
    in_ = In::BODY;
    return_pending_ = false;
    name_[0] = '\0';
    ended_ = false;
}

Heard LineReader::feed(char character) {
    if (ended_) reset();  // what the line said was valid up to here
    if (character == '\n') {
        ended_ = true;
        return length_ == 0 ? Heard::NOTHING : end();
    }
    if (return_pending_) {
        // It was no line's end, so it is a byte that no line has.
        bad();
        length_ = 1;
    }
    return_pending_ = character == '\r';
    if (!return_pending_) take(character);
    return Heard::NOTHING;
}

void LineReader::take(char character) {
    if (length_ == BODY_MOST || !printable(character)) bad();
    if (length_ < BODY_MOST) length_++;
    switch (in_) {
        case In::BODY:
            in_body(character);
            break;
        case In::CRC:
            in_crc(character);
            break;
        case In::TAIL:
            in_tail(character);
            break;
        case In::BAD:
            break;
    }
}

void LineReader::in_body(char character) {
    if (character == '*') {
        end_field();
        if (in_ == In::BODY) in_ = In::CRC;
        return;
    }
    crc_ = crc16_add(crc_, static_cast<uint8_t>(character));
    if (character == ',') {
        end_field();
        return;
    }
    if (field_ == 0) {
        in_tag(character);
    } else if (field_ == 1) {
        in_name(character);
    } else if (field_ < fields()) {
        in_number(character);
    }
    if (field_length_ < 0xFF) field_length_++;
}

// Fields of the line that are read, its tag included.
uint8_t LineReader::fields() const { return tag_ == 'A' ? 4 : 3; }

void LineReader::end_field() {
    if (field_ == 0 && field_length_ != 2) bad();
    if (field_length_ == 0 && field_ < fields()) bad();
    if (field_ < fields()) field_++;
    field_length_ = 0;
}

void LineReader::in_tag(char character) {
    if (field_length_ == 0 && (character == 'A' || character == 'B')) {
        tag_ = character;
    } else if (field_length_ != 1 || character != '1') {
        bad();
    }
}

void LineReader::in_name(char character) {
    if (!in_names(character) || field_length_ == NAME_BYTES_MOST) {
        bad();
        return;
    }
    name_[field_length_] = character;
    name_[field_length_ + 1] = '\0';
}

void LineReader::in_number(char character) {
    uint32_t& number = number_[field_ - 2];
    const uint8_t digit = static_cast<uint8_t>(character - '0');
    // 4 294 967 295 is the greatest.
    if (digit > 9 || number > 429496729UL || (number == 429496729UL && digit > 5)) {
        bad();
        return;
    }
    number = number * 10 + digit;
}

void LineReader::in_crc(char character) {
    if (digits_ == CRC_DIGITS && character == '.') {
        in_ = In::TAIL;
        digits_ = 0;
        return;
    }
    const uint8_t digit = hex_digit(character);
    if (digits_ == CRC_DIGITS || digit > 15) {
        bad();
        return;
    }
    crc_said_ = static_cast<uint16_t>(crc_said_ << 4 | digit);
    digits_++;
}

void LineReader::in_tail(char character) {
    if (digits_ == TAIL_DIGITS || hex_digit(character) > 15) {
        bad();
        return;
    }
    digits_++;
}

Heard LineReader::end() {
    const bool ended = (in_ == In::CRC && digits_ == CRC_DIGITS) || (in_ == In::TAIL && digits_ == TAIL_DIGITS);
    if (!ended || crc_said_ != crc_ || field_ < fields()) return Heard::OTHER;
    if (tag_ == 'B') return number_[0] >= 1 && number_[0] <= 0xFFFF ? Heard::BEACON : Heard::OTHER;
    return strcmp(name_, device_) == 0 ? Heard::ACK : Heard::OTHER;
}

}  // namespace kembar
