// Remarks: what the device says to a person at its USB serial port, line by line between the lines for the edge.
//
// A remark begins with "# ", so that the edge skips it, ends with "\n", and has no "*" (it would look like a line's
// end) and no "!" (three of them stop a Mega's boot loader). docs/installers.md explains every one of them.
#pragma once

#include <stdint.h>

#include "flash.h"

namespace kembar {

// Two screens side by side still show it in one row; with "# " and "\n".
const uint8_t REMARK_BYTES_MOST = 120;

// Where remarks go.
struct RemarkOutput : Output {
    // How many characters put() takes at this moment; 0 while a line for the edge is on its way.
    virtual uint8_t room() = 0;
};

// One remark, from "# " to the end of its life.
class Remark {
  public:
    explicit Remark(Output& output) : output_(output) {
        output_.put('#');
        output_.put(' ');
    }
    ~Remark() { output_.put('\n'); }
    Remark(const Remark&) = delete;
    Remark& operator=(const Remark&) = delete;

    Remark& operator<<(FlashText text) {
        print(output_, text);
        return *this;
    }
    Remark& operator<<(const char* text) {
        print(output_, text);
        return *this;
    }
    Remark& operator<<(uint32_t number) {
        print(output_, number);
        return *this;
    }
    Output& output() { return output_; }

  private:
    Output& output_;
};

// Passes on a piece of a remark that is written anew for each piece: no buffer holds a whole one.
class RemarkWindow : public Output {
  public:
    RemarkWindow(Output& output, uint8_t skip, uint8_t most) : output_(output), skip_(skip), end_(skip + most) {}
    void put(char character) override;

    // The piece reached the remark's end.
    bool ended() const { return at_ <= end_; }
    uint8_t next() const { return end_; }

  private:
    Output& output_;
    uint8_t skip_;
    uint16_t end_;
    uint16_t at_ = 0;
};

// What a person typed, without the characters that a remark must not have.
void print_typed(Output& output, const char* text);

}  // namespace kembar
