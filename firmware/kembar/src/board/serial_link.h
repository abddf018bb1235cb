// Lines and remarks over the USB serial port, which both share without ever cutting into each other.
//
// Nothing waits: what the UART has no room for stays where it is (a line) or is dropped (a remark, whose writer asks
// for room() first). A line begins only when no remark is unfinished, a remark only when no line is.
#pragma once

#include "../logic/remark.h"
#include "link.h"

namespace kembar {

class SerialLink : public Link, public RemarkOutput {
  public:
    void begin();
    // Hands the UART as much of the line as it has room for.
    void step();

    bool ready() override { return !in_remark_ && sent_ == length_; }
    void take(const LineBuffer& line) override;
    void end(const Address&, uint32_t) override {}

    // For what is said to a person.
    void put(char character) override;
    uint8_t room() override;

    // The next received byte, or -1.
    int16_t receive();

  private:
    const char* line_ = nullptr;
    uint8_t length_ = 0;
    uint8_t sent_ = 0;
    bool in_remark_ = false;
};

}  // namespace kembar
