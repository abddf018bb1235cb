// Lines over UDP: written straight into the chip's memory, read out of it in small portions.
//
// No buffer for a datagram in the Mega's RAM: 512 bytes of it would be 25 records less. What a line means, and whether
// its sender is believed, is decided where the parts are joined.
#pragma once

#include "../logic/linereader.h"
#include "link.h"
#include "w5x00.h"

namespace kembar {

const uint16_t LINES_PORT = 8485;
const uint16_t BEACONS_PORT = 8486;

class EthernetLink : public Link {
  public:
    void begin(const Settings& settings) { chip_.begin(settings, LINES_PORT, BEACONS_PORT); }
    void step(uint32_t now_ms);

    bool ready() override { return open_ ? chip_.up() : chip_.ready(); }
    void take(const LineBuffer& line) override;
    void end(const Address& to, uint32_t now_ms) override;

    // Reads at most one line and at most one portion, so that a pass stays short.
    Heard receive(LineReader& reader, uint32_t now_ms);
    // Of the line that receive() told of.
    const Address& sender() const { return sender_; }

    // An A1 was believed.
    void answered(uint32_t now_ms) { chip_.answered(now_ms); }

    bool up() const { return chip_.up(); }
    Chip chip() const { return chip_.chip(); }
    uint32_t resets() const { return chip_.resets(); }

  private:
    bool begin_reading(LineReader& reader, uint32_t now_ms);

    W5x00 chip_;
    Arrival arrival_ = {{0, 0, 0, 0}, 0, 0};
    Address sender_ = {{0, 0, 0, 0}, 0};
    uint32_t asked_ms_ = 0;
    uint8_t asked_ = 0;
    bool open_ = false;  // a datagram is being put together
};

}  // namespace kembar
