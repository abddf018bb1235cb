// What a ring holds, written out, so that two states can be compared; and readings to put into it.
#pragma once

#include <string>

#include "../kembar/src/logic/ring.h"

inline std::string text_of(const kembar::Measurement& m) {
    return std::to_string(m.voltage_dv) + "/" + std::to_string(m.current_ma) + "/" + std::to_string(m.power_dw) + "/" +
           std::to_string(m.energy_wh) + "/" + std::to_string(m.frequency_dhz) + "/" +
           std::to_string(m.power_factor_centi) + "/" + std::to_string(m.alarm);
}

// All that anybody can learn from the ring, every record with its uptime and its values.
inline std::string state_of(const kembar::Ring& ring) {
    std::string state;
    for (uint8_t i = 0; i < ring.boots(); i++) {
        const kembar::HeldBoot& boot = ring.boot(i);
        state += "boot " + std::to_string(boot.number) + " acked " + std::to_string(boot.acked_seq) + " dropped " +
                 std::to_string(boot.dropped) + " last " + std::to_string(boot.last_seq());
        if (boot.lost_count > 0) {
            state += " lost " + std::to_string(boot.lost_count) + " to " + std::to_string(boot.lost_seq()) + " at " +
                     std::to_string(ring.lost_uptime_ms(i));
        }
        for (uint32_t seq = boot.first_seq; seq <= boot.last_seq() && boot.held > 0; seq++) {
            uint64_t uptime_ms;
            const kembar::Record& record = ring.record(i, seq, uptime_ms);
            state += " " + std::to_string(seq) + "@" + std::to_string(uptime_ms) + "=" +
                     std::to_string(record.channel()) + ":" + std::to_string(record.cause) + ":" +
                     text_of(kembar::measurement_in(record));
        }
        state += "\n";
    }
    return state;
}

// A reading with values of its own for each n.
inline kembar::Record record_number(uint32_t n) {
    const kembar::Measurement measurement = {
        static_cast<uint16_t>(2000 + n % 500), n * 7919 % 100000, n * 104729 % 230000, n, 500,
        static_cast<uint8_t>(n % 101), n % 5 == 0,
    };
    return kembar::reading_of(static_cast<uint8_t>(n % 16 + 1), measurement);
}
