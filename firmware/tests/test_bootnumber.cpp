// Boot numbers: they count, they never recur, and an EEPROM that forgets is survived by chance.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "../kembar/src/logic/bootnumber.h"
#include "cells.h"

using kembar::BootNumber;
using Save = kembar::Storage::Save;

namespace {

// One start; 0 when the power went before the number was safe, so that nothing was sent under it.
uint32_t start(Cells& eeprom, uint16_t random) {
    BootNumber boot(eeprom);
    boot.begin(random);
    for (int i = 0; i < 100 && eeprom.powered; ++i) {
        if (boot.step() != Save::WRITING) return boot.number();
    }
    eeprom.power_on();
    return 0;
}

}  // namespace

TEST_CASE("a board's first number has a random upper half and counts from 1") {
    Cells eeprom;
    CHECK(start(eeprom, 0xABCD) == 0xABCD0001);
}

TEST_CASE("each start counts one on, whatever chance says") {
    Cells eeprom;
    for (uint32_t i = 1; i <= 1000; ++i) REQUIRE(start(eeprom, static_cast<uint16_t>(i * 7919)) == (7919u << 16) + i);
}

TEST_CASE("after 65 535 starts a new upper half is drawn, even when chance gives the old one") {
    Cells eeprom;
    for (uint32_t i = 1; i <= 0xFFFF; ++i) REQUIRE(start(eeprom, 5) == (5u << 16) + i);
    SUBCASE("another") { CHECK(start(eeprom, 9) == 0x00090001); }
    SUBCASE("the same") { CHECK(start(eeprom, 5) == 0x00060001); }
}

TEST_CASE("a number that records in RAM still carry is not used again") {
    Cells eeprom;
    start(eeprom, 3);
    BootNumber boot(eeprom);
    boot.begin(4);
    CHECK(boot.number() == 0x00030002);
    boot.redraw(8);
    CHECK(boot.number() == 0x00080001);
    while (boot.step() == Save::WRITING) {
    }
    CHECK(boot.number() == 0x00080001);
    CHECK(start(eeprom, 4) == 0x00080002);
}

TEST_CASE("an EEPROM that keeps nothing gives a new upper half at each start and is noticed") {
    Cells eeprom;
    start(eeprom, 1);
    eeprom.forget_writes = true;
    for (uint16_t random : {uint16_t(17), uint16_t(29), uint16_t(65535)}) {
        BootNumber boot(eeprom);
        boot.begin(random);
        while (boot.step() == Save::WRITING) {
        }
        CHECK(boot.step() == Save::NOT_KEPT);
        CHECK(boot.number() == (static_cast<uint32_t>(random) << 16) + 1);
        // Asked again it stays: it is the number of this start.
        boot.step();
        CHECK(boot.number() == (static_cast<uint32_t>(random) << 16) + 1);
    }
}

TEST_CASE("the number of a copy that has decayed is passed over, time and again") {
    Cells eeprom;
    start(eeprom, 7);
    uint32_t before = start(eeprom, 7);
    for (int i = 0; i < 20; ++i) {
        // Whichever copy is the newest: both lose their turn.
        const uint16_t copy = static_cast<uint16_t>(kembar::BOOT_NUMBER_ADDRESS + i % 2 * 7);
        eeprom.cells[copy + 1] ^= 0x80;
        const uint32_t number = start(eeprom, 7);
        CHECK(number > before);
        CHECK(number <= before + 2);
        before = number;
    }
}

TEST_CASE("a number that was used never recurs, with power cuts and decay at random moments") {
    std::mt19937 chance(20261121);
    for (int history = 0; history < 200; ++history) {
        Cells eeprom;
        std::set<uint32_t> used;
        for (int i = 0; i < 60; ++i) {
            if (chance() % 3 == 0) {
                eeprom.cut_at = static_cast<int>(chance() % 10);
                eeprom.torn = static_cast<uint8_t>(chance());
            }
            // The EEPROM forgets a bit of either copy between two starts.
            if (chance() % 8 == 0) {
                eeprom.cells[kembar::BOOT_NUMBER_ADDRESS + chance() % 14] ^= static_cast<uint8_t>(1 << chance() % 8);
            }
            const uint32_t number = start(eeprom, static_cast<uint16_t>(chance()));
            eeprom.cut_at = -1;
            if (number != 0) REQUIRE(used.insert(number).second);
        }
    }
}
