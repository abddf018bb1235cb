// What is said about a line that was typed and is no command.
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"

namespace kembar {

class Mistake : public Job {
  public:
    enum What : uint8_t { UNKNOWN, UNREADABLE, NO_UART, NO_CHANNEL };

    // The text must stay until the job has ended.
    void begin(What what, const char* text = nullptr);
    void print(const Bench& bench, Remark& remark) const;
    void printed() { phase = ENDED; }

  private:
    const char* text_;
    What what_;
};

}  // namespace kembar
