// A record gives back what was put into it, and its check finds what happened to it since.
#include <doctest/doctest.h>

#include <initializer_list>

#include "../kembar/src/logic/record.h"

using namespace kembar;

namespace {

// 2^20 - 1, 2^28 - 1 and 2^12 - 1 are what a record has room for.
const Measurement GREATEST = {65535, 1048575, 1048575, 268435455, 4095, 100, true};
const Measurement FRIDGE = {2284, 612, 1061, 123456, 499, 76, false};

bool same(const Measurement& one, const Measurement& other) {
    return one.voltage_dv == other.voltage_dv && one.current_ma == other.current_ma &&
           one.power_dw == other.power_dw && one.energy_wh == other.energy_wh &&
           one.frequency_dhz == other.frequency_dhz && one.power_factor_centi == other.power_factor_centi &&
           one.alarm == other.alarm;
}

}  // namespace

TEST_CASE("a reading comes back as it was, each value up to its greatest") {
    for (const Measurement& each : {GREATEST, FRIDGE, Measurement()}) {
        REQUIRE(fits(each));
        for (uint8_t channel = 1; channel <= CHANNELS_MOST; channel++) {
            const Record record = reading_of(channel, each);
            CHECK(record.is_reading());
            CHECK(record.channel() == channel);
            CHECK(same(measurement_in(record), each));
        }
    }
}

TEST_CASE("a value beyond its room or beyond what a line can say does not fit") {
    Measurement current = GREATEST, power = GREATEST, energy = GREATEST, frequency = GREATEST, factor = GREATEST;
    current.current_ma++;
    power.power_dw++;
    energy.energy_wh++;
    frequency.frequency_dhz++;
    factor.power_factor_centi++;
    for (const Measurement& each : {current, power, energy, frequency, factor}) CHECK_FALSE(fits(each));
}

TEST_CASE("everything that a PZEM-004T may say by its data sheet fits") {
    CHECK(fits(Measurement{2600, 100000, 230000, 9999990, 650, 100, true}));
}

TEST_CASE("a record without a reading keeps channel, cause and count") {
    for (Cause cause : {Cause::TIMEOUT, Cause::CRC, Cause::EXCEPTION, Cause::SETTLING, Cause::RANGE}) {
        const Record record = no_reading_of(16, cause, 86400);
        CHECK_FALSE(record.is_reading());
        CHECK(record.channel() == 16);
        CHECK(cause_in(record) == cause);
        CHECK(count_in(record) == 86400);
    }
}

TEST_CASE("a count that has no room stays at the greatest") {
    CHECK(count_in(no_reading_of(1, Cause::TIMEOUT, 0xFFFFFFFFUL)) == (1UL << 28) - 1);
}

TEST_CASE("the check finds every one and every two flipped bits of a record") {
    const uint16_t bits = 8 * sizeof(Record);
    Record record = reading_of(3, FRIDGE);
    record.uptime_low_ms = 123456789;
    record.check = check_of(record, 65537, 77);
    uint8_t* bytes = reinterpret_cast<uint8_t*>(&record);
    unsigned missed = 0;
    for (uint16_t first = 0; first < bits; first++) {
        for (uint16_t second = first; second < bits; second++) {
            bytes[first / 8] ^= 1 << first % 8;
            if (second != first) bytes[second / 8] ^= 1 << second % 8;
            missed += record.check == check_of(record, 65537, 77);
            bytes[first / 8] ^= 1 << first % 8;
            if (second != first) bytes[second / 8] ^= 1 << second % 8;
        }
    }
    CHECK(missed == 0);
    CHECK(record.check == check_of(record, 65537, 77));
}

TEST_CASE("a record in the place of another is found") {
    const Record record = reading_of(1, FRIDGE);
    const uint16_t check = check_of(record, 65537, 77);
    for (uint8_t bit = 0; bit < 32; bit++) {
        CHECK(check != check_of(record, 65537 ^ 1UL << bit, 77));
        CHECK(check != check_of(record, 65537, 77 ^ 1UL << bit));
    }
}
