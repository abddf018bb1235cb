// The frames of a PZEM-004T v3.0: building requests, checking replies, taking the values out.
#include "pzem.h"

#include "crc16.h"

namespace kembar {

namespace {

const uint8_t READ_HOLDING = 0x03;
const uint8_t READ_INPUT = 0x04;
const uint8_t WRITE_HOLDING = 0x06;
const uint8_t RESET_ENERGY = 0x42;
const uint8_t EXCEPTION_BIT = 0x80;

const uint8_t CRC_BYTES = 2;
const uint8_t EXCEPTION_BYTES = 5;     // address, function, code, CRC
const uint8_t READ_EXTRA_BYTES = 5;    // address, function, byte count, CRC
const uint8_t FIRST_REGISTER_AT = 3;   // in a reply
const uint8_t MEASURED_REGISTERS = 10;
const uint8_t ADDRESS_REGISTER = 2;
const uint16_t POWER_FACTOR_MOST = 100;

// Writes the CRC behind the first `body` bytes.
void seal(Request& request, uint8_t body, uint8_t reply_length) {
    const uint16_t crc = crc16(request.bytes, body);
    request.bytes[body] = static_cast<uint8_t>(crc);
    request.bytes[body + 1] = static_cast<uint8_t>(crc >> 8);
    request.length = static_cast<uint8_t>(body + CRC_BYTES);
    request.reply_length = reply_length;
}

// Address, function and two numbers: every request but the energy reset.
Request ask(uint8_t address, uint8_t function, uint8_t number, uint16_t value, uint8_t reply_length) {
    Request request = {
        {address, function, 0, number, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value), 0, 0}, 0, 0};
    seal(request, 6, reply_length);
    return request;
}

Request read(uint8_t address, uint8_t function, uint8_t first, uint8_t count) {
    return ask(address, function, first, count, static_cast<uint8_t>(READ_EXTRA_BYTES + 2 * count));
}

bool reads(const Request& request) {
    return request.function() == READ_HOLDING || request.function() == READ_INPUT;
}

// Whether a sensor that was asked like this may answer under this address. Whether one that was called by the general
// address answers under that or under its own is written nowhere: both are taken.
bool answers(const Request& request, uint8_t address) {
    if (request.address() != ADDRESS_ANY) return address == request.address();
    return address >= ADDRESS_LEAST && address <= ADDRESS_ANY;
}

// The data sheet (2.3) says 0x84 for both reading functions; the Modbus standard says 0x83 for the one.
bool is_exception(const Request& request, uint8_t function) {
    if (function == (request.function() | EXCEPTION_BIT)) return true;
    return request.function() == READ_HOLDING && function == (READ_INPUT | EXCEPTION_BIT);
}

// Whether the bytes between function and CRC can be: the byte count of what was read, or the echo of what was written.
bool may_be(const Request& request, const uint8_t* bytes, uint8_t length) {
    if (reads(request)) return length < 3 || bytes[2] == request.reply_length - READ_EXTRA_BYTES;
    for (uint8_t i = 2; i < length && i < request.reply_length - CRC_BYTES; ++i) {
        if (bytes[i] != request.bytes[i]) return false;
    }
    return true;
}

bool crc_right(const uint8_t* frame, uint8_t length) {
    const uint8_t body = static_cast<uint8_t>(length - CRC_BYTES);
    const uint16_t crc = crc16(frame, body);
    return frame[body] == static_cast<uint8_t>(crc) && frame[body + 1] == static_cast<uint8_t>(crc >> 8);
}

// Two registers, the low one first.
uint32_t register_pair_of(const uint8_t* reply, uint8_t i) {
    return static_cast<uint32_t>(register_of(reply, static_cast<uint8_t>(i + 1))) << 16 | register_of(reply, i);
}

}  // namespace

Request read_measurement(uint8_t address) { return read(address, READ_INPUT, 0, MEASURED_REGISTERS); }

Request read_holding(uint8_t address, uint8_t first, uint8_t count) {
    return read(address, READ_HOLDING, first, count);
}

Request write_holding(uint8_t address, uint8_t number, uint16_t value) {
    return ask(address, WRITE_HOLDING, number, value, 8);
}

Request read_address(uint8_t address) { return read_holding(address, ADDRESS_REGISTER, 1); }

Request write_address(uint8_t from, uint8_t to) { return write_holding(from, ADDRESS_REGISTER, to); }

Request reset_energy(uint8_t address) {
    Request request = {{address, RESET_ENERGY, 0, 0, 0, 0, 0, 0}, 0, 0};
    seal(request, 2, 4);
    return request;
}

Reply check(const Request& request, const uint8_t* bytes, uint8_t length) {
    if (length == 0) return Reply::INCOMPLETE;
    if (!answers(request, bytes[0])) return Reply::DAMAGED;
    if (length == 1) return Reply::INCOMPLETE;
    if (is_exception(request, bytes[1])) {
        if (length < EXCEPTION_BYTES) return Reply::INCOMPLETE;
        return crc_right(bytes, EXCEPTION_BYTES) ? Reply::EXCEPTION : Reply::DAMAGED;
    }
    if (bytes[1] != request.function() || !may_be(request, bytes, length)) return Reply::DAMAGED;
    if (length < request.reply_length) return Reply::INCOMPLETE;
    return crc_right(bytes, request.reply_length) ? Reply::GOOD : Reply::DAMAGED;
}

uint16_t register_of(const uint8_t* reply, uint8_t i) {
    const uint8_t* at = reply + FIRST_REGISTER_AT + 2 * i;
    return static_cast<uint16_t>(static_cast<uint16_t>(at[0]) << 8 | at[1]);
}

bool measurement_of(const uint8_t* reply, Measurement& measurement) {
    const uint16_t power_factor = register_of(reply, 8);
    if (power_factor > POWER_FACTOR_MOST) return false;
    measurement.voltage_dv = register_of(reply, 0);
    measurement.current_ma = register_pair_of(reply, 1);
    measurement.power_dw = register_pair_of(reply, 3);
    measurement.energy_wh = register_pair_of(reply, 5);
    measurement.frequency_dhz = register_of(reply, 7);
    measurement.power_factor_centi = static_cast<uint8_t>(power_factor);
    measurement.alarm = register_of(reply, 9) != 0;  // the data sheet: 0xFFFF or 0
    return true;
}

}  // namespace kembar
