// What the device holds until the edge has it: a bounded ring of records, boot by boot, in RAM that outlives a reset.
//
// Memory only: no lines, no timing, no order of sending. The rules are those of edge/ring.py:
// 1. Within a boot the held records are a run of seqs without a hole; before it at most one `lost`.
// 2. When the ring is full the oldest record goes, of the oldest boot first, and `lost` grows at its end.
// 3. `lost` ends just before the first held record and needs no place in the ring.
// And, since a reset can come between any two bytes that are written:
// 4. The header stands there twice. A change goes into the older copy, which is marked as not whole meanwhile; it
//    counts from the moment its mark is set. So there is always the state before or the state after.
// 5. A slot that the newest whole header claims is never written: one slot more than RECORDS makes that possible.
//
// Space: each boot is a run of consecutive slots, boots follow each other around the ring, the current one is last.
// What is acknowledged at the front of a run is free when nothing older lies before it; in the middle it is free for
// the boot that it lay in only once that boot is empty and starts again behind the boot before it. So a boot that
// stays unacknowledged while a newer one comes and goes can make the ring full below RECORDS held records.
#pragma once

#include <stdint.h>

#include "record.h"

// Tests take a small ring, to come around it often.
#ifndef KEMBAR_RECORDS
#define KEMBAR_RECORDS 280
#endif

namespace kembar {

const uint16_t RECORDS = KEMBAR_RECORDS;  // 93 s of three sensors at 1 Hz; what it leaves of 8 KiB is the stack
const uint16_t SLOTS = RECORDS + 1;
// S1 lines that fit into one datagram beside their H1 (docs/protocol.md).
const uint8_t EARLIER_BOOTS_MOST = 4;
const uint8_t BOOTS_MOST = EARLIER_BOOTS_MOST + 1;
// Goes up when anything in RingMemory or Record changes its place or meaning.
const uint8_t RING_LAYOUT = 1;

struct HeldBoot {
    uint32_t number;
    uint32_t first_seq;        // of the run of held records; of the next record when none is held
    uint32_t acked_seq;
    uint32_t lost_count;       // 0: nothing of it is lost. The `lost` has the seq first_seq - 1
    uint32_t lost_uptime_low_ms;
    uint32_t dropped;          // all that were ever dropped from a full ring, and those of boots forgotten at its start
    uint32_t uptime_high;      // the high half of the newest record's uptime
    uint16_t start;            // slot of first_seq
    uint16_t held;             // records in the ring, without `lost`

    uint32_t last_seq() const { return first_seq + held - 1; }  // 0 while there was none
    uint32_t lost_seq() const { return first_seq - 1; }         // only where lost_count > 0
    uint32_t oldest() const { return lost_count > 0 ? lost_seq() : first_seq; }
    bool holds_any() const { return held > 0 || lost_count > 0; }
};

struct RingHeader {
    uint8_t whole;  // HEADER_WHOLE, or 0 while it is being written
    uint8_t generation;
    uint8_t layout;
    uint8_t boots;
    uint16_t slots;
    uint16_t check;  // CRC-16 of all but `whole` and itself
    HeldBoot boot[BOOTS_MOST];
};

// Placed in .noinit by the board: the start code of C leaves it as the reset found it.
struct RingMemory {
    uint32_t canary_before;
    RingHeader header[2];
    Record slot[SLOTS];
    uint32_t canary_after;
};

class Ring {
public:
    explicit Ring(RingMemory& memory) : memory_(memory), newest_(0) {}

    // At start, before anything else: keeps what the memory holds if every part of it is as it was left, else clears
    // all of it. RAM that was without power for a moment is half decayed, and half a ring would be sent as truth.
    // `owner`: whose records they are; those that were kept for another one are not believed either.
    bool believe(uint16_t owner = 0);

    // The current boot is the last one; before start() there may be none.
    uint8_t boots() const { return header().boots; }
    const HeldBoot& boot(uint8_t i) const { return header().boot[i]; }
    const HeldBoot& current() const { return boot(static_cast<uint8_t>(boots() - 1)); }
    bool holds(uint32_t number) const;
    // Records held in all boots, without the `lost` ones.
    uint16_t queued() const;

    // A new boot begins; of the earlier ones that still hold something the newest four are kept. What the others held
    // counts as dropped by the new one, because no line can name it any more.
    void start(uint32_t number);
    // Takes a record under the current boot's next seq, which it returns; 0 before start().
    uint32_t add(const Record& record, uint64_t uptime_ms);
    // Forgets what boot i holds up to seq; a `lost` that has grown beyond seq stays whole. seq <= last_seq.
    void acknowledge(uint8_t i, uint32_t seq);

    // Record seq of boot i, which must be held. Its uptime is right as long as a boot's held records span less than
    // 24 days.
    const Record& record(uint8_t i, uint32_t seq, uint64_t& uptime_ms) const;
    uint64_t lost_uptime_ms(uint8_t i) const;

private:
    const RingHeader& header() const { return memory_.header[newest_]; }
    RingHeader& older() { return memory_.header[newest_ ^ 1]; }
    void clear(uint16_t owner);
    void begin();
    void put(uint8_t i, const HeldBoot& boot);
    void commit(uint8_t boots);
    bool all_records_right() const;
    uint16_t end_of_runs(uint8_t boots) const;
    uint8_t oldest_with_records() const;
    uint64_t whole_uptime(const HeldBoot& boot, uint32_t low_ms) const;

    RingMemory& memory_;
    uint8_t newest_;
};

}  // namespace kembar
