// The rules of edge/homing.py, with an address of four bytes and a port.
#include "home.h"

#include <string.h>

namespace kembar {

const Address OVER_SERIAL = {{0, 0, 0, 0}, 0};

bool Address::operator==(const Address& other) const {
    return memcmp(ip, other.ip, sizeof ip) == 0 && port == other.port;
}

Home::Home() : answered_ms_(0), address_(OVER_SERIAL), known_(false), by_hand_(false) { name_[0] = '\0'; }

void Home::set_by_hand(const Address& address) {
    address_ = address;
    known_ = by_hand_ = true;
}

void Home::remember(const char* name, const Address& address) {
    strncpy(name_, name, NAME_BYTES_MOST);
    name_[NAME_BYTES_MOST] = '\0';
    address_ = address;
    known_ = true;
}

bool Home::believes(const Address& sender) const { return sender == OVER_SERIAL || (known_ && sender == address_); }

bool Home::hear_beacon(const char* name, uint16_t port, const Address& sender, uint64_t uptime_ms) {
    const bool named = name_[0] != '\0';
    if (by_hand_ || (named && strcmp(name_, name) != 0)) return false;
    Address found = sender;
    found.port = port;
    if (named && (found == address_ || uptime_ms - answered_ms_ < MOVE_AFTER_MS)) return false;
    remember(name, found);
    answered_ms_ = uptime_ms;
    return true;
}

}  // namespace kembar
