// What is said to a PZEM-004T v3.0 and what it says: requests and replies of its Modbus, as bytes.
//
// Bytes in, values out; no UART and no time (transaction.h). From the data sheet PZEM-004T V3.0 (2.3 to 2.7), checked
// against replies that others recorded: numbers go high byte first, but of two registers the low one first; the CRC
// goes low byte first. The same map is in the PZEM-014 and -016.
// 1. A reply is believed only if address, function, byte count (or the echo of the request) and CRC are right.
// 2. Function 0x41, calibration, is for the factory: there is no way to ask for it here.
#pragma once

#include <stdint.h>

namespace kembar {

const uint8_t ADDRESS_LEAST = 0x01;
const uint8_t ADDRESS_MOST = 0xF7;
const uint8_t ADDRESS_ANY = 0xF8;  // every sensor answers to it: only where there is one on the line
const uint8_t REPLY_BYTES_MOST = 25;

// In the sensor's own units.
struct Measurement {
    uint16_t voltage_dv;
    uint32_t current_ma;
    uint32_t power_dw;
    uint32_t energy_wh;
    uint16_t frequency_dhz;
    uint8_t power_factor_centi;
    bool alarm;
};

struct Request {
    uint8_t bytes[8];
    uint8_t length;
    uint8_t reply_length;

    uint8_t address() const { return bytes[0]; }
    uint8_t function() const { return bytes[1]; }
};

enum class Reply : uint8_t { INCOMPLETE, GOOD, DAMAGED, EXCEPTION };

Request read_measurement(uint8_t address);
Request read_address(uint8_t address);
Request write_address(uint8_t from, uint8_t to);
Request reset_energy(uint8_t address);
// The general forms. Holding registers: 1 = alarm threshold in W, 2 = address; at most the two of them are read.
Request read_holding(uint8_t address, uint8_t first, uint8_t count);
Request write_holding(uint8_t address, uint8_t number, uint16_t value);

// Whether the bytes begin with the reply to this request; INCOMPLETE when more bytes may make it one. Once it is
// decided, bytes behind the reply make no difference.
Reply check(const Request& request, const uint8_t* bytes, uint8_t length);

// The values of a GOOD reply to read_measurement(); false when one cannot be.
bool measurement_of(const uint8_t* reply, Measurement& measurement);
// Register i of a GOOD reply to a reading request.
uint16_t register_of(const uint8_t* reply, uint8_t i);
// Of an EXCEPTION: 1 function, 2 register, 3 value not known to the sensor, 4 failed.
inline uint8_t exception_code(const uint8_t* reply) { return reply[2]; }

}  // namespace kembar
