// A UART with modelled PZEM-004Ts on it, in virtual time: real bytes at 9600 baud, and faults on demand.
//
// Written from the data sheet and not from pzem.cpp, so that the one can contradict the other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "../kembar/src/logic/pzem.h"
#include "../kembar/src/logic/uart.h"

using Bytes = std::vector<uint8_t>;

// "01 04 0A" as bytes.
inline Bytes hex(const std::string& text) {
    Bytes bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 3) {
        bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

// The CRC as the standard describes it, bit by bit.
inline uint16_t plain_crc(const Bytes& bytes) {
    uint32_t crc = 0xFFFF;
    for (const uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) ? (crc >> 1) ^ 0xA001 : crc >> 1;
    }
    return static_cast<uint16_t>(crc);
}

inline Bytes sealed(Bytes body) {
    const uint16_t crc = plain_crc(body);
    body.push_back(static_cast<uint8_t>(crc & 0xFF));
    body.push_back(static_cast<uint8_t>(crc >> 8));
    return body;
}

inline Bytes reply_of(uint8_t address, const kembar::Measurement& m) {
    const uint32_t registers[10] = {
        m.voltage_dv,          m.current_ma & 0xFFFF, m.current_ma >> 16, m.power_dw & 0xFFFF,  m.power_dw >> 16,
        m.energy_wh & 0xFFFF,  m.energy_wh >> 16,     m.frequency_dhz,    m.power_factor_centi, m.alarm ? 0xFFFFu : 0u,
    };
    Bytes body = {address, 0x04, 20};
    for (const uint32_t value : registers) {
        body.push_back(static_cast<uint8_t>(value >> 8));
        body.push_back(static_cast<uint8_t>(value & 0xFF));
    }
    return sealed(body);
}

inline bool same(const kembar::Measurement& a, const kembar::Measurement& b) {
    return a.voltage_dv == b.voltage_dv && a.current_ma == b.current_ma && a.power_dw == b.power_dw &&
           a.energy_wh == b.energy_wh && a.frequency_dhz == b.frequency_dhz &&
           a.power_factor_centi == b.power_factor_centi && a.alarm == b.alarm;
}

struct ModelSensor {
    uint8_t address = 1;
    bool on = true;
    uint32_t latency_ms = 15;
    int asked = 0;
    kembar::Measurement last_said{};
    std::function<void(Bytes&)> on_the_way;  // what happens to a reply before it arrives

    // Other values at each answer.
    kembar::Measurement measure() {
        const uint32_t n = static_cast<uint32_t>(asked);
        const uint16_t voltage_dv = static_cast<uint16_t>(2200 + n % 200);
        return {voltage_dv, 70000 + n, 12345 + n, 9000000 + n, 500, static_cast<uint8_t>(n % 101), n % 2 == 1};
    }
    Bytes answer(const Bytes& request) {
        ++asked;
        if (request[1] == 0x04) return reply_of(address, last_said = measure());
        if (request[1] == 0x03) return sealed({address, 0x03, 2, 0, address});
        if (request[1] == 0x06) address = request[5];
        return request;
    }
};

class SensorLine : public kembar::Uart {
public:
    std::vector<ModelSensor> sensors;
    uint64_t now_ms = 0;
    std::vector<uint64_t> asked_ms;  // when each request began
    int collisions = 0;              // requests that began before the line was quiet for 3.5 characters

    explicit SensorLine(std::vector<uint8_t> addresses = {}) {
        for (const uint8_t address : addresses) {
            sensors.emplace_back();
            sensors.back().address = address;
        }
    }

    void send(const uint8_t* bytes, uint8_t length) override {
        asked_ms.push_back(now_ms);
        if (busy_until_us_ > 0 && now_ms * 1000 < busy_until_us_ + GAP_US) ++collisions;
        busy_until_us_ = now_ms * 1000 + length * BYTE_US;
        const Bytes request(bytes, bytes + length);
        if (request != sealed(Bytes(request.begin(), request.end() - 2))) return;
        for (ModelSensor& sensor : sensors) {
            if (!sensor.on || (request[0] != sensor.address && request[0] != 0xF8)) continue;
            const uint32_t after_ms = 9 + sensor.latency_ms;
            Bytes reply = sensor.answer(request);
            if (sensor.on_the_way) sensor.on_the_way(reply);
            arrives(reply, after_ms);
        }
    }

    int16_t receive() override {
        if (coming_.empty() || coming_.front().at_us > now_ms * 1000) return kembar::NOTHING_RECEIVED;
        const uint8_t byte = coming_.front().byte;
        coming_.pop_front();
        return byte;
    }

    // These bytes begin to come after so long, one every 1.04 ms; never before what is already on its way.
    void arrives(const Bytes& bytes, uint32_t after_ms = 0) {
        uint64_t at_us = (now_ms + after_ms) * 1000;
        if (!coming_.empty() && coming_.back().at_us > at_us) at_us = coming_.back().at_us;
        for (const uint8_t byte : bytes) coming_.push_back({at_us += BYTE_US, byte});
        if (at_us > busy_until_us_) busy_until_us_ = at_us;
    }

private:
    struct Coming {
        uint64_t at_us;
        uint8_t byte;
    };
    static const uint64_t BYTE_US = 1042;
    static const uint64_t GAP_US = 3500;
    std::deque<Coming> coming_;
    uint64_t busy_until_us_ = 0;
};
