// Decides which line is due: hello, new records, and those that go once more because no answer came.
//
// No sockets and no clock: the caller carries the lines and tells the uptime. The rules and times are those of
// edge/device.py and docs/protocol.md, "What a device does"; only that one line comes out per call.
#pragma once

#include <stdint.h>

#include "linewriter.h"
#include "ring.h"

namespace kembar {

const uint16_t HELLO_EVERY_MS = 1000;
// Longer than the edge's group commit of 10 s, so that a healthy edge is never sent anything twice.
const uint16_t PAUSE_LEAST_MS = 15000;
const uint16_t PAUSE_MOST_MS = 60000;
// The edge may repeat an answer five times a second; a run of the whole ring takes about this long.
const uint16_t RUN_EVERY_MS = 2000;
// Half of what an Ethernet shield's socket holds, and far below what is fragmented.
const uint16_t DATAGRAM_BYTES_MOST = 512;

// What a hello says beside the ring.
struct Vitals {
    const char* reset_cause;
    uint32_t free_ram;
    uint32_t link_resets;
    uint32_t interval_ms;
};

enum class Due : uint8_t {
    NOTHING,
    LINE,  // the buffer holds a line; it counts as sent
    END,   // close the datagram: what comes next begins another. Means nothing to a serial link
};

class Outbox {
public:
    // Both names must stay where they are as long as the outbox lives. The ring has been started.
    Outbox(Ring& ring, const char* device, const char* firmware);

    // At most one line. Datagrams are ended so that none is longer than 512 bytes and a hello has its own.
    Due next(uint64_t uptime_ms, LineBuffer& line, const Vitals& vitals);

    // An A1 for this device from the edge that it talks to. False: not believed, it names a boot that is not held or
    // a record that was not sent.
    bool heard_ack(uint32_t boot, uint32_t seq, uint64_t uptime_ms);

    // Begins a run from the oldest record that is held, without waiting for the pause to end.
    void resend(uint64_t uptime_ms);

private:
    struct Sending {
        uint32_t next_seq;  // going back to the oldest makes a resend
        uint32_t sent_seq;  // the highest one sent since the device started
    };

    Due end_datagram();
    void write_hello_line(uint64_t uptime_ms, LineBuffer& line, const Vitals& vitals);
    bool write_next_earlier(LineBuffer& line);
    bool write_next_record(LineBuffer& line, uint8_t& boot, uint32_t& seq) const;
    void mark_sent(uint8_t boot, uint32_t seq, uint64_t uptime_ms);
    uint8_t earlier() const;
    bool resending() const;
    bool unanswered(uint8_t i) const;
    bool may_run_again(uint64_t uptime_ms) const;
    void progress(uint8_t i, uint32_t seq, uint64_t uptime_ms);

    Ring& ring_;
    const char* device_;
    const char* firmware_;
    uint64_t hello_due_ms_;
    uint64_t resend_due_ms_;
    uint64_t run_ms_;  // when the last run began
    Sending sending_[BOOTS_MOST];
    uint16_t datagram_bytes_;  // of the one that is open
    uint16_t pause_ms_;
    uint8_t earlier_next_;     // the boot whose S1 comes next; none when it is the current one
    bool in_hello_;
    bool resend_due_;
    bool has_run_;
};

}  // namespace kembar
