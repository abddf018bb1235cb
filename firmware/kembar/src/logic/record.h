// One record in 20 bytes: a reading of one sensor, or the cause why there is none.
//
// The widths hold what the registers of a PZEM-004T can say and a little more (data sheet V3.0: 100 A, 23 kW,
// 9999.99 kWh, 65 Hz, 1.00); fits() tells whether a measurement does, and what does not fit becomes Cause::RANGE.
// Bit-fields: gcc fills them from the lowest bit up, on AVR and on a PC alike, so a record has the same bytes on both.
// A record knows neither its boot nor its seq: its place in the ring says that, and `check` covers both.
#pragma once

#include <stdint.h>

#include "cause.h"
#include "pzem.h"

namespace kembar {

const uint8_t CHANNELS_MOST = 16;  // docs/protocol.md

struct Record {
    uint32_t uptime_low_ms;  // the low half; Ring gives back the whole
    uint32_t current_ma : 20;
    uint32_t frequency_dhz : 12;
    uint32_t power_dw : 20;
    uint32_t power_factor_centi : 7;
    uint32_t alarm : 1;
    uint32_t channel_minus_1 : 4;
    uint32_t energy_wh : 28;  // of a record without a reading: its count
    uint32_t cause : 3;       // Cause::NONE for a reading
    uint32_t spare : 1;       // always 0
    uint16_t voltage_dv;
    uint16_t check;  // set by the ring, with check_of()

    uint8_t channel() const { return static_cast<uint8_t>(channel_minus_1 + 1); }
    bool is_reading() const { return cause == static_cast<uint8_t>(Cause::NONE); }
};
static_assert(sizeof(Record) == 20, "RECORDS of them must fit into the RAM of a Mega");

// Whether every value has room in a Record and can be said in an R1 line.
bool fits(const Measurement& measurement);

// The uptime is the ring's to fill in. `measurement` must fit.
Record reading_of(uint8_t channel, const Measurement& measurement);
// A count that has no room (8 years at one a second) stays at the greatest.
Record no_reading_of(uint8_t channel, Cause cause, uint32_t count);

Measurement measurement_in(const Record& record);
Cause cause_in(const Record& record);
uint32_t count_in(const Record& record);

// CRC-16 over boot, seq and all of the record but `check`: finds every single flipped bit, and a record that lies
// in the place of another.
uint16_t check_of(const Record& record, uint32_t boot, uint32_t seq);

}  // namespace kembar
