// The command `reset-energy 1`: shows the energy counter of channel 1, and after `yes` sets it to 0 and reads it back.
//
// The counter lies in the sensor; its old value is gone for ever. The edge recognises a counter that went back.
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"

namespace kembar {

class EnergyReset : public Job {
  public:
    void begin(Bench& bench, uint8_t channel);  // from 0
    void step(Bench& bench, uint32_t now_ms);
    void print(const Bench& bench, Remark& remark) const;
    void printed();
    void answer(Bench& bench, const char* text);
    void stop() { say(STOPPED); }

  private:
    enum Stage : uint8_t { READ, ASK_YES, RESET, READ_BACK, DONE, NOT_DONE, NO_ANSWER, STOPPED };

    void say(Stage stage);
    void read(Bench& bench, Stage stage);

    uint32_t energy_wh_;
    uint8_t channel_;
    Stage stage_;
};

}  // namespace kembar
