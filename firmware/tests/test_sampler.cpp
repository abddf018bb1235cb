// The sampler against modelled sensors: its ticks, its causes and counts, settling, and UARTs that are lent.
//
// Histories at random are in test_sampler_random.cpp.
#include <doctest/doctest.h>

#include "samplerbench.h"

using namespace kembar;

TEST_CASE("one outcome for each tick of an hour, never a millisecond beside it, from a loop of any pace") {
    for (const uint32_t pass_ms : {1u, 3u, 7u, 10u}) {
        SamplerBench bench({{1, 1}, {2, 1}, {3, 1}});
        bench.pass_ms = pass_ms;
        bench.run_until(3600 * 1000 + 999);
        REQUIRE(bench.outcomes.size() == 3 * 3600);
        for (size_t i = 0; i < bench.outcomes.size(); ++i) {
            const Outcome& outcome = bench.outcomes[i];
            REQUIRE(outcome.channel == i % 3 + 1);
            REQUIRE(outcome.tick_uptime_ms == 1000 * (i / 3 + 1) + 1000 * (i % 3) / 3);
            REQUIRE(outcome.cause == (i < 15 ? Cause::SETTLING : Cause::NONE));
        }
        CHECK(bench.line(1).asked_ms.size() == 3600);
        CHECK(bench.collisions() == 0);
    }
}

TEST_CASE("a reading has the values that its sensor said, and a count of 0") {
    SamplerBench bench({{1, 1}, {2, 7}}, 2000);
    bench.run_until(60900);
    CHECK(bench.readings().size() == 2 * (30 - 2));
    CHECK(bench.last().count == 0);
    CHECK(same(bench.last().measurement, bench.sensor(2).last_said));
}

TEST_CASE("sensors on one UART take turns and never speak at once") {
    SamplerBench bench({{1, 1}, {1, 2}, {1, 3}, {1, 4}});
    for (ModelSensor& sensor : bench.line(1).sensors) sensor.latency_ms = 55;
    bench.run_until(120 * 1000 + 999);
    CHECK(bench.outcomes.size() == 4 * 120);
    CHECK(bench.readings().size() == 4 * 115);
    CHECK(bench.collisions() == 0);
}

TEST_CASE("four silent sensors on a UART still end within their interval") {
    SamplerBench bench({{1, 1}, {1, 2}, {1, 3}, {1, 4}});
    for (ModelSensor& sensor : bench.line(1).sensors) sensor.on = false;
    bench.run_until(60 * 1000 + 999);
    CHECK(bench.line(1).asked_ms.size() == 2 * 4 * 60);
    CHECK(bench.outcomes.size() == 4 * 60);
    CHECK(bench.latest_ms < 900);
}

TEST_CASE("a silent sensor is asked twice, gives timeouts that are counted, and settles when it is back") {
    SamplerBench bench({{1, 1}});
    bench.run_until(10500);
    CHECK(bench.last().cause == Cause::NONE);
    bench.sensor(1).on = false;
    bench.run_until(13500);
    CHECK(bench.causes(3) == "timeout timeout timeout");
    CHECK(bench.last().count == 3);
    CHECK(bench.line(1).asked_ms.size() == 10 + 2 * 3);
    bench.sensor(1).on = true;
    bench.run_until(19500);
    CHECK(bench.causes(6) == "settling settling settling settling settling reading");
    CHECK(bench.outcomes[bench.outcomes.size() - 2].count == 8);
    CHECK(bench.last().count == 0);
}

TEST_CASE("settling takes 5 s at any interval, and a timeout begins it anew") {
    const struct {
        uint16_t interval_ms;
        size_t settling;
    } cases[] = {{1000, 5}, {2000, 2}, {3000, 1}, {4000, 1}, {5000, 1}, {10000, 0}};
    for (const auto& each : cases) {
        SamplerBench bench({{1, 1}}, each.interval_ms);
        bench.run_until(20u * each.interval_ms + 500);
        CHECK(bench.count(Cause::SETTLING) == each.settling);
        CHECK(bench.readings().size() == 20 - each.settling);
    }
    SamplerBench bench({{1, 1}});
    bench.run_until(3500);
    bench.sensor(1).on = false;
    bench.run_until(4500);
    bench.sensor(1).on = true;
    bench.run_until(10500);
    CHECK(bench.causes(10) ==
          "settling settling settling timeout settling settling settling settling settling reading");
}

