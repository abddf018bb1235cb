// Packs measurements and causes into records, and signs them.
#include "record.h"

#include <stddef.h>

#include "crc16.h"

namespace kembar {

namespace {

const uint32_t CURRENT_MA_MOST = (1UL << 20) - 1;
const uint32_t POWER_DW_MOST = (1UL << 20) - 1;
const uint32_t ENERGY_WH_MOST = (1UL << 28) - 1;
const uint16_t FREQUENCY_DHZ_MOST = (1U << 12) - 1;
const uint8_t POWER_FACTOR_CENTI_MOST = 100;  // docs/protocol.md

// The lowest byte first, whatever machine it is.
uint16_t add_number(uint16_t crc, uint32_t number) {
    for (uint8_t i = 0; i < 4; i++) {
        crc = crc16_add(crc, static_cast<uint8_t>(number));
        number >>= 8;
    }
    return crc;
}

Record empty_record(uint8_t channel) {
    Record record = Record();
    record.channel_minus_1 = (channel - 1) & 0xF;
    return record;
}

}  // namespace

bool fits(const Measurement& measurement) {
    return measurement.current_ma <= CURRENT_MA_MOST && measurement.power_dw <= POWER_DW_MOST &&
           measurement.energy_wh <= ENERGY_WH_MOST && measurement.frequency_dhz <= FREQUENCY_DHZ_MOST &&
           measurement.power_factor_centi <= POWER_FACTOR_CENTI_MOST;
}

Record reading_of(uint8_t channel, const Measurement& measurement) {
    Record record = empty_record(channel);
    record.voltage_dv = measurement.voltage_dv;
    record.current_ma = measurement.current_ma & CURRENT_MA_MOST;
    record.power_dw = measurement.power_dw & POWER_DW_MOST;
    record.energy_wh = measurement.energy_wh & ENERGY_WH_MOST;
    record.frequency_dhz = measurement.frequency_dhz & FREQUENCY_DHZ_MOST;
    record.power_factor_centi = measurement.power_factor_centi & 0x7F;
    record.alarm = measurement.alarm;
    return record;
}

Record no_reading_of(uint8_t channel, Cause cause, uint32_t count) {
    Record record = empty_record(channel);
    record.cause = static_cast<uint8_t>(cause) & 0x7;
    record.energy_wh = (count < ENERGY_WH_MOST ? count : ENERGY_WH_MOST) & ENERGY_WH_MOST;
    return record;
}

Measurement measurement_in(const Record& record) {
    Measurement measurement = Measurement();
    measurement.voltage_dv = record.voltage_dv;
    measurement.current_ma = record.current_ma;
    measurement.power_dw = record.power_dw;
    measurement.energy_wh = record.energy_wh;
    measurement.frequency_dhz = record.frequency_dhz;
    measurement.power_factor_centi = record.power_factor_centi;
    measurement.alarm = record.alarm != 0;
    return measurement;
}

Cause cause_in(const Record& record) { return static_cast<Cause>(record.cause); }

uint32_t count_in(const Record& record) { return record.energy_wh; }

uint16_t check_of(const Record& record, uint32_t boot, uint32_t seq) {
    const uint16_t identity = add_number(add_number(0xFFFF, boot), seq);
    return crc16(reinterpret_cast<const uint8_t*>(&record), offsetof(Record, check), identity);
}

}  // namespace kembar
