// The ring keeps what was put into it, boot by boot, and says what it had to drop.
//
// What a reset in the middle or a lack of power does to it is in test_ring_resets.cpp and test_ring_decay.cpp.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <vector>

#include "ringstate.h"

using namespace kembar;

namespace {

struct Held {
    std::unique_ptr<RingMemory> memory{new RingMemory()};
    Ring ring{*memory};

    explicit Held(uint32_t boot = 7) {
        memset(static_cast<void*>(memory.get()), 0xFF, sizeof(RingMemory));
        REQUIRE_FALSE(ring.believe());
        ring.start(boot);
    }

    void add(unsigned count, uint64_t uptime_ms = 1000) {
        for (; count > 0; count--) ring.add(record_number(ring.current().last_seq() + 1), uptime_ms);
    }

    // Each record that is held has the values that were put in under its seq.
    bool all_as_they_were() const {
        for (uint8_t i = 0; i < ring.boots(); i++) {
            const HeldBoot& boot = ring.boot(i);
            for (uint32_t n = 0; n < boot.held; n++) {
                uint64_t uptime_ms;
                const Record& found = ring.record(i, boot.first_seq + n, uptime_ms);
                const Record put_in = record_number(boot.first_seq + n);
                if (text_of(measurement_in(found)) != text_of(measurement_in(put_in))) return false;
                if (found.channel() != put_in.channel()) return false;
            }
        }
        return true;
    }
};

}  // namespace

TEST_CASE("the ring has room for 90 s of three sensors at one reading a second") { CHECK(RECORDS >= 270); }

TEST_CASE("memory that was never a ring is not believed and is empty then") {
    Held held;
    CHECK(held.ring.queued() == 0);
    CHECK(held.ring.boots() == 1);
    CHECK(held.ring.current().number == 7);
    CHECK(held.ring.current().oldest() == 1);
    CHECK(held.ring.current().last_seq() == 0);
}

TEST_CASE("before a start nothing is taken") {
    std::unique_ptr<RingMemory> memory(new RingMemory());
    Ring ring(*memory);
    ring.believe();
    CHECK(ring.boots() == 0);
    CHECK(ring.add(record_number(1), 0) == 0);
}

TEST_CASE("records are numbered from 1 and come back as they were") {
    Held held;
    CHECK(held.ring.add(record_number(1), 1000) == 1);
    CHECK(held.ring.add(record_number(2), 1333) == 2);
    CHECK(held.all_as_they_were());
    uint64_t uptime_ms;
    held.ring.record(0, 2, uptime_ms);
    CHECK(uptime_ms == 1333);
}

TEST_CASE("an acknowledgement forgets everything up to it") {
    Held held;
    held.add(5);
    held.ring.acknowledge(0, 3);
    CHECK(held.ring.current().oldest() == 4);
    CHECK(held.ring.queued() == 2);
    held.ring.acknowledge(0, 5);
    CHECK(held.ring.current().oldest() == 6);
    CHECK(held.ring.queued() == 0);
    held.add(1);
    CHECK(held.ring.current().last_seq() == 6);
    CHECK(held.all_as_they_were());
}

TEST_CASE("a full ring drops its oldest into one lost record that grows") {
    Held held;
    held.add(RECORDS);
    CHECK(held.ring.current().lost_count == 0);
    held.add(3, 2000);
    const HeldBoot& boot = held.ring.current();
    CHECK(boot.lost_count == 3);
    CHECK(boot.lost_seq() == 3);
    CHECK(boot.oldest() == 3);
    CHECK(boot.dropped == 3);
    CHECK(held.ring.queued() == RECORDS);
    CHECK(held.ring.lost_uptime_ms(0) == 1000);
    CHECK(held.all_as_they_were());
}

TEST_CASE("a lost record that has grown beyond the acknowledgement stays whole") {
    Held held;
    held.add(RECORDS + 5);
    held.ring.acknowledge(0, 3);
    CHECK(held.ring.current().lost_count == 5);
    CHECK(held.ring.current().acked_seq == 3);
    held.ring.acknowledge(0, 5);
    CHECK(held.ring.current().lost_count == 0);
    CHECK(held.ring.current().dropped == 5);
    CHECK(held.ring.current().oldest() == 6);
}

TEST_CASE("the ring comes around many times and nothing changes in it") {
    Held held;
    for (unsigned n = 0; n < 5 * SLOTS; n++) {
        held.add(1, n);
        if (n % 3 == 0 && n > 20) held.ring.acknowledge(0, held.ring.current().last_seq() - 10);
        REQUIRE(held.all_as_they_were());
    }
}

TEST_CASE("a restart keeps earlier boots, and the oldest boot loses first") {
    Held held(7);
    held.add(100);
    held.ring.start(8);
    held.add(RECORDS - 100);
    CHECK(held.ring.boot(0).dropped == 0);
    held.add(60);
    CHECK(held.ring.boot(0).number == 7);
    CHECK(held.ring.boot(0).lost_count == 60);
    CHECK(held.ring.boot(0).held == 40);
    CHECK(held.ring.current().held == RECORDS - 40);
    held.add(50);
    CHECK(held.ring.boot(0).held == 0);
    CHECK(held.ring.boot(0).oldest() == 100);
    CHECK(held.ring.boot(0).holds_any());
    CHECK(held.ring.current().lost_count == 10);
    CHECK(held.all_as_they_were());
}

