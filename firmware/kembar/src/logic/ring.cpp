// The ring's slots, its header kept twice, and the order in which both are written.
#include "ring.h"

#include <stddef.h>

#include "crc16.h"

namespace kembar {

#ifdef KEMBAR_RING_STORE
// A test looks at every byte that is written, and stops in the middle.
void KEMBAR_RING_STORE(volatile uint8_t* at, uint8_t byte);
#endif

namespace {

// Many bits of each kind: memory that lost its power tends to one side, or to noise.
const uint32_t CANARY_BEFORE = 0x9A3C65E1UL;
const uint32_t CANARY_AFTER = 0x5DA2761BUL;
const uint8_t HEADER_WHOLE = 0xA5;
const uint8_t NOT_WHOLE = 0;

static_assert(sizeof(HeldBoot) == 32 && sizeof(RingHeader) == 8 + BOOTS_MOST * sizeof(HeldBoot),
              "a gap in the header would be part of its CRC");

#ifdef KEMBAR_RING_STORE
void store_byte(volatile uint8_t* at, uint8_t byte) { KEMBAR_RING_STORE(at, byte); }
#else
// volatile: the compiler keeps the order of the writes, which rules 4 and 5 of ring.h are made of.
inline void store_byte(volatile uint8_t* at, uint8_t byte) { *at = byte; }
#endif

// Every write to the ring's memory goes through here.
void store(void* at, const void* from, uint16_t bytes) {
    volatile uint8_t* to = static_cast<volatile uint8_t*>(at);
    const uint8_t* byte = static_cast<const uint8_t*>(from);
    for (; bytes > 0; bytes--) store_byte(to++, *byte++);
}

template <class Value>
void store(Value& at, const Value& value) {
    store(&at, &value, sizeof(Value));
}

uint16_t header_check(const RingHeader& header) {
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&header);
    const uint16_t before = offsetof(RingHeader, generation), after = offsetof(RingHeader, boot);
    const uint16_t crc = crc16(bytes + before, offsetof(RingHeader, check) - before);
    return crc16(bytes + after, sizeof(RingHeader) - after, crc);
}

bool right(const RingHeader& header) {
    return header.whole == HEADER_WHOLE && header.layout == RING_LAYOUT && header.slots == SLOTS &&
           header.boots <= BOOTS_MOST && header.check == header_check(header);
}

// Slot `steps` after this one, for steps <= SLOTS. Without division: an AVR has no instruction for it.
uint16_t after(uint16_t slot, uint16_t steps) {
    slot = static_cast<uint16_t>(slot + steps);
    return slot < SLOTS ? slot : static_cast<uint16_t>(slot - SLOTS);
}

void forget(HeldBoot& boot, uint16_t records) {
    boot.first_seq += records;
    boot.start = after(boot.start, records);
    boot.held = static_cast<uint16_t>(boot.held - records);
}

void drop_oldest(HeldBoot& boot, uint32_t uptime_low_ms) {
    boot.lost_uptime_low_ms = uptime_low_ms;
    boot.lost_count++;
    boot.dropped++;
    forget(boot, 1);
}

// The lower half of the first canary is the owner's.
uint32_t canary_of(uint16_t owner) { return CANARY_BEFORE ^ owner; }

// What is lost with a boot that is forgotten. Of one of which nothing was ever acknowledged nobody may have heard, nor
// of what it has given up itself.
uint32_t unsaid(const HeldBoot& boot) { return boot.held + (boot.acked_seq > 0 ? boot.lost_count : boot.dropped); }

}  // namespace

bool Ring::believe(uint16_t owner) {
    const RingHeader* const headers = memory_.header;
    const bool right_0 = right(headers[0]), right_1 = right(headers[1]);
    const uint8_t ahead = static_cast<uint8_t>(headers[1].generation - headers[0].generation);
    // A copy that is damaged, but was not being written, tells of decay: then nothing is believed.
    bool believed = false;
    if (right_0 && right_1) {
        believed = ahead == 1 || ahead == 0xFF;
        newest_ = ahead == 1;
    } else if (right_0 || right_1) {
        newest_ = right_1;
        believed = headers[newest_ ^ 1].whole == NOT_WHOLE;
    }
    believed = believed && memory_.canary_before == canary_of(owner) && memory_.canary_after == CANARY_AFTER &&
               all_records_right();
    if (!believed) clear(owner);
    return believed;
}

bool Ring::all_records_right() const {
    uint16_t records = 0;
    for (uint8_t i = 0; i < boots(); i++) {
        const HeldBoot& held = boot(i);
        records = static_cast<uint16_t>(records + held.held);
        if (held.start >= SLOTS || held.held > RECORDS || records > RECORDS) return false;
        for (uint16_t n = 0; n < held.held; n++) {
            const Record& found = memory_.slot[after(held.start, n)];
            if (found.check != check_of(found, held.number, held.first_seq + n)) return false;
        }
    }
    return true;
}

// Whatever stands there is not believed from the first byte on.
void Ring::clear(uint16_t owner) {
    store(memory_.header[0].whole, NOT_WHOLE);
    store(memory_.header[1].whole, NOT_WHOLE);
    RingHeader empty = RingHeader();
    empty.layout = RING_LAYOUT;
    empty.slots = SLOTS;
    empty.check = header_check(empty);
    store(memory_.header[0], empty);
    store(memory_.canary_before, canary_of(owner));
    store(memory_.canary_after, CANARY_AFTER);
    store(memory_.header[0].whole, HEADER_WHOLE);
    newest_ = 0;
}

