// How datagrams are put together and taken apart.
#include "ethernet_link.h"

namespace kembar {

namespace {

// Asking costs a W5100 some 30 us. Answers and beacons are in no hurry.
const uint16_t ASK_EVERY_MS = 5;
const uint8_t ASKS_PER_BEACON = 8;
// One portion: 0.5 ms on a W5100.
const uint8_t PORTION_BYTES = 48;

}  // namespace

void EthernetLink::step(uint32_t now_ms) {
    chip_.step(now_ms);
    if (!chip_.up()) open_ = false;
}

// A chip that fails now loses the line, as a network may: the edge will ask for it.
void EthernetLink::take(const LineBuffer& line) {
    if (!open_ && !chip_.begin_datagram()) return;
    open_ = true;
    chip_.add(reinterpret_cast<const uint8_t*>(line.bytes()), line.length());
}

void EthernetLink::end(const Address& to, uint32_t now_ms) {
    if (open_ && chip_.up()) chip_.send(to.ip, to.port, now_ms);
    open_ = false;
}

bool EthernetLink::begin_reading(LineReader& reader, uint32_t now_ms) {
    if (now_ms - asked_ms_ < ASK_EVERY_MS) return false;
    asked_ms_ = now_ms;
    uint8_t socket = ++asked_ % ASKS_PER_BEACON == 0 ? W5x00::BEACONS : W5x00::LINES;
    if (!chip_.arrived(socket, arrival_)) return false;
    // A line that was cut off at the end of the datagram before is no beginning of this one.
    reader.reset();
    for (uint8_t i = 0; i < 4; i++) sender_.ip[i] = arrival_.ip[i];
    sender_.port = arrival_.port;
    return true;
}

Heard EthernetLink::receive(LineReader& reader, uint32_t now_ms) {
    if (!chip_.up()) return Heard::NOTHING;
    if (!chip_.reading() && !begin_reading(reader, now_ms)) return Heard::NOTHING;
    uint8_t portion[PORTION_BYTES];
    uint8_t length = chip_.look(arrival_, portion, PORTION_BYTES);
    uint8_t used = 0;
    Heard heard = Heard::NOTHING;
    while (used < length && heard == Heard::NOTHING) heard = reader.feed(static_cast<char>(portion[used++]));
    chip_.pass(arrival_, used);
    if (arrival_.left == 0) chip_.finish(arrival_);
    return heard;
}

}  // namespace kembar
