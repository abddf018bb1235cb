// The bus of w5x00_bus.h that leads to the fake chip.
#include "fakechip.h"

FakeChip fake_chip;

namespace kembar {

void W5x00Bus::read(Block block, uint8_t socket, uint16_t address, uint8_t* bytes, uint8_t length) const {
    while (length-- > 0) *bytes++ = fake_chip.get(block, socket, address++);
}

void W5x00Bus::write(Block block, uint8_t socket, uint16_t address, const uint8_t* bytes, uint8_t length) const {
    while (length-- > 0) fake_chip.set(block, socket, address++, *bytes++);
}

uint8_t W5x00Bus::read8(Block block, uint8_t socket, uint16_t address) const {
    return fake_chip.get(block, socket, address);
}

uint16_t W5x00Bus::read16(Block block, uint8_t socket, uint16_t address) const {
    return static_cast<uint16_t>(fake_chip.get(block, socket, address) << 8 |
                                 fake_chip.get(block, socket, address + 1));
}

void W5x00Bus::write8(Block block, uint8_t socket, uint16_t address, uint8_t value) const {
    fake_chip.set(block, socket, address, value);
}

void W5x00Bus::write16(Block block, uint8_t socket, uint16_t address, uint16_t value) const {
    const uint8_t bytes[2] = {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
    write(block, socket, address, bytes, 2);
}

void W5x00Bus::read_ring(uint8_t socket, uint16_t pointer, uint8_t* bytes, uint8_t length) const {
    const std::string& waiting = fake_chip.waiting[socket];
    for (; length > 0; length--, pointer++) {
        *bytes++ = pointer < waiting.size() ? static_cast<uint8_t>(waiting[pointer]) : 0;
    }
}

void W5x00Bus::write_ring(uint8_t, uint16_t, const uint8_t* bytes, uint8_t length) const {
    fake_chip.written.append(reinterpret_cast<const char*>(bytes), length);
}

}  // namespace kembar
