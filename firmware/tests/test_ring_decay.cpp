// RAM that was without power for a moment has lost some of its bits: nothing that is wrong is ever believed.
//
// RAM of an AVR keeps its bits for a while without power, and then they fall one by one, each towards a side of its
// own. So the decay runs from one bit to half of them, to both sides, to 0 and to 1.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <random>

#include "../kembar/src/logic/crc16.h"
#include "ringstate.h"

using namespace kembar;

namespace {

const size_t BITS = 8 * sizeof(RingMemory);

uint8_t* bytes_of(RingMemory& memory) { return reinterpret_cast<uint8_t*>(&memory); }

void flip(RingMemory& memory, size_t bit) { bytes_of(memory)[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8); }

std::unique_ptr<RingMemory> ring_with(unsigned earlier, unsigned records) {
    std::unique_ptr<RingMemory> memory(new RingMemory());
    Ring ring(*memory);
    ring.believe();
    ring.start(65537);
    for (unsigned n = 0; n < earlier; n++) ring.add(record_number(n), 1000 * n);
    ring.start(65538);
    for (unsigned n = 0; n < records; n++) ring.add(record_number(n), 1000 * n);
    return memory;
}

// Whether a slot or header byte is one that the ring would look at.
bool claimed(const RingMemory& memory, const Ring& ring, size_t bit) {
    const size_t byte = bit / 8, slots = offsetof(RingMemory, slot);
    if (byte < slots || byte >= slots + sizeof memory.slot) return true;
    const size_t slot = (byte - slots) / sizeof(Record);
    for (uint8_t i = 0; i < ring.boots(); i++) {
        const HeldBoot& boot = ring.boot(i);
        if ((slot + SLOTS - boot.start) % SLOTS < boot.held) return true;
    }
    return false;
}

// Makes the checks of both headers right again.
void sign(RingMemory& memory) {
    for (RingHeader& header : memory.header) {
        const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&header);
        const size_t before = offsetof(RingHeader, generation), after = offsetof(RingHeader, boot);
        const uint16_t crc = crc16(bytes + before, static_cast<uint16_t>(offsetof(RingHeader, check) - before));
        header.check = crc16(bytes + after, static_cast<uint16_t>(sizeof header - after), crc);
    }
}

enum class Towards { BOTH, ZERO, ONE };

void decay(RingMemory& memory, std::mt19937& random, double part, Towards towards) {
    uint8_t* bytes = bytes_of(memory);
    std::geometric_distribution<size_t> next(part);
    for (size_t bit = next(random); bit < BITS; bit += 1 + next(random)) {
        const bool set = bytes[bit / 8] >> bit % 8 & 1;
        if (towards == Towards::BOTH || (towards == Towards::ZERO) == set) flip(memory, bit);
    }
}

}  // namespace

TEST_CASE("each single flipped bit of what is held is found, each other one makes no difference") {
    const std::unique_ptr<RingMemory> memory = ring_with(5, 10);
    const std::unique_ptr<RingMemory> decayed(new RingMemory(*memory));
    Ring ring(*memory);
    REQUIRE(ring.believe());
    const std::string state = state_of(ring);
    unsigned found = 0, harmless = 0;
    for (size_t bit = 0; bit < BITS; bit++) {
        flip(*decayed, bit);
        Ring after(*decayed);
        const bool believed = after.believe();
        if (believed == claimed(*memory, ring, bit)) FAIL("bit " << bit << (believed ? " believed" : " refused"));
        if (believed && state_of(after) != state) FAIL("bit " << bit << " changed what is held");
        (believed ? harmless : found)++;
        memcpy(static_cast<void*>(decayed.get()), memory.get(), sizeof(RingMemory));
    }
    CHECK(found == 8 * (sizeof(RingMemory) - (SLOTS - 15) * sizeof(Record)));
    CHECK(harmless == 8 * (SLOTS - 15) * sizeof(Record));
}

TEST_CASE("decay from one bit in ten thousand to every second one is never believed wrongly") {
    std::mt19937 random(5);
    const double parts[] = {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5};
    const unsigned fills[][2] = {{0, 0}, {0, 3}, {5, 40}, {30, RECORDS - 30}, {40, RECORDS + 20}};
    unsigned wrong = 0, refused = 0, kept = 0;
    for (const auto& fill : fills) {
        const std::unique_ptr<RingMemory> memory = ring_with(fill[0], fill[1]);
        const std::unique_ptr<RingMemory> decayed(new RingMemory());
        Ring ring(*memory);
        REQUIRE(ring.believe());
        const std::string state = state_of(ring);
        for (double part : parts) {
            for (unsigned n = 0; n < 150; n++) {
                memcpy(static_cast<void*>(decayed.get()), memory.get(), sizeof(RingMemory));
                decay(*decayed, random, part, static_cast<Towards>(n % 3));
                Ring after(*decayed);
                const bool believed = after.believe();
                if (!believed) refused++;
                if (believed) (state_of(after) == state ? kept : wrong)++;
            }
        }
    }
    MESSAGE(refused << " refused, " << kept << " kept unharmed, " << wrong << " believed wrongly");
    CHECK(wrong == 0);
    CHECK(refused > 5000);
}

TEST_CASE("noise alone is never believed") {
    std::mt19937 random(6);
    std::unique_ptr<RingMemory> memory(new RingMemory());
    for (unsigned n = 0; n < 3000; n++) {
        uint8_t* bytes = bytes_of(*memory);
        for (size_t i = 0; i < sizeof(RingMemory); i += 4) {
            const uint32_t four = random();
            memcpy(bytes + i, &four, 4);
        }
        Ring ring(*memory);
        REQUIRE_FALSE(ring.believe());
        REQUIRE(ring.boots() == 0);
    }
}

TEST_CASE("one state of all bits is never believed") {
    std::unique_ptr<RingMemory> memory(new RingMemory());
    for (int byte = 0; byte < 256; byte++) {
        memset(static_cast<void*>(memory.get()), byte, sizeof(RingMemory));
        Ring ring(*memory);
        REQUIRE_FALSE(ring.believe());
    }
}

TEST_CASE("a memory of another layout or another size is not believed, though every check in it is right") {
    for (int what = 0; what < 3; what++) {
        const std::unique_ptr<RingMemory> memory = ring_with(2, 3);
        for (RingHeader& header : memory->header) {
            header.layout = static_cast<uint8_t>(header.layout + (what == 1));
            header.slots = static_cast<uint16_t>(header.slots + (what == 2));
        }
        sign(*memory);
        Ring ring(*memory);
        CHECK(ring.believe() == (what == 0));
    }
}

TEST_CASE("two headers that cannot follow each other are not believed") {
    for (int generations = 0; generations < 256; generations++) {
        const std::unique_ptr<RingMemory> memory = ring_with(2, 3);
        memory->header[0].generation = 200;
        memory->header[1].generation = static_cast<uint8_t>(200 + generations);
        sign(*memory);
        Ring ring(*memory);
        CHECK(ring.believe() == (generations == 1 || generations == 255));
    }
}
