// The frames of the W5100 and of the W5500 on the SPI bus.
#include "w5x00_bus.h"

#include "spi.h"

namespace kembar {

namespace {

const uint8_t W5100_WRITE = 0xF0;
const uint8_t W5100_READ = 0x0F;
const uint8_t W5500_WRITE = 0x04;  // in the control byte; its lowest two bits 0: as many bytes as follow
const uint8_t SIZE_READS_MOST = 5;

uint16_t w5100_address(Block block, uint8_t socket, uint16_t address) {
    switch (block) {
    case Block::SOCKET: return static_cast<uint16_t>(0x0400 + (socket << 8) + address);
    case Block::TRANSMIT: return static_cast<uint16_t>(0x4000 + (socket << 11) + address);
    case Block::RECEIVE: return static_cast<uint16_t>(0x6000 + (socket << 11) + address);
    default: return address;
    }
}

uint8_t w5100_byte(uint8_t operation, uint16_t address, uint8_t value) {
    spi::select();
    spi::transfer(operation);
    spi::transfer(static_cast<uint8_t>(address >> 8));
    spi::transfer(static_cast<uint8_t>(address));
    value = spi::transfer(value);
    spi::release();
    return value;
}

// The part of `length` bytes that lies before the end of the ring.
uint8_t until_end(uint16_t offset, uint8_t length) {
    uint16_t room = static_cast<uint16_t>(SOCKET_MEMORY_BYTES - offset);
    return room < length ? static_cast<uint8_t>(room) : length;
}

}  // namespace

void W5x00Bus::open_frame(Block block, uint8_t socket, uint16_t address, bool writing) const {
    uint8_t number = block == Block::COMMON ? 0 : static_cast<uint8_t>(socket << 2 | static_cast<uint8_t>(block));
    spi::select();
    spi::transfer(static_cast<uint8_t>(address >> 8));
    spi::transfer(static_cast<uint8_t>(address));
    spi::transfer(static_cast<uint8_t>(number << 3 | (writing ? W5500_WRITE : 0)));
}

void W5x00Bus::read(Block block, uint8_t socket, uint16_t address, uint8_t* bytes, uint8_t length) const {
    if (chip_ == Chip::W5100) {
        address = w5100_address(block, socket, address);
        while (length-- > 0) *bytes++ = w5100_byte(W5100_READ, address++, 0);
        return;
    }
    open_frame(block, socket, address, false);
    while (length-- > 0) *bytes++ = spi::transfer(0);
    spi::release();
}

void W5x00Bus::write(Block block, uint8_t socket, uint16_t address, const uint8_t* bytes, uint8_t length) const {
    if (chip_ == Chip::W5100) {
        address = w5100_address(block, socket, address);
        while (length-- > 0) w5100_byte(W5100_WRITE, address++, *bytes++);
        return;
    }
    open_frame(block, socket, address, true);
    while (length-- > 0) spi::transfer(*bytes++);
    spi::release();
}

uint8_t W5x00Bus::read8(Block block, uint8_t socket, uint16_t address) const {
    uint8_t value = 0;
    read(block, socket, address, &value, 1);
    return value;
}

void W5x00Bus::write8(Block block, uint8_t socket, uint16_t address, uint8_t value) const {
    write(block, socket, address, &value, 1);
}

void W5x00Bus::write16(Block block, uint8_t socket, uint16_t address, uint16_t value) const {
    const uint8_t bytes[2] = {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
    write(block, socket, address, bytes, 2);
}

uint16_t W5x00Bus::read16(Block block, uint8_t socket, uint16_t address) const {
    uint16_t before = 0;
    for (uint8_t reads = 0; reads < SIZE_READS_MOST; reads++) {
        uint8_t bytes[2];
        read(block, socket, address, bytes, 2);
        uint16_t value = static_cast<uint16_t>(bytes[0] << 8 | bytes[1]);
        if (reads > 0 && value == before) break;
        before = value;
    }
    return before;
}

void W5x00Bus::read_ring(uint8_t socket, uint16_t pointer, uint8_t* bytes, uint8_t length) const {
    uint16_t offset = pointer & (SOCKET_MEMORY_BYTES - 1);
    uint8_t first = until_end(offset, length);
    read(Block::RECEIVE, socket, offset, bytes, first);
    if (first < length) read(Block::RECEIVE, socket, 0, bytes + first, static_cast<uint8_t>(length - first));
}

void W5x00Bus::write_ring(uint8_t socket, uint16_t pointer, const uint8_t* bytes, uint8_t length) const {
    uint16_t offset = pointer & (SOCKET_MEMORY_BYTES - 1);
    uint8_t first = until_end(offset, length);
    write(Block::TRANSMIT, socket, offset, bytes, first);
    if (first < length) write(Block::TRANSMIT, socket, 0, bytes + first, static_cast<uint8_t>(length - first));
}

}  // namespace kembar