TEST_CASE("a damaged reply is asked for again, and only two in a row are a crc") {
    SamplerBench bench({{1, 1}});
    bench.run_until(8500);
    bench.damage_next(1, 1);
    bench.run_until(9500);
    CHECK(bench.last().cause == Cause::NONE);
    CHECK(same(bench.last().measurement, bench.sensor(1).last_said));
    bench.damage_next(1, 2);
    bench.run_until(10500);
    CHECK(bench.causes(2) == "reading crc");
    CHECK(bench.last().count == 1);
    bench.run_until(11500);
    CHECK(bench.last().cause == Cause::NONE);  // a damaged reply is one: the sensor has not been away
    CHECK(bench.collisions() == 0);
}

TEST_CASE("the second request waits until the line has been quiet") {
    SamplerBench bench({{1, 1}});
    bench.sensor(1).latency_ms = 64;  // its last byte comes 99 ms after the request
    bench.damage_next(1, 1);
    bench.run_until(1500);
    CHECK(bench.line(1).asked_ms.size() == 2);
    CHECK(bench.collisions() == 0);
}

TEST_CASE("a stray byte at one try and silence at the other is a crc, and the sensor was away") {
    for (const bool first : {true, false}) {
        SamplerBench bench({{1, 1}});
        bench.run_until(8500);
        bench.sensor(1).on = false;
        bench.run_until(first ? 9050 : 9150);
        bench.line(1).arrives({0x55});
        bench.run_until(9500);
        CHECK(bench.last().cause == Cause::CRC);
        bench.sensor(1).on = true;
        bench.run_until(15500);
        CHECK(bench.causes(6) == "settling settling settling settling settling reading");
    }
}

TEST_CASE("a sensor that was away for less than an interval is noticed at any interval") {
    SamplerBench bench({{1, 1}, {2, 1}}, 10000);
    bench.run_until(20900);
    bench.sensor(1).on = false;
    bench.run_until(22300);
    bench.sensor(1).on = true;
    bench.run_until(25900);
    bench.sensor(1).on = false;
    bench.run_until(27300);
    bench.sensor(1).on = true;
    bench.run_until(49000);
    CHECK(bench.causes_of(1, 1, 4) == "reading reading settling reading");
    CHECK(bench.causes_of(2, 1, 4) == "reading reading reading reading");
    CHECK(bench.line(1).asked_ms.size() == 49 + 4);
    bench.check_order();
}

TEST_CASE("what is not recorded does not count") {
    SamplerBench bench({{1, 1}}, 5000);
    bench.run_until(10500);
    bench.sensor(1).on = false;
    bench.run_until(20500);
    CHECK(bench.causes(2) == "timeout timeout");
    CHECK(bench.last().count == 2);
}

TEST_CASE("an error of the sensor is an answer: nobody asks again") {
    SamplerBench bench({{1, 1}});
    bench.run_until(8500);
    bench.sensor(1).on_the_way = [](Bytes& reply) { reply = hex("01 84 04 42 C3"); };
    bench.run_until(10500);
    CHECK(bench.causes(3) == "reading exception exception");
    CHECK(bench.line(1).asked_ms.size() == 10);
    bench.sensor(1).on_the_way = nullptr;
    bench.run_until(11500);
    CHECK(bench.last().cause == Cause::NONE);
}

TEST_CASE("a right reply with an impossible value is a range, or settling while that goes on") {
    SamplerBench bench({{1, 1}});
    bench.sensor(1).on_the_way = [](Bytes& reply) {
        reply[20] = 101;  // power factor 1.01
        reply.resize(23);
        reply = sealed(reply);
    };
    bench.run_until(7500);
    CHECK(bench.causes(7) == "settling settling settling settling settling range range");
    CHECK(bench.line(1).asked_ms.size() == 7);
    bench.sensor(1).on_the_way = [](Bytes& reply) {
        reply[15] = 0x10;  // an energy of 268 MWh
        reply.resize(23);
        reply = sealed(reply);
    };
    bench.run_until(8500);
    CHECK(bench.last().cause == Cause::RANGE);
    CHECK(bench.last().count == 8);
}

