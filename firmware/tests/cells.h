// An EEPROM of 4096 cells with everything that can happen to one: power cuts, torn bytes, dead cells, wear.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "../kembar/src/logic/storage.h"

struct Cells : kembar::Eeprom {
    std::vector<uint8_t> cells = std::vector<uint8_t>(4096, 0xFF);
    std::map<uint16_t, unsigned> writes;
    std::map<uint16_t, uint8_t> dead;  // cells that show one value for ever
    int cut_at = -1;                   // the write during which the power goes
    uint8_t torn = 0;                  // what the cell shows then
    bool powered = true;
    bool forget_writes = false;
    int busy_steps = 0;

    uint8_t read(uint16_t address) override {
        if (busy_steps != 0) FAIL("an EEPROM that writes cannot be read");
        return dead.count(address) ? dead[address] : cells.at(address);
    }
    bool ready() override {
        if (busy_steps > 0) --busy_steps;
        return busy_steps == 0;
    }
    void write(uint16_t address, uint8_t value) override {
        if (busy_steps != 0) FAIL("an EEPROM that writes cannot be written");
        ++writes[address];
        if (cut_at == 0) powered = false;
        if (!forget_writes) cells.at(address) = cut_at == 0 ? torn : value;
        --cut_at;
        busy_steps = 3;
    }
    void power_on() {
        powered = true;
        cut_at = -1;
        busy_steps = 0;
    }
    unsigned written() const {
        unsigned total = 0;
        for (const auto& cell : writes) total += cell.second;
        return total;
    }
};
