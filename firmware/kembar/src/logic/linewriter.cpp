// Puts the fields of each line in their order, with the CRC running along.
#include "linewriter.h"

#include "crc16.h"

namespace kembar {

namespace {

const uint8_t UPTIME_DIGITS_MOST = 20;  // of 2^64 - 1

// Passes on what stands behind the point of "0.000000007".
struct AfterPoint : Output {
    Output& to;
    uint8_t skipped;

    explicit AfterPoint(Output& output) : to(output), skipped(0) {}
    void put(char character) override {
        if (skipped == 2) to.put(character);
        else skipped++;
    }
};

// Any number, in 3 ms. Each bit, from the highest on, doubles what is in `digits` and is added to it.
void print_bit_by_bit(Output& output, uint64_t number) {
    uint8_t digits[UPTIME_DIGITS_MOST];  // the lowest first
    uint8_t count = 0;
    for (uint8_t bit = 0; bit < 64; bit++) {
        uint8_t carry = static_cast<int64_t>(number) < 0;
        number <<= 1;
        for (uint8_t i = 0; i < count; i++) {
            const uint8_t doubled = static_cast<uint8_t>(2 * digits[i] + carry);
            carry = doubled >= 10;
            digits[i] = static_cast<uint8_t>(carry ? doubled - 10 : doubled);
        }
        if (carry) digits[count++] = carry;
    }
    while (count > 0) output.put(static_cast<char>('0' + digits[--count]));
}

void begin(LineBuffer& line, FlashText tag, const char* device, uint32_t boot) {
    line.clear();
    print(line, tag);
    line.put(',');
    print(line, device);
    line.put(',');
    print(line, boot);
}

void field(LineBuffer& line, uint32_t number) {
    line.put(',');
    print(line, number);
}

void field(LineBuffer& line, const char* text) {
    line.put(',');
    print(line, text);
}

void uptime_field(LineBuffer& line, uint64_t uptime_ms) {
    line.put(',');
    print_uptime(line, uptime_ms);
}

void begin_record(LineBuffer& line, FlashText tag, const Identity& identity, uint8_t channel) {
    begin(line, tag, identity.device, identity.boot);
    field(line, identity.seq);
    uptime_field(line, identity.uptime_ms);
    field(line, channel);
}

}  // namespace

void LineBuffer::clear() {
    length_ = 0;
    crc_ = CRC16_START;
}

void LineBuffer::put(char character) {
    if (length_ == LINE_BYTES_MOST) return;
    bytes_[length_++] = character;
    crc_ = crc16_add(crc_, static_cast<uint8_t>(character));
}

void LineBuffer::finish() {
    const uint16_t crc = crc_;
    put('*');
    print_hex(*this, crc, 4);
    put('\n');
}

// 10^9 is 1 953 125 * 2^9. So below 2^41 ms, 69 years, one 32-bit division gives the digits before the last nine, and
// those are what is left: it fits into 32 bits, so it does not matter that the subtraction is done modulo 2^32.
void print_uptime(Output& output, uint64_t uptime_ms) {
    if (uptime_ms >> 32 == 0) {
        print(output, static_cast<uint32_t>(uptime_ms));
    } else if (uptime_ms >> 41 == 0) {
        const uint32_t billions = static_cast<uint32_t>(uptime_ms >> 9) / 1953125UL;
        print(output, billions);
        AfterPoint nine_digits(output);
        print_fixed(nine_digits, static_cast<uint32_t>(uptime_ms) - billions * 1000000000UL, 9);
    } else {
        print_bit_by_bit(output, uptime_ms);
    }
}

void write_reading(LineBuffer& line, const Identity& identity, uint8_t channel, const Measurement& measurement) {
    begin_record(line, KEMBAR_TEXT("R1"), identity, channel);
    field(line, measurement.voltage_dv);
    field(line, measurement.current_ma);
    field(line, measurement.power_dw);
    field(line, measurement.energy_wh);
    field(line, measurement.frequency_dhz);
    field(line, measurement.power_factor_centi);
    field(line, measurement.alarm);
    line.finish();
}

void write_no_reading(LineBuffer& line, const Identity& identity, uint8_t channel, FlashText cause, uint32_t count) {
    begin_record(line, KEMBAR_TEXT("N1"), identity, channel);
    line.put(',');
    print(line, cause);
    field(line, count);
    line.finish();
}

void write_lost(LineBuffer& line, const Identity& identity, uint32_t count) {
    write_no_reading(line, identity, 0, KEMBAR_TEXT("lost"), count);
}

void write_hello(LineBuffer& line, const HelloLine& hello) {
    begin(line, KEMBAR_TEXT("H1"), hello.device, hello.boot);
    uptime_field(line, hello.uptime_ms);
    field(line, hello.firmware);
    field(line, hello.reset_cause);
    field(line, hello.free_ram);
    field(line, hello.queued);
    field(line, hello.oldest);
    field(line, hello.interval_ms);
    field(line, hello.dropped);
    field(line, hello.link_resets);
    field(line, hello.capacity);
    field(line, hello.earlier);
    line.finish();
}

void write_earlier(LineBuffer& line, const char* device, uint32_t boot, uint32_t oldest, uint32_t newest,
                   uint32_t dropped) {
    begin(line, KEMBAR_TEXT("S1"), device, boot);
    field(line, oldest);
    field(line, newest);
    if (dropped > 0) field(line, dropped);  // left out means 0
    line.finish();
}

}  // namespace kembar