TEST_CASE("after a hold-up of seconds every tick comes out, in order, and no sensor is thought to be away") {
    SamplerBench bench({{1, 1}, {2, 1}, {2, 2}});
    bench.run_until(10000);
    bench.held_up(7300);
    bench.run_until(20500);
    CHECK(bench.causes_of(1, 8, 20) ==
          "reading reading reading timeout timeout timeout timeout timeout timeout reading reading reading reading");
    bench.check_order();
    CHECK(bench.outcomes.size() == 59);
}

TEST_CASE("a short hold-up makes a tick late and changes nothing in it") {
    SamplerBench bench({{1, 1}, {2, 1}});
    bench.run_until(9990);
    bench.held_up(700);
    bench.run_until(12400);
    CHECK(bench.causes(5) == "reading reading reading reading reading");
    CHECK(bench.last().tick_uptime_ms == 12000);
    bench.check_order();
}

TEST_CASE("a lent UART is quiet, its ticks wait, and the other channels keep theirs") {
    SamplerBench bench({{1, 1}, {2, 1}});
    bench.run_until(10005);
    bench.sampler.pause(1);
    CHECK(bench.sampler.borrow(1) == nullptr);  // a poll is going on: its reply first
    CHECK(bench.sampler.borrow(2) == nullptr);  // nobody has paused that one
    bench.run_until(10400);
    CHECK(bench.causes(1) == "reading");
    Transaction* const lent = bench.sampler.borrow(1);
    REQUIRE(lent != nullptr);
    lent->start(bench.sampler.uart(1), read_address(ADDRESS_ANY), 10400);
    bench.run_until(10480);
    CHECK(lent->step(10480) == Ended::GOOD);
    bench.run_until(11700);
    const size_t asked = bench.line(1).asked_ms.size();
    bench.sampler.resume(1);
    bench.run_until(12400);
    CHECK(bench.line(1).asked_ms.size() == asked + 2);
    CHECK(bench.line(1).asked_ms[asked] == 11701);
    CHECK(bench.count(Cause::TIMEOUT) == 0);
    CHECK(bench.outcomes.size() == 12 + 11);
    CHECK(bench.collisions() == 0);
    bench.check_order();
}

TEST_CASE("a UART that is never given back costs its own channels only") {
    SamplerBench bench({{1, 1}, {2, 1}, {3, 1}});
    bench.run_until(10500);
    bench.sampler.pause(2);
    bench.run_until(60900);
    CHECK(bench.causes_of(2, 50, 59).find("reading") == std::string::npos);
    CHECK(bench.causes_of(1, 50, 51) == "reading reading");
    CHECK(bench.causes_of(3, 11, 12) == "reading reading");
    CHECK(bench.readings().size() == 3 * 60 - 3 * 5 - 50 - 1);  // the last of channel 3 waits for channel 2
    bench.sampler.resume(2);
    bench.run_until(62600);
    CHECK(bench.causes_of(2, 61, 62) == "reading reading");  // it has not been away
    bench.check_order();
}

TEST_CASE("the uptime may pass 2^32 ms: no tick is lost, none is early") {
    SamplerBench bench({{1, 1}});
    bench.keep_outcomes = false;
    const uint64_t rounds = (uint64_t{1} << 32) / 1000 + 5;
    for (uint64_t round = 1; round <= rounds; ++round) {
        bench.sensor(1).asked = 0;  // its values depend on it, and must stay possible
        if (rounds - round < 1000) bench.pass_at(round * 1000 - 1);
        bench.pass_at(round * 1000);
        bench.pass_at(round * 1000 + 60);
    }
    CHECK(bench.ended == rounds);
    CHECK(bench.last().tick_uptime_ms == rounds * 1000);
    CHECK(bench.last().cause == Cause::NONE);
    CHECK(bench.timeouts == 0);
    CHECK(bench.latest_ms == 60);
}

TEST_CASE("without sensors nothing happens") {
    SamplerBench bench({});
    bench.run_until(5000);
    CHECK(bench.outcomes.empty());
}
