// Which edge the device talks to, and from which address it therefore believes an answer.
//
// No sockets: addresses are plain values. The rules are those of edge/homing.py:
// 1. An address set by hand never moves.
// 2. The first beacon gives the edge's name and address; a later one moves the device only to another address of
//    that name, and only after 30 s without an answer. Its own beacons are no answer.
// 3. The other end of a serial cable has no address; nobody else can speak on it, so it is always believed.
#pragma once

#include <stdint.h>

#include "linereader.h"

namespace kembar {

struct Address {
    uint8_t ip[4];
    uint16_t port;

    bool operator==(const Address& other) const;
    bool operator!=(const Address& other) const { return !(*this == other); }
};

extern const Address OVER_SERIAL;

// Two group commits of the edge and their answers fit into it: a living edge is never left for its double.
const uint32_t MOVE_AFTER_MS = 30000;

class Home {
public:
    Home();
    void set_by_hand(const Address& address);
    // What was found before the start. The name may be empty: then any edge may be the first.
    void remember(const char* name, const Address& address);

    bool known() const { return known_; }
    bool by_hand() const { return by_hand_; }
    const Address& address() const { return address_; }
    const char* name() const { return name_; }
    bool believes(const Address& sender) const;

    // An A1 that was believed.
    void answered(uint64_t uptime_ms) { answered_ms_ = uptime_ms; }
    // True when the address or the name has changed and should be remembered.
    bool hear_beacon(const char* name, uint16_t port, const Address& sender, uint64_t uptime_ms);

private:
    uint64_t answered_ms_;
    Address address_;
    bool known_;
    bool by_hand_;
    char name_[NAME_BYTES_MOST + 1];
};

}  // namespace kembar
