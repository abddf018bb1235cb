// The sampler through histories at random: whatever sensors, lines and loop do, every tick comes out once and in order.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "samplerbench.h"

using namespace kembar;

namespace {

class History {
public:
    explicit History(uint32_t seed) : random_(seed), bench_(some_sensors(), some_interval()) {}

    void run() {
        for (uint8_t channel = 1; channel <= bench_.sensors.size(); ++channel) begin(bench_.sensor(channel));
        while (bench_.now_ms < 60u * bench_.interval_ms) {
            happen();
            bench_.pass_at(bench_.now_ms + 1 + below(10));
        }
        bench_.run_until(bench_.now_ms + bench_.interval_ms + 500);
        bench_.check_order();
        CHECK(bench_.collisions() == 0);
        // A round lasts an interval, a tick may wait for one more, and is asked twice: what was due before is there.
        const uint64_t rounds = (bench_.now_ms - 500) / bench_.interval_ms - 2;
        CHECK(bench_.outcomes.size() >= rounds * bench_.sensors.size());
    }

private:
    uint32_t below(uint32_t bound) { return static_cast<uint32_t>(uint64_t{random_()} * bound >> 32); }

    std::vector<SensorAt> some_sensors() {
        std::vector<SensorAt> places;
        for (uint8_t uart = 1; uart <= UARTS_MOST; ++uart) {
            for (uint8_t i = 1; i <= SENSORS_MOST_ON_A_UART; ++i) places.push_back({uart, i});
        }
        std::shuffle(places.begin(), places.end(), random_);
        places.resize(1 + below(SENSORS_MOST));
        return places;
    }
    uint16_t some_interval() {
        return static_cast<uint16_t>(INTERVAL_STEP_MS * (1 + below(2) * below(INTERVAL_MOST_MS / INTERVAL_STEP_MS)));
    }

    void begin(ModelSensor& sensor) {
        sensor.latency_ms = 1 + below(60);
        sensor.on = below(4) > 0;
        // Up to three flipped bits: such damage is always found, so that no wrong value is an accident.
        sensor.on_the_way = [this](Bytes& reply) {
            if (below(20) > 0) return;
            for (uint32_t flips = 1 + below(3); flips > 0; --flips) {
                reply[below(static_cast<uint32_t>(reply.size()))] ^= static_cast<uint8_t>(1u << below(8));
            }
            if (below(3) == 0) reply.resize(below(25));
            if (below(3) == 0) reply.insert(reply.begin(), static_cast<uint8_t>(random_()));
        };
    }

    void happen() {
        if (below(100) > 0) return;
        const uint8_t uart = static_cast<uint8_t>(1 + below(3));
        switch (below(6)) {
            case 0:
            case 1: {
                ModelSensor& sensor = bench_.sensor(static_cast<uint8_t>(1 + below(bench_.sensors.size())));
                sensor.on = !sensor.on;
                break;
            }
            case 2: bench_.pass_at(bench_.now_ms + below(3 * bench_.interval_ms)); break;
            case 3: bench_.sampler.pause(uart); break;
            default:
                for (uint8_t each = 1; each <= UARTS_MOST; ++each) bench_.sampler.resume(each);
        }
    }

    std::mt19937 random_;
    SamplerBench bench_;
};

}  // namespace

TEST_CASE("200 histories of silence, damage, hold-ups and lent UARTs lose no tick and double none") {
    for (uint32_t seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        History(seed).run();
    }
}

TEST_CASE("dead sensors cost the living ones no reading, whichever they are") {
    std::mt19937 random(7);
    uint64_t latest_ms = 0;
    for (int history = 0; history < 300; ++history) {
        std::vector<SensorAt> sensors;
        for (uint8_t i = 0; i < SENSORS_MOST; ++i) sensors.push_back({static_cast<uint8_t>(1 + i / 4), i});
        for (SensorAt& sensor : sensors) ++sensor.address;
        if (history > 0) std::shuffle(sensors.begin(), sensors.end(), random);
        SamplerBench bench(sensors);
        bench.pass_ms = 4;
        size_t living = 0;
        // The first is a set for which two places for readings that wait would be too few.
        const uint32_t dead = history == 0 ? 0xC8C : random() & 0xFFF;
        for (uint8_t i = 0; i < SENSORS_MOST; ++i) {
            bench.sensor(static_cast<uint8_t>(i + 1)).on = (dead >> i & 1) == 0;
            bench.sensor(static_cast<uint8_t>(i + 1)).latency_ms = 60;
            living += 1 - (dead >> i & 1);
        }
        bench.run_until(31 * 1000);
        // Settling ends with the sixth tick, or with the seventh if it began behind dead sensors.
        REQUIRE(bench.readings().size() >= living * (30 - 6));
        latest_ms = std::max(latest_ms, bench.latest_ms);
    }
    MESSAGE("the latest outcome came ", latest_ms, " ms after its tick");
    CHECK(latest_ms < 1000);
}
