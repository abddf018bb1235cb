// A reset between any two bytes that the ring writes leaves the state before or the state after, and nothing else.
//
// Random histories; every change is cut at every single byte that it writes, and tried again from what was left.
#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <random>

#include "ringstate.h"

namespace kembar {

namespace {
struct Reset {};
const long NEVER = -1;
long writes_left = NEVER;  // until the reset
long writes = 0;
}  // namespace

// Takes the place of the ring's own store_byte in these tests (ring.cpp).
void store_in_test(volatile uint8_t* at, uint8_t byte) {
    if (writes_left == 0) throw Reset();
    if (writes_left > 0) writes_left--;
    writes++;
    *at = byte;
}

}  // namespace kembar

using namespace kembar;

namespace {

using Change = std::function<void(Ring&)>;

// What went wrong, or "".
std::string cut_everywhere(RingMemory& memory, const Change& change, long& cuts) {
    const std::unique_ptr<RingMemory> before(new RingMemory(memory));
    Ring untouched(*before), changed(memory);
    if (!untouched.believe() || !changed.believe()) return "the history itself is not believed";
    const std::string old_state = state_of(untouched);
    writes = 0;
    change(changed);
    const long needed = writes;
    const std::string new_state = state_of(changed);

    const std::unique_ptr<RingMemory> cut(new RingMemory());
    for (long n = 0; n < needed; n++, cuts++) {
        memcpy(static_cast<void*>(cut.get()), before.get(), sizeof(RingMemory));
        Ring running(*cut);
        running.believe();
        writes_left = n;
        try {
            change(running);
        } catch (const Reset&) {
        }
        writes_left = NEVER;
        Ring found(*cut);
        if (!found.believe()) return "not believed after " + std::to_string(n) + " bytes";
        const std::string state = state_of(found);
        if (state == new_state) continue;
        if (state != old_state) return "neither before nor after at byte " + std::to_string(n) + "\n" + state;
        change(found);
        if (state_of(found) != new_state) return "does not go on after byte " + std::to_string(n);
    }
    return "";
}

// The next change of a random history: mostly a few held records, which makes the comparison fast.
Change random_change(std::mt19937& random, const Ring& ring, uint64_t uptime_ms) {
    const unsigned dice = random() % 100;
    if (dice < 8) {
        const uint32_t number = ring.current().number + 1;
        return [number](Ring& target) { target.start(number); };
    }
    const uint8_t i = static_cast<uint8_t>(random() % ring.boots());
    const HeldBoot& boot = ring.boot(i);
    if (dice < 45 && boot.holds_any()) {
        const uint32_t seq = boot.oldest() + random() % (boot.last_seq() - boot.oldest() + 1);
        return [i, seq](Ring& target) { target.acknowledge(i, seq); };
    }
    const uint32_t n = random();
    return [n, uptime_ms](Ring& target) { target.add(record_number(n % 100000), uptime_ms); };
}

// Brings the ring to where its runs lie anywhere in its memory.
void turn(Ring& ring, unsigned records, bool acknowledged) {
    for (unsigned n = 0; n < records; n++) {
        ring.add(record_number(n), n);
        if (acknowledged) ring.acknowledge(static_cast<uint8_t>(ring.boots() - 1), ring.current().last_seq() - n % 2);
    }
}

}  // namespace

TEST_CASE("a reset at any byte of any change leaves the state before or after") {
    std::mt19937 random(11);
    long cuts = 0;
    for (int history = 0; history < 10; history++) {
        std::unique_ptr<RingMemory> memory(new RingMemory());
        Ring ring(*memory);
        ring.believe();
        ring.start(100);
        turn(ring, SLOTS - 12 + random() % 16, true);
        for (int n = 0; n < 40; n++) {
            const Change change = random_change(random, ring, 1000 * n);
            REQUIRE(cut_everywhere(*memory, change, cuts) == "");
            ring.believe();
        }
    }
    MESSAGE(cuts << " cuts");
    CHECK(cuts > 50000);
}

TEST_CASE("a reset at any byte while a full ring drops leaves the state before or after") {
    std::mt19937 random(12);
    long cuts = 0;
    std::unique_ptr<RingMemory> memory(new RingMemory());
    Ring ring(*memory);
    ring.believe();
    ring.start(100);
    turn(ring, 5, false);
    ring.start(101);
    turn(ring, RECORDS - 7, false);
    for (int n = 0; n < 9; n++) {
        const Change add = [n](Ring& target) { target.add(record_number(n), 5000); };
        REQUIRE(cut_everywhere(*memory, add, cuts) == "");
        ring.believe();
    }
    CHECK(ring.boot(0).lost_count == 5);
    CHECK(ring.current().lost_count == 2);
    MESSAGE(cuts << " cuts");
}

TEST_CASE("a reset at any byte of the first start leaves an empty ring or nothing") {
    std::unique_ptr<RingMemory> memory(new RingMemory());
    for (long n = 0;; n++) {
        memset(static_cast<void*>(memory.get()), 0x55, sizeof(RingMemory));
        Ring ring(*memory);
        writes_left = n;
        bool cut = false;
        try {
            ring.believe();
        } catch (const Reset&) {
            cut = true;
        }
        writes_left = NEVER;
        if (!cut) break;
        Ring found(*memory);
        found.believe();
        REQUIRE(found.boots() == 0);
    }
}
