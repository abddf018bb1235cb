// The command `address 2`: gives the one sensor on UART 2 another address, step by step, and reads it back.
//
// Several sensors can share a UART only with different addresses, and all are sold with 1. The general address F8
// finds a sensor whose address nobody knows, but only while it is alone on its UART: so the person is told first.
// Nothing is written before `yes`.
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"

namespace kembar {

class AddressGuide : public Job {
  public:
    void begin(uint8_t uart);
    void step(Bench& bench, uint32_t now_ms);
    void print(const Bench& bench, Remark& remark) const;
    void printed();
    void answer(Bench& bench, const char* text);
    void stop() { say(STOPPED); }

  private:
    enum Stage : uint8_t {
        TELL,
        TELL_SAFETY,
        TELL_GO,  // waits for `go`
        FIND,
        ASK_NEW,  // waits for 1 to 247
        ASK_AGAIN,
        ASK_YES,  // waits for `yes`
        WRITE,
        READ_BACK,
        DONE,
        DONE_SENSORS,
        NOT_FOUND,
        SEVERAL,
        NOT_CHANGED,
        STOPPED,
    };

    void say(Stage stage);
    void ask(Bench& bench, Stage stage, const Request& request, bool once_more);
    void print_sensors_setting(const Settings& settings, Remark& remark) const;

    uint8_t uart_;
    uint8_t from_;
    uint8_t to_;
    Stage stage_;
};

}  // namespace kembar
