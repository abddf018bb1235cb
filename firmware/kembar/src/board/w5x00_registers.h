// The registers of the W5100 and the W5500 that the driver uses, and the values in them.
//
// Sources: W5100 data sheet 1.2.6, section 4; W5500 data sheet 1.0.9, section 4. Without a prefix a register is at the
// same place in both chips; S_ is a socket's.
#pragma once

#include <stdint.h>

namespace kembar {
namespace w5x00_registers {

const uint16_t MODE = 0x00;
const uint8_t MODE_RESET = 0x80;
const uint8_t W5500_MODE_FORCE_ARP = 0x02;
const uint16_t GATEWAY = 0x01;
const uint16_t MASK = 0x05;
const uint16_t MAC = 0x09;
const uint16_t IP = 0x0F;
const uint16_t W5100_RETRY_TIME = 0x17;
const uint16_t W5500_RETRY_TIME = 0x19;
const uint16_t W5500_PHY = 0x2E;
const uint8_t PHY_LINK = 0x01;
const uint16_t W5500_VERSION = 0x39;
const uint8_t VERSION = 4;

const uint16_t S_MODE = 0x00;
const uint8_t S_MODE_UDP = 0x02;
const uint16_t S_COMMAND = 0x01;
const uint8_t OPEN = 0x01;
const uint8_t CLOSE = 0x10;
const uint8_t SEND = 0x20;
const uint8_t RECEIVED = 0x40;
const uint16_t S_INTERRUPT = 0x02;
const uint8_t TIMED_OUT = 0x08;
const uint8_t SEND_OK = 0x10;
const uint16_t S_STATUS = 0x03;
const uint8_t STATUS_UDP = 0x22;
const uint16_t S_PORT = 0x04;
const uint16_t S_TO_IP = 0x0C;
const uint16_t S_TO_PORT = 0x10;
const uint16_t S_TRANSMIT_FREE = 0x20;
const uint16_t S_TRANSMIT_WRITE = 0x24;
const uint16_t S_RECEIVED_SIZE = 0x26;
const uint16_t S_RECEIVE_READ = 0x28;
// In front of each received datagram: address, port, length.
const uint8_t HEADER_BYTES = 8;

}  // namespace w5x00_registers
}  // namespace kembar