bool Ring::holds(uint32_t number) const {
    for (uint8_t i = 0; i < boots(); i++) {
        if (boot(i).number == number) return true;
    }
    return false;
}

uint16_t Ring::queued() const {
    uint16_t records = 0;
    for (uint8_t i = 0; i < boots(); i++) records = static_cast<uint16_t>(records + boot(i).held);
    return records;
}

// The older copy becomes the new one: a copy of the newest, with changed boots.
void Ring::begin() {
    store(older().whole, NOT_WHOLE);
    for (uint8_t i = 0; i < BOOTS_MOST; i++) put(i, boot(i));
}

void Ring::put(uint8_t i, const HeldBoot& boot) { store(older().boot[i], boot); }

void Ring::commit(uint8_t boots) {
    RingHeader& next = older();
    store(next.generation, static_cast<uint8_t>(header().generation + 1));
    store(next.layout, RING_LAYOUT);
    store(next.boots, boots);
    store(next.slots, SLOTS);
    store(next.check, header_check(next));
    store(next.whole, HEADER_WHOLE);
    newest_ ^= 1;
}

// The slot behind the last run of the first `boots` boots.
uint16_t Ring::end_of_runs(uint8_t boots) const {
    while (boots-- > 0) {
        if (boot(boots).held > 0) return after(boot(boots).start, boot(boots).held);
    }
    return 0;
}

void Ring::start(uint32_t number) {
    uint8_t kept[EARLIER_BOOTS_MOST];
    uint8_t count = 0;
    HeldBoot begun = HeldBoot();
    for (uint8_t i = boots(); i-- > 0;) {
        if (!boot(i).holds_any()) continue;
        if (count < EARLIER_BOOTS_MOST) kept[count++] = i;
        else begun.dropped += unsaid(boot(i));
    }
    begun.number = number;
    begun.first_seq = 1;
    begin();
    for (uint8_t i = 0; i < count; i++) put(i, boot(kept[count - 1 - i]));
    put(count, begun);
    commit(static_cast<uint8_t>(count + 1));
}

uint8_t Ring::oldest_with_records() const {
    uint8_t i = 0;
    while (boot(i).held == 0 && i + 1 < boots()) i++;
    return i;
}

uint32_t Ring::add(const Record& record, uint64_t uptime_ms) {
    if (boots() == 0) return 0;
    const uint8_t last = static_cast<uint8_t>(boots() - 1);
    HeldBoot now = current();
    if (now.held == 0) now.start = end_of_runs(last);
    const uint32_t seq = now.last_seq() + 1;
    const uint16_t slot = after(now.start, now.held);

    Record signed_record = record;
    signed_record.uptime_low_ms = static_cast<uint32_t>(uptime_ms);
    signed_record.check = check_of(signed_record, now.number, seq);
    store(memory_.slot[slot], signed_record);

    begin();
    const uint8_t first = oldest_with_records();
    // The slot that must stay free for the next record is the oldest one's: it goes.
    if (boot(first).held > 0 && boot(first).start == after(slot, 1)) {
        HeldBoot oldest = boot(first);
        drop_oldest(first == last ? now : oldest, memory_.slot[oldest.start].uptime_low_ms);
        if (first != last) put(first, oldest);
    }
    now.held++;
    now.uptime_high = static_cast<uint32_t>(uptime_ms >> 32);
    put(last, now);
    commit(boots());
    return seq;
}

void Ring::acknowledge(uint8_t i, uint32_t seq) {
    HeldBoot changed = boot(i);
    if (changed.lost_count > 0 && changed.lost_seq() <= seq) changed.lost_count = 0;
    changed.acked_seq = seq;
    if (seq >= changed.first_seq) {
        const uint32_t records = seq - changed.first_seq + 1;
        forget(changed, records < changed.held ? static_cast<uint16_t>(records) : changed.held);
    }
    begin();
    put(i, changed);
    commit(boots());
}

const Record& Ring::record(uint8_t i, uint32_t seq, uint64_t& uptime_ms) const {
    const HeldBoot& held = boot(i);
    const Record& found = memory_.slot[after(held.start, static_cast<uint16_t>(seq - held.first_seq))];
    uptime_ms = whole_uptime(held, found.uptime_low_ms);
    return found;
}

uint64_t Ring::lost_uptime_ms(uint8_t i) const { return whole_uptime(boot(i), boot(i).lost_uptime_low_ms); }

// Records need not lie in the order of their uptimes, so a record may be a little later than the newest one.
uint64_t Ring::whole_uptime(const HeldBoot& boot, uint32_t low_ms) const {
    const uint32_t newest_low_ms = boot.held > 0
        ? memory_.slot[after(boot.start, static_cast<uint16_t>(boot.held - 1))].uptime_low_ms
        : boot.lost_uptime_low_ms;
    const uint64_t newest_ms = static_cast<uint64_t>(boot.uptime_high) << 32 | newest_low_ms;
    return newest_ms + static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(low_ms - newest_low_ms)));
}

}  // namespace kembar
