// The commands `help` and `show`: lists of remarks, row by row.
//
// What happened last on each channel is noted here as outcomes come, in two bytes each; so it has memory of its own.
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"
#include "sampler.h"

namespace kembar {

class Report : public Job {
  public:
    Report() : last_(), row_(0), show_(false) { phase = ENDED; }

    // `show`, or else `help`.
    void begin(bool show);
    void print(const Bench& bench, Remark& remark) const;
    void printed(const Bench& bench);

    void note(const Outcome& outcome);

  private:
    static const uint16_t COUNT_MOST = 0xFFF;

    struct Last {
        uint16_t known : 1;
        uint16_t cause : 3;
        uint16_t count : 12;
    };

    void help_row(Remark& remark) const;
    void channel_row(const Bench& bench, Remark& remark, uint8_t channel) const;

    Last last_[SENSORS_MOST];
    uint8_t row_;
    bool show_;
};

}  // namespace kembar
