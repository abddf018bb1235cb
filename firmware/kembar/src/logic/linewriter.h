// Writes the lines of docs/protocol.md into a buffer, each with its CRC and "\n".
//
// No sending, and no judgement: what is written is what the caller gives. Without division, since each digit of a
// 64-bit division costs an AVR thousands of cycles.
#pragma once

#include <stdint.h>

#include "flash.h"
#include "pzem.h"

namespace kembar {

const uint8_t LINE_BYTES_MOST = 160;  // with the "\n" (docs/protocol.md)

// The bytes of one line. The longest that a device can say fits; what went beyond the bound would be dropped, and the
// line's CRC with it, so that nobody would take it for a line.
class LineBuffer : public Output {
public:
    LineBuffer() { clear(); }
    void clear();
    void put(char character) override;

    const char* bytes() const { return bytes_; }
    uint8_t length() const { return length_; }

    // CRC of everything since clear(), "*" before it and "\n" after it.
    void finish();

private:
    char bytes_[LINE_BYTES_MOST];
    uint8_t length_;
    uint16_t crc_;
};

// A name of its own, so that print(output, a_byte) stays clear.
void print_uptime(Output& output, uint64_t uptime_ms);

// What every record begins with.
struct Identity {
    const char* device;
    uint32_t boot;
    uint32_t seq;
    uint64_t uptime_ms;
};

struct HelloLine {
    const char* device;
    uint32_t boot;
    uint64_t uptime_ms;
    const char* firmware;
    const char* reset_cause;
    uint32_t free_ram;
    uint32_t queued;
    uint32_t oldest;
    uint32_t interval_ms;
    uint32_t dropped;
    uint32_t link_resets;
    uint32_t capacity;
    uint8_t earlier;
};

// Each clears the buffer first.
void write_reading(LineBuffer& line, const Identity& identity, uint8_t channel, const Measurement& measurement);
void write_no_reading(LineBuffer& line, const Identity& identity, uint8_t channel, FlashText cause, uint32_t count);
// Channel 0: no sensor's. Stands for the records seq - count + 1 to seq.
void write_lost(LineBuffer& line, const Identity& identity, uint32_t count);
void write_hello(LineBuffer& line, const HelloLine& hello);
void write_earlier(LineBuffer& line, const char* device, uint32_t boot, uint32_t oldest, uint32_t newest,
                   uint32_t dropped);

}  // namespace kembar