TEST_CASE("the newest four earlier boots that hold something are kept") {
    Held held(1);
    for (uint32_t boot = 2; boot <= 8; boot++) {
        if (boot != 5) held.add(2);  // boot 4 holds nothing
        held.ring.start(boot);
    }
    REQUIRE(held.ring.boots() == BOOTS_MOST);
    const uint32_t kept[] = {3, 5, 6, 7, 8};
    for (uint8_t i = 0; i < BOOTS_MOST; i++) CHECK(held.ring.boot(i).number == kept[i]);
    CHECK(held.ring.holds(3));
    CHECK_FALSE(held.ring.holds(2));
    CHECK(held.ring.queued() == 8);
    CHECK(held.all_as_they_were());
}

TEST_CASE("what a boot held that is forgotten counts as dropped by the one that begins") {
    Held held(1);
    held.add(5);
    for (uint32_t boot = 2; boot <= 5; boot++) {
        held.ring.start(boot);
        held.add(2);
    }
    CHECK(held.ring.current().dropped == 0);
    held.ring.start(6);
    CHECK(held.ring.current().dropped == 5);
    held.add(2);
    held.ring.start(7);
    CHECK(held.ring.current().dropped == 2);
    held.add(2);
    held.ring.start(8);
    CHECK(held.ring.boot(3).number == 7);
    CHECK(held.ring.boot(3).dropped == 2);
}

TEST_CASE("a boot that was given up unheard takes with it what it had given up, an acknowledged one only what is new") {
    for (const bool heard : {false, true}) {
        Held held(1);
        held.add(RECORDS + 10);  // lost 10
        if (heard) held.ring.acknowledge(0, 10);
        held.add(20);
        for (uint32_t boot = 2; boot <= 5; boot++) {
            held.ring.start(boot);
            held.add(1);
        }
        held.ring.start(6);
        CHECK(held.ring.current().dropped == RECORDS + 10 + 20 - (heard ? 10 : 0));
    }
}

TEST_CASE("what is kept for another owner is not believed") {
    Held held(7);
    held.add(30);
    Ring other(*held.memory);
    CHECK_FALSE(other.believe(0xA5C3));
    CHECK_FALSE(other.holds(7));
    other.start(9);
    Ring again(*held.memory);
    CHECK(again.believe(0xA5C3));
    CHECK(again.holds(9));
    CHECK_FALSE(Ring(*held.memory).believe());
}

TEST_CASE("a current boot that was emptied starts again behind the one before it, so no room stays unused") {
    Held held(7);
    held.add(10);
    held.ring.start(8);
    for (unsigned n = 0; n < 3 * SLOTS; n++) {
        held.add(1);
        held.ring.acknowledge(1, held.ring.current().last_seq());
    }
    held.add(RECORDS - 10);
    CHECK(held.ring.boot(0).dropped == 0);
    CHECK(held.ring.queued() == RECORDS);
    CHECK(held.all_as_they_were());
}

TEST_CASE("room in the middle counts as used until the boot behind it is empty") {
    Held held(7);
    held.add(10);
    held.ring.start(8);
    held.add(100);
    held.ring.acknowledge(1, 50);
    held.add(RECORDS - 110);
    CHECK(held.ring.boot(0).dropped == 0);
    held.add(1);
    CHECK(held.ring.boot(0).dropped == 1);
    CHECK(held.ring.queued() == RECORDS - 50);
    CHECK(held.all_as_they_were());
}

TEST_CASE("uptimes are whole again beyond 49 days, also where records lie in disorder") {
    Held held;
    const uint64_t wrap = 1ULL << 32;
    const std::vector<uint64_t> uptimes = {wrap - 500, wrap - 250, wrap + 83, wrap - 1, wrap + 1000, wrap + 900};
    for (uint64_t each : uptimes) held.ring.add(record_number(1), each);
    for (uint32_t n = 0; n < uptimes.size(); n++) {
        uint64_t uptime_ms;
        held.ring.record(0, n + 1, uptime_ms);
        CHECK(uptime_ms == uptimes[n]);
    }
    held.add(RECORDS - 4, wrap + 2000000000);
    CHECK(held.ring.lost_uptime_ms(0) == wrap - 250);
    held.ring.start(8);
    held.add(RECORDS);
    CHECK(held.ring.boot(0).held == 0);
    CHECK(held.ring.lost_uptime_ms(0) == wrap + 2000000000);
}

TEST_CASE("what is held is believed after a reset") {
    Held held(7);
    held.add(30);
    held.ring.start(8);
    held.add(RECORDS);
    Ring after(*held.memory);
    CHECK(after.believe());
    CHECK(state_of(after) == state_of(held.ring));
}
