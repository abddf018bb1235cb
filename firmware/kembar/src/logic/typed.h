// Collects what a person types, and hears when it is no person who speaks.
//
// The edge speaks on the same serial line, and whatever is lost or damaged of its lines must not become a command:
// 1. A byte "*" anywhere, or a line that begins with an upper-case letter, is an edge's. For DEAF_MS after it nothing
//    is believed, nor is a line that has begun before or meanwhile.
// 2. A line is believed as a whole: printable ASCII, at most TYPED_BYTES_MOST bytes, ended by "\n" or "\r".
// 3. A line that begins with "#" is a remark of ours: some terminals send back what they show.
// 4. Commands are lower-case words; those that change something have a space or a "=" in them, which no line of the
//    edge has (docs/protocol.md).
#pragma once

#include <stdint.h>

namespace kembar {

const uint8_t TYPED_BYTES_MOST = 64;
// Noise that leaves nothing of a line but a lower-case word comes among lines of which more is left.
const uint16_t DEAF_MS = 10000;

class Typed {
  public:
    void feed(char character);
    // Once per pass, after everything that has come was fed.
    void step(uint32_t now_ms);

    // Within the last DEAF_MS.
    bool edge_speaks() const { return deaf_; }
    // The line that waits to be obeyed, or nullptr. Only after step(). Empty: it was too long or not printable.
    char* line() { return whole_ ? text_ : nullptr; }
    void done();

  private:
    void end_line();

    uint16_t edge_ms_ = 0;  // when it was last heard; deaf_ ends long before 16 bits come round
    bool edge_heard_ = false;
    bool deaf_ = false;
    bool at_start_ = true;
    bool ignored_ = false;  // this line is nobody's command
    bool bad_ = false;      // this line is no text, or too long
    bool whole_ = false;
    uint8_t length_ = 0;
    char text_[TYPED_BYTES_MOST + 1] = {0};
};

}  // namespace kembar
