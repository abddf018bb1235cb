// The EEPROM block against every power cut there can be, every value a torn byte can take, and cells that are dead.
#include <doctest/doctest.h>

#include <vector>

#include "../kembar/src/logic/bootnumber.h"
#include "../kembar/src/logic/crc16.h"
#include "../kembar/src/logic/settings.h"
#include "../kembar/src/logic/storage.h"
#include "cells.h"

using kembar::Storage;
using Save = kembar::Storage::Save;

namespace {

const uint16_t AT = 16;
const uint16_t KIND = 0x2222;
const uint8_t SIZE = 6;

using Block = std::vector<uint8_t>;

Save save(Cells& eeprom, Storage& storage, const Block& block) {
    storage.save(block.data());
    for (int step = 0; step < 1000 && eeprom.powered; ++step) {
        if (storage.step() != Save::WRITING) return storage.state();
    }
    eeprom.busy_steps = 0;
    return Save::WRITING;
}

Save save(Cells& eeprom, const Block& block) {
    Storage storage(eeprom, AT, static_cast<uint8_t>(block.size()), KIND);
    return save(eeprom, storage, block);
}

Block load(Cells& eeprom, uint8_t size = SIZE) {
    Block block(size, 0xEE);
    Storage storage(eeprom, AT, size, KIND);
    return storage.load(block.data()) ? block : Block();
}

const Block OLDER = {1, 2, 3, 4, 5, 6}, OLD = {1, 0xFF, 3, 0, 5, 7}, NEW = {9, 0, 0xFF, 4, 5, 8};

}  // namespace

TEST_CASE("nothing is believed of an erased or zeroed EEPROM, whatever the size of the block") {
    for (uint8_t size = 1; size < 128; ++size) {
        Cells erased, zeroed;
        zeroed.cells.assign(4096, 0);
        CHECK(load(erased, size).empty());
        CHECK(load(zeroed, size).empty());
    }
}

TEST_CASE("no first byte torn into an erased EEPROM makes a block of it") {
    struct Kind {
        uint16_t kind;
        uint8_t size;
    };
    const Kind ours[] = {{KIND, SIZE},
                         {kembar::BOOT_NUMBER_KIND, kembar::BOOT_NUMBER_BYTES},
                         {kembar::SETTINGS_KIND, sizeof(kembar::Settings)}};
    for (const Kind& each : ours) {
        for (int generation = 0; generation < 256; ++generation) {
            Cells eeprom;
            eeprom.cells[AT] = static_cast<uint8_t>(generation);
            Block block(each.size);
            CHECK(!Storage(eeprom, AT, each.size, each.kind).load(block.data()));
        }
    }
}

TEST_CASE("the blocks do not lie upon each other") {
    using namespace kembar;
    CHECK(BOOT_NUMBER_ADDRESS + Storage::cells(BOOT_NUMBER_BYTES) <= SETTINGS_ADDRESS);
    CHECK(SETTINGS_ADDRESS + Storage::cells(sizeof(Settings)) <= 4096);
}

TEST_CASE("what was saved is loaded, over many generations") {
    Cells eeprom;
    for (unsigned i = 0; i < 600; ++i) {
        const Block block = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8), 3, 4, 5, 6};
        REQUIRE(save(eeprom, block) == Save::KEPT);
        REQUIRE(load(eeprom) == block);
    }
}

TEST_CASE("a power cut at any byte leaves the old block or the new one") {
    for (int history = 0; history < 3; ++history) {
        for (int cut = 0; cut < 20; ++cut) {
            for (int torn = 0; torn < 256; ++torn) {
                Cells eeprom;
                if (history > 0) save(eeprom, OLDER);
                if (history > 1) save(eeprom, OLD);
                const Block before = load(eeprom);
                eeprom.cut_at = cut;
                eeprom.torn = static_cast<uint8_t>(torn);
                const Save ended = save(eeprom, NEW);
                const Block after = load(eeprom);
                REQUIRE((after == before || after == NEW));
                if (ended == Save::KEPT) REQUIRE(after == NEW);

                // And the next save goes well, whatever the cut left behind.
                eeprom.power_on();
                REQUIRE(save(eeprom, OLDER) == Save::KEPT);
                REQUIRE(load(eeprom) == OLDER);
            }
        }
    }
}

TEST_CASE("a mixture of old and new bytes is not believed, even where the CRC fits it") {
    // Blocks whose first two bytes, written over the older copy, fit the CRC that still stands there.
    for (uint8_t generation : {0, 3}) {
        Block wanted;
        for (unsigned xy = 0; xy <= 0xFFFF && wanted.empty(); ++xy) {
            const Block mixture = {generation, static_cast<uint8_t>(xy), static_cast<uint8_t>(xy >> 8), OLDER[2],
                                   OLDER[3],   OLDER[4],                 OLDER[5]};
            Block older = {1};
            older.insert(older.end(), OLDER.begin(), OLDER.end());
            if (kembar::crc16(mixture.data(), 7, KIND) == kembar::crc16(older.data(), 7, KIND)) {
                wanted = {mixture[1], mixture[2], 0x33, 0x44, 0x55, 0x66};
            }
        }
        REQUIRE(!wanted.empty());
        for (int cut = 0; cut < 12; ++cut) {
            Cells eeprom;
            save(eeprom, OLDER);
            save(eeprom, OLD);
            eeprom.cut_at = cut;
            eeprom.torn = OLDER[2];
            save(eeprom, wanted);
            const Block after = load(eeprom);
            CHECK((after == OLD || after == wanted));
        }
    }
}

