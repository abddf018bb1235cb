// A sampler with three modelled UARTs and a loop in virtual time, and what every outcome must keep to.
//
// Whatever a test does: no outcome before its tick, and no reading with other values than its sensor said last.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../kembar/src/logic/sampler.h"
#include "sensorline.h"

struct SamplerBench {
    SensorLine lines[3];
    kembar::Sampler sampler;
    std::vector<kembar::SensorAt> sensors;
    std::vector<kembar::Outcome> outcomes;
    bool keep_outcomes = true;
    uint16_t interval_ms;
    uint32_t pass_ms = 1;
    uint64_t now_ms = 0;
    uint64_t latest_ms = 0;  // the longest time from a tick to its outcome
    uint64_t ended = 0;
    uint64_t timeouts = 0;

    explicit SamplerBench(std::vector<kembar::SensorAt> at, uint16_t interval = 1000)
        : sampler(lines[0], lines[1], lines[2]), sensors(at), interval_ms(interval) {
        for (const kembar::SensorAt& sensor : at) {
            line(sensor.uart).sensors.emplace_back();
            line(sensor.uart).sensors.back().address = sensor.address;
        }
        sampler.start(at.data(), static_cast<uint8_t>(at.size()), interval);
    }

    SensorLine& line(uint8_t uart) { return lines[uart - 1]; }
    ModelSensor& sensor(uint8_t channel) {
        const kembar::SensorAt at = sensors[channel - 1u];
        for (ModelSensor& each : line(at.uart).sensors) {
            if (each.address == at.address) return each;
        }
        FAIL("no such sensor");
        return line(at.uart).sensors[0];
    }

    void pass_at(uint64_t ms) {
        now_ms = ms;
        for (SensorLine& each : lines) each.now_ms = ms;
        kembar::Outcome outcome;
        if (sampler.step(ms, outcome)) take(outcome);
    }
    void run_until(uint64_t ms) {
        while (now_ms + pass_ms <= ms) pass_at(now_ms + pass_ms);
    }
    void held_up(uint64_t ms) { pass_at(now_ms + ms); }

    void take(const kembar::Outcome& outcome) {
        REQUIRE(outcome.tick_uptime_ms <= now_ms);
        if (now_ms - outcome.tick_uptime_ms > latest_ms) latest_ms = now_ms - outcome.tick_uptime_ms;
        const bool reading = outcome.cause == kembar::Cause::NONE;
        REQUIRE((outcome.count == 0) == reading);
        // A sensor is not asked again before its outcome is out.
        if (reading) REQUIRE(same(outcome.measurement, sensor(outcome.channel).last_said));
        if (!keep_outcomes) outcomes.clear();
        outcomes.push_back(outcome);
        ++ended;
        timeouts += outcome.cause == kembar::Cause::TIMEOUT ? 1 : 0;
    }

    const kembar::Outcome& last() const { return outcomes.back(); }
    std::vector<kembar::Outcome> readings() const {
        std::vector<kembar::Outcome> found;
        for (const kembar::Outcome& each : outcomes) {
            if (each.cause == kembar::Cause::NONE) found.push_back(each);
        }
        return found;
    }
    size_t count(kembar::Cause cause) const {
        size_t found = 0;
        for (const kembar::Outcome& each : outcomes) found += each.cause == cause ? 1 : 0;
        return found;
    }
    int collisions() const { return lines[0].collisions + lines[1].collisions + lines[2].collisions; }

    void damage_next(uint8_t channel, int replies) {
        sensor(channel).on_the_way = [replies](Bytes& reply) mutable {
            if (replies-- > 0) reply[7] ^= 0x10;
        };
    }

    static std::string word(const kembar::Outcome& outcome) {
        const kembar::FlashText text = kembar::cause_word(outcome.cause);
        std::string word;
        for (uint16_t i = 0; kembar::flash_char(text, i) != '\0'; ++i) word += kembar::flash_char(text, i);
        return word.empty() ? "reading" : word;
    }
    // What became of the last ticks, in words.
    std::string causes(size_t most) const {
        std::string words;
        for (size_t i = outcomes.size() - most; i < outcomes.size(); ++i) {
            words += (words.empty() ? "" : " ") + word(outcomes[i]);
        }
        return words;
    }
    // What became of the ticks of a channel in the rounds from..to, the first round being 1.
    std::string causes_of(uint8_t channel, size_t from, size_t to) const {
        std::string words;
        size_t round = 0;
        for (const kembar::Outcome& each : outcomes) {
            if (each.channel != channel || ++round < from || round > to) continue;
            words += (words.empty() ? "" : " ") + word(each);
        }
        return words;
    }

    // Every tick once, in order, and counts that count.
    void check_order() const {
        std::vector<uint32_t> missed(sensors.size(), 0);
        const size_t n = sensors.size();
        for (size_t i = 0; i < outcomes.size(); ++i) {
            const kembar::Outcome& each = outcomes[i];
            REQUIRE(each.channel == i % n + 1);
            REQUIRE(each.tick_uptime_ms == interval_ms * (i / n + 1) + kembar::INTERVAL_STEP_MS * (i % n) / n);
            missed[i % n] = each.cause == kembar::Cause::NONE ? 0 : missed[i % n] + 1;
            REQUIRE(each.count == missed[i % n]);
        }
    }
};
