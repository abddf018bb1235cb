// Asks one sensor one question on a UART that the sampler lends.
//
// The sampler's ticks on that UART wait from ask() to done(); a tick is lost only after a whole second, and a
// question takes at most two polls of the sampler and two of its own, 0.5 s.
#pragma once

#include <stdint.h>

#include "sampler.h"

namespace kembar {

class Probe {
  public:
    explicit Probe(Sampler& sampler) : sampler_(sampler) {}

    // What may be said twice is asked once more when no right reply came.
    void ask(uint8_t uart, const Request& request, bool once_more = true);
    // DAMAGED as soon as one try was.
    Ended step(uint32_t now_ms);
    // After GOOD or EXCEPTION, until done().
    const uint8_t* reply() const { return reply_; }
    // The sampler goes on.
    void done();

  private:
    Sampler& sampler_;
    Request request_ = Request();
    const uint8_t* reply_ = nullptr;
    uint8_t uart_ = 0;
    bool asked_ = false;
    bool once_more_ = false;
    bool heard_ = false;
    Ended ended_ = Ended::SILENT;
};

}  // namespace kembar
