// The command `test`: reads every sensor once and says its values, or in words what is wrong and what to do.
//
// It judges what a person with a screwdriver can mend: mains, 5 V, crossed wires, addresses, the clamp. Whether the
// values are those of the house is theirs to judge.
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"

namespace kembar {

class SensorTest : public Job {
  public:
    void begin(Bench& bench);
    void step(Bench& bench, uint32_t now_ms);
    void print(const Bench& bench, Remark& remark) const;
    void printed(Bench& bench);

  private:
    enum Verdict : uint8_t {
        GOOD,
        NO_CURRENT,
        ODD_VOLTAGE,
        IMPOSSIBLE,     // no PZEM-004T can say this
        DAMAGED,
        REFUSED,        // it answered with an exception
        SILENT,
        OTHER_ADDRESS,  // silent, but another one answers on its UART
        SEVERAL,        // silent, but several answer at once on its UART
        FAULT,          // of the settings
        TOTAL,
    };

    static Verdict verdict_of(const uint8_t* reply);
    void ask(Bench& bench);
    void say(Verdict verdict);
    void look_around(Bench& bench);
    FlashText finding() const;
    FlashText hint(uint8_t i, bool shared) const;
    void print_hint(const Bench& bench, Remark& remark) const;

    uint8_t channel_;  // from 0
    uint8_t good_;
    uint8_t hint_;     // how many of this sensor's remarks have been printed
    uint8_t found_address_;
    bool looking_around_;
    Verdict verdict_;
};

// "channel 2 (UART 2, address 1)"; from 0.
void print_channel(Remark& remark, const Settings& settings, uint8_t channel);
void print_kwh(Output& output, uint32_t energy_wh);

}  // namespace kembar