TEST_CASE("a second cut while the torn copy is mended leaves the old block too") {
    for (int first = 0; first < 12; ++first) {
        for (int second = 0; second < 12; ++second) {
            Cells eeprom;
            save(eeprom, OLDER);
            save(eeprom, OLD);
            for (int cut : {first, second}) {
                eeprom.powered = true;
                eeprom.cut_at = cut;
                eeprom.torn = static_cast<uint8_t>(0x55 + cut);
                save(eeprom, NEW);
                const Block after = load(eeprom);
                REQUIRE((after == OLD || after == NEW));
            }
        }
    }
}

TEST_CASE("one step writes one byte, and none while the EEPROM is busy") {
    Cells eeprom;
    Storage storage(eeprom, AT, SIZE, KIND);
    storage.save(NEW.data());
    unsigned before = 0;
    while (storage.step() == Save::WRITING) {
        CHECK(eeprom.written() <= before + 1);
        before = eeprom.written();
    }
    CHECK(storage.state() == Save::KEPT);
    CHECK(before >= SIZE);
}

TEST_CASE("only bytes that differ are written") {
    Cells eeprom;
    save(eeprom, OLDER);
    save(eeprom, OLD);
    eeprom.writes.clear();
    Block near = OLDER;  // the copy that will be written holds OLDER
    near[2] = 77;
    save(eeprom, near);
    CHECK(eeprom.written() <= 2 + 1 + 2);  // generation twice, the byte, the CRC
}

TEST_CASE("what is kept already is not written again") {
    Cells eeprom;
    save(eeprom, OLD);
    eeprom.writes.clear();
    CHECK(save(eeprom, OLD) == Save::KEPT);
    CHECK(eeprom.written() == 0);
}

TEST_CASE("no cell is written more often than once for each save") {
    Cells eeprom;
    const unsigned saves = 1000;
    for (unsigned i = 0; i < saves; ++i) {
        save(eeprom, {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8), 0, 0, 0, 0});
    }
    for (const auto& cell : eeprom.writes) CHECK(cell.second <= saves);
}

TEST_CASE("a cell that does not keep what is written is noticed, and the old block stays") {
    for (uint16_t offset = 0; offset < SIZE + 3; ++offset) {
        for (unsigned shown : {0x00u, 0x55u, 0xFFu}) {
            Cells eeprom;
            save(eeprom, OLDER);
            save(eeprom, OLD);
            eeprom.dead[AT + offset] = static_cast<uint8_t>(shown);
            const Save ended = save(eeprom, NEW);
            CHECK(load(eeprom) == (ended == Save::KEPT ? NEW : OLD));
        }
    }
}

TEST_CASE("an EEPROM in which nothing changes keeps nothing and says so") {
    for (unsigned shown = 0; shown < 256; ++shown) {
        Cells eeprom;
        for (uint16_t address = 0; address < 64; ++address) eeprom.dead[address] = static_cast<uint8_t>(shown);
        CHECK(save(eeprom, NEW) == Save::NOT_KEPT);
        CHECK(load(eeprom).empty());
    }
}

TEST_CASE("decay of any bit of the newest copy is noticed and the one before is taken") {
    for (uint16_t bit = 0; bit < (SIZE + 3) * 8; ++bit) {
        Cells eeprom;
        save(eeprom, OLDER);
        save(eeprom, OLD);
        eeprom.cells[AT + SIZE + 3 + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        Storage storage(eeprom, AT, SIZE, KIND);
        Block block(SIZE);
        CHECK(storage.load(block.data()));
        CHECK(block == OLDER);
        CHECK(storage.half_lost());
    }
}

TEST_CASE("a copy that was never written is not taken for a lost one") {
    Cells eeprom;
    save(eeprom, OLD);
    Storage storage(eeprom, AT, SIZE, KIND);
    Block block(SIZE);
    CHECK(storage.load(block.data()));
    CHECK(!storage.half_lost());
}

TEST_CASE("a save takes the place of one that has not ended") {
    for (int steps = 0; steps < 40; ++steps) {
        Cells eeprom;
        save(eeprom, OLDER);
        Storage storage(eeprom, AT, SIZE, KIND);
        storage.save(OLD.data());
        for (int i = 0; i < steps; ++i) storage.step();
        CHECK(save(eeprom, storage, NEW) == Save::KEPT);
        eeprom.busy_steps = 0;
        CHECK(load(eeprom) == NEW);
    }
}

TEST_CASE("two blocks of the same size are not taken for each other") {
    Cells eeprom;
    save(eeprom, NEW);
    Block block(SIZE);
    Storage other(eeprom, AT, SIZE, KIND + 1);
    CHECK(!other.load(block.data()));
}
