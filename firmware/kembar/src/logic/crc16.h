// CRC-16/MODBUS: of the sensors' frames, of every line, and of whatever is kept in RAM or EEPROM.
//
// Polynomial 0xA001 (reflected), start 0xFFFF, nothing turned round at the end: MODBUS over Serial Line V1.02, 6.2.2.
// In a Modbus frame the low byte goes first, in a line it is four hex digits (docs/protocol.md).
// It finds every burst of up to 16 bits and, in anything of ours, every one, two or three flipped bits and every odd
// number of them; of the rest about one in 32 768 passes.
#pragma once

#include <stdint.h>

namespace kembar {

const uint16_t CRC16_START = 0xFFFF;

// The CRC of what gave `crc`, followed by this byte.
uint16_t crc16_add(uint16_t crc, uint8_t byte);

uint16_t crc16(const uint8_t* data, uint16_t length, uint16_t start = CRC16_START);

}  // namespace kembar
