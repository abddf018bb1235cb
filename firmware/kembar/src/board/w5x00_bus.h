// Reads and writes the address space of a W5100 or a W5500: both have the same sockets behind different frames.
//
// No state of a connection, no time: that is w5x00.h. Sources: W5100 data sheet 1.2.6, sections 3, 4 and 6.3 (four
// bytes for each byte: 0xF0 write or 0x0F read, address, data, chip select rising after each); W5500 data sheet 1.0.9,
// sections 2.2 and 4 (address, control byte with a 5-bit block, then any number of bytes).
#pragma once

#include <stdint.h>

namespace kembar {

enum class Chip : uint8_t { NONE, W5100, W5500 };

// The blocks of the W5500; the W5100 has the same ones at fixed places of one address space.
enum class Block : uint8_t { COMMON, SOCKET, TRANSMIT, RECEIVE };

// A socket's transmit memory and its receive memory after a reset, in both chips.
const uint16_t SOCKET_MEMORY_BYTES = 2048;

class W5x00Bus {
  public:
    void talk_to(Chip chip) { chip_ = chip; }
    Chip chip() const { return chip_; }

    void read(Block block, uint8_t socket, uint16_t address, uint8_t* bytes, uint8_t length) const;
    void write(Block block, uint8_t socket, uint16_t address, const uint8_t* bytes, uint8_t length) const;

    uint8_t read8(Block block, uint8_t socket, uint16_t address) const;
    void write8(Block block, uint8_t socket, uint16_t address, uint8_t value) const;
    void write16(Block block, uint8_t socket, uint16_t address, uint16_t value) const;
    // A size that the chip may be changing: read until it is the same twice (both data sheets at Sn_RX_RSR).
    uint16_t read16(Block block, uint8_t socket, uint16_t address) const;

    // The ring of a socket's memory, at a pointer that counts on beyond its end.
    void read_ring(uint8_t socket, uint16_t pointer, uint8_t* bytes, uint8_t length) const;
    void write_ring(uint8_t socket, uint16_t pointer, const uint8_t* bytes, uint8_t length) const;

  private:
    void open_frame(Block block, uint8_t socket, uint16_t address, bool writing) const;

    Chip chip_ = Chip::NONE;
};

}  // namespace kembar
