// Which link is used, what comes and what goes.
#include "conversation.h"

#include <string.h>

#include "freeram.h"

namespace kembar {

namespace {

// A shield's own reset lasts up to half a second after power-on.
const uint16_t FIRST_ANSWER_MS = 1000;
// A chip that fails is back after one software reset, or after none: no reason to change the link for it.
const uint16_t CHANGE_AFTER_MS = 10000;
// The free RAM is counted byte by byte.
const uint16_t REFRESH_MS = 1000;
// The EEPROM takes 100000 writes of a cell. Where two edges have one name, and neither answers, the device goes to and
// fro between them every 30 s: this makes a month of it two years.
const uint32_t KEEP_EVERY_MS = 600000;

}  // namespace

Conversation::Conversation(Ring& ring, Settings& settings, SerialLink& serial)
    : settings_(settings), serial_(serial), reader_(settings.device), outbox_(ring, settings.device, FIRMWARE),
      vitals_{reset_cause_, 0, 0, 0}, ring_(ring), edge_kept_ms_(0 - KEEP_EVERY_MS), reset_cause_() {}

__attribute__((noinline)) void Conversation::begin(FlashText reset_cause) {
    for (uint8_t i = 0; i < RESET_CAUSE_BYTES_MOST; i++) {
        reset_cause_[i] = flash_char(reset_cause, i);
        if (reset_cause_[i] == '\0') break;
    }
    vitals_.interval_ms = settings_.interval_ms;
    Address edge;
    memcpy(edge.ip, settings_.edge_ip, sizeof edge.ip);
    edge.port = settings_.edge_port;
    if (settings_.edge_by_hand) {
        home_.set_by_hand(edge);
    } else if (!is_zero(edge.ip)) {
        home_.remember(settings_.edge_name, edge);
    }
    if (settings_.link == LinkChoice::USB) use(&serial_);
    else ethernet_.begin(settings_);
    if (settings_.link == LinkChoice::ETHERNET) use(&ethernet_);
}

// What the other link was told is lost, or was never answered: it all goes once more, at once.
void Conversation::use(Link* link) {
    if (link == link_) return;
    // A line that is still going out would be overwritten by the next one.
    if (link_ == &serial_ && !serial_.ready()) return;
    if (link_ != nullptr) outbox_.resend(now_ms_);
    link_ = link;
    reader_.reset();
}

void Conversation::choose(uint32_t now_ms) {
    if (ethernet_.up()) {
        ethernet_gone_ms_ = now_ms;
        ethernet_was_up_ = true;
        use(&ethernet_);
    } else if (now_ms - ethernet_gone_ms_ >= (ethernet_was_up_ ? CHANGE_AFTER_MS : FIRST_ANSWER_MS)) {
        use(&serial_);
    }
}

__attribute__((noinline)) bool Conversation::hear(uint64_t uptime_ms) {
    const uint32_t now_ms = static_cast<uint32_t>(uptime_ms);
    now_ms_ = uptime_ms;
    if (settings_.link == LinkChoice::USB) return false;
    ethernet_.step(now_ms);
    if (settings_.link == LinkChoice::EITHER) choose(now_ms);
    if (link_ != &ethernet_) return false;
    const Heard heard = ethernet_.receive(reader_, now_ms);
    take(heard, ethernet_.sender(), uptime_ms);
    return heard != Heard::NOTHING;
}

__attribute__((noinline)) bool Conversation::hear_serial(char byte, uint64_t uptime_ms) {
    if (link_ != &serial_) return false;
    const Heard heard = reader_.feed(byte);
    take(heard, OVER_SERIAL, uptime_ms);
    return heard != Heard::NOTHING;
}

void Conversation::take(Heard heard, const Address& sender, uint64_t uptime_ms) {
    // On the network nobody has the address that stands for the serial line.
    if (link_ == &ethernet_ && sender == OVER_SERIAL) return;
    if (heard == Heard::ACK && home_.believes(sender) &&
        outbox_.heard_ack(reader_.boot(), reader_.seq(), uptime_ms)) {
        home_.answered(uptime_ms);
        if (link_ == &ethernet_) ethernet_.answered(static_cast<uint32_t>(uptime_ms));
        answered_ = true;
        answered_ms_ = uptime_ms;
    }
    // On a serial line there is nobody to be found, and a sender that no host can be is none.
    if (heard == Heard::BEACON && link_ == &ethernet_ && valid_host(sender.ip)) {
        if (home_.hear_beacon(reader_.name(), reader_.port(), sender, uptime_ms)) note_edge();
    }
}

void Conversation::note_edge() {
    learn_edge(settings_, home_.name(), home_.address().ip, home_.address().port);
    edge_moved_ = true;
}

bool Conversation::edge_moved() {
    const uint32_t now_ms = static_cast<uint32_t>(now_ms_);
    if (!edge_moved_ || now_ms - edge_kept_ms_ < KEEP_EVERY_MS) return false;
    edge_moved_ = false;
    edge_kept_ms_ = now_ms;
    return true;
}

void Conversation::fill(State& state) const {
    state.over_ethernet = link_ == &ethernet_;
    state.chip = ethernet_.chip() == Chip::W5100 ? 5100 : ethernet_.chip() == Chip::W5500 ? 5500 : 0;
    state.link_resets = ethernet_.resets();
    state.queued = ring_.queued();
    state.capacity = RECORDS;
    state.dropped = ring_.current().dropped;
    state.edge_answered = answered_;
    state.answered_ms_ago = static_cast<uint32_t>(now_ms_ - answered_ms_);
    state.uptime_ms = now_ms_;
}

void Conversation::refresh(uint64_t uptime_ms) {
    const uint32_t now_ms = static_cast<uint32_t>(uptime_ms);
    if (vitals_.free_ram != 0 && now_ms - refreshed_ms_ < REFRESH_MS) return;
    refreshed_ms_ = now_ms;
    vitals_.free_ram = least_free_ram();
    vitals_.link_resets = ethernet_.resets();
}

__attribute__((noinline)) void Conversation::say(uint64_t uptime_ms) {
    if (link_ == nullptr || !link_->ready()) return;
    if (link_ == &ethernet_ && !home_.known()) return;
    refresh(uptime_ms);
    switch (outbox_.next(uptime_ms, line_, vitals_)) {
    case Due::LINE: link_->take(line_); break;
    case Due::END: link_->end(home_.address(), static_cast<uint32_t>(uptime_ms)); break;
    case Due::NOTHING: break;
    }
}

}  // namespace kembar
