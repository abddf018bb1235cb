// CRC-16/MODBUS a byte at a time, without a table and without a loop over the bits.
//
// A table takes 512 bytes, and a loop over the eight bits more than twice as long: this takes an AVR 52 cycles a byte,
// call and all (avr-gcc 5.4 -Os, counted in simavr). The whole ring of records is checked with it at every start.
#include "crc16.h"

namespace kembar {

uint16_t crc16_add(uint16_t crc, uint8_t byte) {
    // Eight turns of "shift right, and if a 1 fell out, add 0xA001": in the polynomial x^16 + x^15 + x^2 + 1 the
    // outermost bits make every bit of `low` act at two places next to each other, and its parity at three more.
    const uint8_t low = static_cast<uint8_t>(static_cast<uint8_t>(crc) ^ byte);
    uint8_t parity = static_cast<uint8_t>(low >> 1);
    parity ^= low;
    parity ^= static_cast<uint8_t>(parity >> 2);  // bit 0 is now that of the lower half of `low`, bit 4 of the upper
    const uint16_t once = static_cast<uint16_t>(static_cast<uint16_t>(low) << 8) >> 1;
    uint16_t added = static_cast<uint16_t>((crc >> 8) ^ once ^ (once >> 1));
    if (parity & 0x01) added ^= 0xC001;
    if (parity & 0x10) added ^= 0xC001;
    return added;
}

uint16_t crc16(const uint8_t* data, uint16_t length, uint16_t start) {
    uint16_t crc = start;
    for (; length > 0; --length) crc = crc16_add(crc, *data++);
    return crc;
}

}  // namespace kembar
