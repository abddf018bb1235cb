// Reads the two lines that an edge says to a device, A1 and B1, byte by byte.
//
// No line is kept: each byte is taken as it comes, because 160 bytes of buffer would be eight records less in the
// ring. What edge/line.py refuses is refused here, and fields that it ignores are ignored (docs/protocol.md):
// 1. A line ends at "\n"; a "\r" just before it and empty lines are skipped; whatever came before, the line after the
//    next "\n" is read.
// 2. The CRC must be right, the line at most 160 bytes with its "\n", its numbers decimal and in their ranges.
// 3. Fields after the known ones, and a tail of "." and eight hex digits after the CRC, are ignored.
#pragma once

#include <stdint.h>

namespace kembar {

const uint8_t NAME_BYTES_MOST = 16;  // of a device or an edge

enum class Heard : uint8_t {
    NOTHING,  // no line has ended with this byte
    ACK,      // an A1 for this device: boot() and seq()
    BEACON,   // a B1: name() and port()
    OTHER,    // any other line has ended: somebody else's, or damaged
};

class LineReader {
public:
    // The name must stay where it is as long as the reader lives.
    explicit LineReader(const char* device) : device_(device) { reset(); }

    // A datagram begins, or the serial port was opened: what was begun is forgotten.
    void reset();
    Heard feed(char character);

    // Of the line that just ended; valid until the next feed().
    uint32_t boot() const { return number_[0]; }
    uint32_t seq() const { return number_[1]; }
    uint16_t port() const { return static_cast<uint16_t>(number_[0]); }
    const char* name() const { return name_; }

private:
    enum class In : uint8_t { BODY, CRC, TAIL, BAD };

    void take(char character);
    void in_body(char character);
    void in_crc(char character);
    void in_tail(char character);
    void in_tag(char character);
    void in_name(char character);
    void in_number(char character);
    uint8_t fields() const;
    void end_field();
    void bad() { in_ = In::BAD; }
    Heard end();

    const char* device_;
    uint32_t number_[2];
    uint16_t crc_;
    uint16_t crc_said_;
    uint8_t length_;
    uint8_t field_;        // 0 is the tag
    uint8_t field_length_;
    uint8_t digits_;       // of the CRC, then of the tail
    char tag_;             // 'A', 'B', or 0 for any other
    In in_;
    bool return_pending_;  // a "\r" that belongs to the line unless "\n" follows
    bool ended_;
    char name_[NAME_BYTES_MOST + 1];
};

}  // namespace kembar
