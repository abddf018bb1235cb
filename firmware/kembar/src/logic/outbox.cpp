// The order of lines, the pauses between them, and what an A1 changes.
#include "outbox.h"

namespace kembar {

Outbox::Outbox(Ring& ring, const char* device, const char* firmware)
    : ring_(ring),
      device_(device),
      firmware_(firmware),
      hello_due_ms_(0),
      resend_due_ms_(0),
      run_ms_(0),
      datagram_bytes_(0),
      pause_ms_(PAUSE_LEAST_MS),
      earlier_next_(0),
      in_hello_(false),
      resend_due_(false),
      has_run_(false) {
    for (uint8_t i = 0; i < BOOTS_MOST; i++) sending_[i] = Sending{1, 0};
}

Due Outbox::next(uint64_t uptime_ms, LineBuffer& line, const Vitals& vitals) {
    if (in_hello_) {
        if (write_next_earlier(line)) return Due::LINE;
        in_hello_ = false;
        return end_datagram();
    }
    if (uptime_ms >= hello_due_ms_) {
        if (datagram_bytes_ > 0) return end_datagram();
        write_hello_line(uptime_ms, line, vitals);
        return Due::LINE;
    }
    if (resend_due_ && uptime_ms >= resend_due_ms_ && !resending()) {
        resend(uptime_ms);
        // The next pause counts from what is sent now, even if all that was sent before has been dropped since.
        resend_due_ = false;
        pause_ms_ = pause_ms_ < PAUSE_MOST_MS / 2 ? static_cast<uint16_t>(2 * pause_ms_) : PAUSE_MOST_MS;
    }
    uint8_t boot;
    uint32_t seq;
    if (!write_next_record(line, boot, seq)) return datagram_bytes_ > 0 ? end_datagram() : Due::NOTHING;
    // It is written once more into the next datagram.
    if (datagram_bytes_ + line.length() > DATAGRAM_BYTES_MOST) return end_datagram();
    datagram_bytes_ = static_cast<uint16_t>(datagram_bytes_ + line.length());
    mark_sent(boot, seq, uptime_ms);
    return Due::LINE;
}

Due Outbox::end_datagram() {
    datagram_bytes_ = 0;
    return Due::END;
}

uint8_t Outbox::earlier() const {
    uint8_t count = 0;
    for (uint8_t i = 0; i + 1 < ring_.boots(); i++) count = static_cast<uint8_t>(count + ring_.boot(i).holds_any());
    return count;
}

void Outbox::write_hello_line(uint64_t uptime_ms, LineBuffer& line, const Vitals& vitals) {
    hello_due_ms_ = uptime_ms + HELLO_EVERY_MS;
    in_hello_ = true;
    earlier_next_ = 0;
    const HeldBoot& current = ring_.current();
    const HelloLine hello = {
        device_, current.number, uptime_ms, firmware_, vitals.reset_cause, vitals.free_ram, ring_.queued(),
        current.oldest(), vitals.interval_ms, current.dropped, vitals.link_resets, RECORDS, earlier(),
    };
    write_hello(line, hello);
}

// A boot that was acknowledged since the hello is left out; the edge then waits for the next hello's set.
bool Outbox::write_next_earlier(LineBuffer& line) {
    for (; earlier_next_ + 1 < ring_.boots(); earlier_next_++) {
        const HeldBoot& boot = ring_.boot(earlier_next_);
        if (!boot.holds_any()) continue;
        write_earlier(line, device_, boot.number, boot.oldest(), boot.last_seq(), boot.dropped);
        earlier_next_++;
        return true;
    }
    return false;
}

// The first record of the oldest boot that has one to send, if any.
bool Outbox::write_next_record(LineBuffer& line, uint8_t& boot, uint32_t& seq) const {
    for (boot = 0; boot < ring_.boots(); boot++) {
        const HeldBoot& held = ring_.boot(boot);
        const uint32_t from = sending_[boot].next_seq;
        Identity identity = {device_, held.number, 0, 0};
        if (held.lost_count > 0 && held.lost_seq() >= from) {
            seq = identity.seq = held.lost_seq();
            identity.uptime_ms = ring_.lost_uptime_ms(boot);
            write_lost(line, identity, held.lost_count);
            return true;
        }
        seq = identity.seq = from > held.first_seq ? from : held.first_seq;
        if (seq > held.last_seq()) continue;
        const Record& record = ring_.record(boot, seq, identity.uptime_ms);
        if (record.is_reading()) {
            write_reading(line, identity, record.channel(), measurement_in(record));
        } else {
            write_no_reading(line, identity, record.channel(), cause_word(cause_in(record)), count_in(record));
        }
        return true;
    }
    return false;
}

void Outbox::mark_sent(uint8_t boot, uint32_t seq, uint64_t uptime_ms) {
    // The pause counts from the end of a run, and is not put off by new records.
    if (resending() || !resend_due_) {
        resend_due_ = true;
        resend_due_ms_ = uptime_ms + pause_ms_;
    }
    Sending& sending = sending_[boot];
    sending.next_seq = seq + 1;
    if (seq > sending.sent_seq) sending.sent_seq = seq;
}

// Going once more through what has been sent before.
bool Outbox::resending() const {
    for (uint8_t i = 0; i < ring_.boots(); i++) {
        if (ring_.boot(i).holds_any() && sending_[i].next_seq <= sending_[i].sent_seq) return true;
    }
    return false;
}

// Something of boot i was sent and has not been acknowledged.
bool Outbox::unanswered(uint8_t i) const {
    return ring_.boot(i).holds_any() && ring_.boot(i).oldest() <= sending_[i].sent_seq;
}

void Outbox::resend(uint64_t uptime_ms) {
    has_run_ = true;
    run_ms_ = uptime_ms;
    for (uint8_t i = 0; i < ring_.boots(); i++) sending_[i].next_seq = ring_.boot(i).oldest();
}

bool Outbox::may_run_again(uint64_t uptime_ms) const {
    return !resending() && (!has_run_ || uptime_ms - run_ms_ >= RUN_EVERY_MS);
}

bool Outbox::heard_ack(uint32_t boot, uint32_t seq, uint64_t uptime_ms) {
    uint8_t i = 0;
    while (i < ring_.boots() && ring_.boot(i).number != boot) i++;
    // It acknowledges what it cannot have: forged, or meant for another life.
    if (i == ring_.boots() || seq > sending_[i].sent_seq) return false;
    const uint32_t acked = ring_.boot(i).acked_seq;
    if (seq > acked) {
        progress(i, seq, uptime_ms);
    } else if (seq == acked && acked < sending_[i].sent_seq && may_run_again(uptime_ms)) {
        resend(uptime_ms);
    }
    return true;
}

// Progress of one boot must not put off what another one waits for: a current boot that gets on would keep the last
// records of an earlier one from ever being sent again.
void Outbox::progress(uint8_t i, uint32_t seq, uint64_t uptime_ms) {
    ring_.acknowledge(i, seq);
    if (sending_[i].next_seq <= seq) sending_[i].next_seq = seq + 1;
    for (uint8_t other = 0; other < ring_.boots(); other++) {
        if (other != i && unanswered(other)) return;
    }
    pause_ms_ = PAUSE_LEAST_MS;
    resend_due_ = unanswered(i);
    resend_due_ms_ = uptime_ms + PAUSE_LEAST_MS;
}

}  // namespace kembar
