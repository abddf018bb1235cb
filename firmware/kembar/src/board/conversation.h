// The conversation with the edge: over which link, what is sent, and whose answers are believed.
//
// It joins the outbox, the reader, the home and the two links, and decides only between the links: Ethernet while a
// W5x00 answers, otherwise USB serial, unless the settings say one of them. At most one line goes or comes in a pass.
#pragma once

#include "../logic/outbox.h"
#include "../logic/state.h"
#include "ethernet_link.h"
#include "serial_link.h"

namespace kembar {

const char FIRMWARE[] = "0.1.0";
const uint8_t RESET_CAUSE_BYTES_MOST = 8;  // docs/protocol.md

class Conversation {
  public:
    Conversation(Ring& ring, Settings& settings, SerialLink& serial);

    // The settings have been read and the ring has been started.
    void begin(FlashText reset_cause);

    // Looks after the chip and takes what came over Ethernet, in portions; true when a line has ended.
    bool hear(uint64_t uptime_ms);
    // A byte from the USB serial port, whichever link is in use; true when a line has ended with it.
    bool hear_serial(char byte, uint64_t uptime_ms);
    // The next line that is due, if its link is ready.
    void say(uint64_t uptime_ms);

    // What `show` tells of the link and the edge.
    void fill(State& state) const;

    // The edge was found, or has moved: the settings hold it and are to be kept. True once, and not often.
    bool edge_moved();

  private:
    void choose(uint32_t now_ms);
    void use(Link* link);
    void take(Heard heard, const Address& sender, uint64_t uptime_ms);
    void note_edge();
    void refresh(uint64_t uptime_ms);

    Settings& settings_;
    SerialLink& serial_;
    EthernetLink ethernet_;
    Link* link_ = nullptr;  // none until it is known whether there is a chip
    Home home_;
    LineReader reader_;
    LineBuffer line_;
    Outbox outbox_;
    Vitals vitals_;
    Ring& ring_;
    uint64_t now_ms_ = 0;
    uint64_t answered_ms_ = 0;
    uint32_t ethernet_gone_ms_ = 0;  // since when no chip has answered
    uint32_t refreshed_ms_ = 0;
    uint32_t edge_kept_ms_;
    bool ethernet_was_up_ = false;
    bool edge_moved_ = false;
    bool answered_ = false;
    char reset_cause_[RESET_CAUSE_BYTES_MOST + 1];
};

}  // namespace kembar
