// A W5500 as its driver meets it, behind the functions of w5x00_bus.h, which is replaced: registers, no frames.
//
// Not a network, and no time: what arrives is given by datagram(), what goes out is kept. The real frames, both chips and
// a network are in tests/megasim; here weeks pass in a moment, and a single event can be put where it hurts.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "../kembar/src/board/w5x00_bus.h"
#include "../kembar/src/board/w5x00_registers.h"

struct FakeChip {
    bool hung = false;        // every byte reads as 0xFF
    bool tells_end = true;    // of a SEND
    int resets = 0;           // software resets
    int opened[2] = {0, 0};   // by socket
    std::string waiting[2];   // received, with headers
    std::string written;      // into the transmit memory since the last SEND
    std::vector<std::string> sent;
    uint8_t common[64];
    uint8_t sockets[2][64];

    FakeChip() { reset(); }

    void reset() {
        std::memset(common, 0, sizeof common);
        std::memset(sockets, 0, sizeof sockets);
        common[kembar::w5x00_registers::W5500_VERSION] = kembar::w5x00_registers::VERSION;
        common[kembar::w5x00_registers::W5500_PHY] = kembar::w5x00_registers::PHY_LINK;
        waiting[0] = waiting[1] = written = "";
    }

    uint16_t word(uint8_t socket, uint16_t address) const {
        return static_cast<uint16_t>(sockets[socket][address] << 8 | sockets[socket][address + 1]);
    }

    void set_word(uint8_t socket, uint16_t address, size_t value) {
        sockets[socket][address] = static_cast<uint8_t>(value >> 8);
        sockets[socket][address + 1] = static_cast<uint8_t>(value);
    }

    void datagram(uint8_t socket, const uint8_t ip[4], uint16_t port, const std::string& text) {
        waiting[socket].append(reinterpret_cast<const char*>(ip), 4);
        for (size_t number : {static_cast<size_t>(port), text.size()}) {
            waiting[socket] += static_cast<char>(number >> 8);
            waiting[socket] += static_cast<char>(number);
        }
        waiting[socket] += text;
        set_word(socket, kembar::w5x00_registers::S_RECEIVED_SIZE, waiting[socket].size());
    }

    // The driver's read pointer counts from the beginning of what waits: both start anew with each RECEIVED.
    void received(uint8_t socket) {
        using namespace kembar::w5x00_registers;
        waiting[socket].erase(0, word(socket, S_RECEIVE_READ));
        set_word(socket, S_RECEIVE_READ, 0);
        set_word(socket, S_RECEIVED_SIZE, waiting[socket].size());
    }

    void command(uint8_t socket, uint8_t value) {
        using namespace kembar::w5x00_registers;
        if (value == OPEN) {
            opened[socket]++;
            std::memset(sockets[socket] + S_TRANSMIT_FREE, 0, 10);
            sockets[socket][S_STATUS] = STATUS_UDP;
            waiting[socket] = written = "";
            set_word(socket, S_TRANSMIT_FREE, kembar::SOCKET_MEMORY_BYTES);
        }
        if (value == CLOSE) sockets[socket][S_STATUS] = 0;
        if (value == RECEIVED) received(socket);
        if (value != SEND) return;
        sent.push_back(written);
        written = "";
        if (tells_end) sockets[socket][S_INTERRUPT] |= SEND_OK;
    }

    uint8_t get(kembar::Block block, uint8_t socket, uint16_t address) const {
        if (hung) return 0xFF;
        return block == kembar::Block::COMMON ? common[address] : sockets[socket][address];
    }

    void set(kembar::Block block, uint8_t socket, uint16_t address, uint8_t value) {
        using namespace kembar::w5x00_registers;
        if (block == kembar::Block::COMMON) {
            common[address] = value;
            if (address == MODE && value & MODE_RESET) {
                resets++;
                reset();
            }
        } else if (address == S_COMMAND) {
            command(socket, value);
        } else if (address == S_INTERRUPT) {
            sockets[socket][address] &= static_cast<uint8_t>(~value);
        } else {
            sockets[socket][address] = value;
        }
    }
};

// The one that every bus leads to.
extern FakeChip fake_chip;
