// The console as a person meets it: what is said to each command, good or mistaken, and what happens to the sensors.
#include <doctest/doctest.h>

#include "consolebench.h"

using namespace kembar;

namespace {

using Said = std::vector<std::string>;

bool says(const Said& said, const std::string& line) {
    for (const std::string& each : said) {
        if (each == line) return true;
    }
    MESSAGE("said:\n" << joined(said));
    return false;
}

// A sensor with an energy counter that a reset sets to 0.
void count(ModelSensor& sensor, uint32_t& energy_wh) {
    sensor.on_the_way = [&sensor, &energy_wh](Bytes& reply) {
        if (reply[1] == 0x42) energy_wh = 0;
        if (reply[1] == 0x04) reply = reply_of(sensor.address, {2301, 1234, 2503, energy_wh, 500, 88, false});
    };
}

void answer_always(ModelSensor& sensor, const Measurement& measured) {
    sensor.on_the_way = [&sensor, measured](Bytes& reply) { reply = reply_of(sensor.address, measured); };
}

void damage(ModelSensor& sensor) {
    sensor.on_the_way = [](Bytes& reply) { reply[3] ^= 0x10; };
}

}  // namespace

TEST_CASE("at start there is one banner, warnings where there is reason, and then silence") {
    ConsoleBench bench;
    bench.console.greet();
    CHECK(bench.heard() == Said{"Kembar 0.1.0, kembar: type help"});
    bench.console.warn(Warning::EEPROM);
    bench.console.warn(Warning::SETTINGS_DAMAGED);
    bench.console.warn(Warning::SETTINGS_OTHER_VERSION);
    CHECK(bench.heard() ==
          Said{"warning: the kept settings are damaged; defaults are used, type show",
               "warning: the kept settings are of another version; defaults are used, type show",
               "warning: the EEPROM does not keep what is written; settings are lost at a restart"});
    bench.run(20000);
    CHECK(bench.new_lines().empty());
}

TEST_CASE("help names every command and every setting") {
    ConsoleBench bench;
    const std::string help = joined(bench.type("help"));
    for (const char* command : {"show", "set key=value", "test", "address 2", "reset-energy 1", "help"}) {
        CHECK(help.find(std::string("\n  ") + command + ":") != std::string::npos);
    }
    CHECK(help.find("\nsettings: device link ip gateway mac edge sensors interval watchdog\n") != std::string::npos);
}

TEST_CASE("show tells all settings and the state") {
    ConsoleBench bench("1,2:7");
    bench.run(12000);
    bench.sensor(2).on = false;
    bench.run(3000);
    State& state = bench.board.state;
    state.uptime_ms = 400ULL * 86400000 + 3723004;
    state.boot = 1798963207;
    state.queued = 12;
    state.capacity = 280;
    state.dropped = 5;
    state.free_ram = 612;
    state.over_ethernet = true;
    state.chip = 5500;
    state.link_resets = 2;
    state.edge_answered = true;
    state.answered_ms_ago = 3999;
    const uint8_t home[] = {192, 168, 1, 10};
    learn_edge(bench.settings, "home", home, 8485);
    CHECK(joined(bench.type("show")) ==
          "Kembar 0.1.0\n"
          "device=kembar\n"
          "link=auto\n"
          "ip=192.168.1.177/24\n"
          "gateway=192.168.1.1\n"
          "mac=02:4B:42:01:00:00\n"
          "edge=auto\n"
          "sensors=1,2:7\n"
          "interval=1000\n"
          "watchdog=on\n"
          "edge: home at 192.168.1.10:8485\n"
          "running for 400 d 01:02:03, last reset: power\n"
          "boot 1798963207\n"
          "memory: 12 of 280 records wait, 5 dropped\n"
          "link in use: Ethernet, W5500 reset 2 times\n"
          "last answer of the edge: 3 s ago\n"
          "free RAM: 612 bytes at least\n"
          "channel 1 (UART 1, address 1): reads well\n"
          "channel 2 (UART 2, address 7): timeout, 3 in a row\n");
    state.boot_kept = false;
    CHECK(says(bench.type("show"), "boot 1798963207 (drawn: the EEPROM keeps nothing)"));
}

TEST_CASE("test prints the values of good sensors") {
    ConsoleBench bench;
    for (uint8_t uart = 1; uart <= 3; ++uart) {
        answer_always(bench.sensor(uart), {2301, 1234, 2503, 12345, 500, 88, false});
    }
    const Said said = bench.type("test");
    CHECK(said.size() == 4);
    CHECK(said[1] == "channel 2 (UART 2, address 1): 230.1 V, 1.234 A, 250.3 W, 12.345 kWh, 50.0 Hz, PF 0.88");
    CHECK(said[3] == "test: 3 of 3 sensors answer well");
}

TEST_CASE("test says in words what is wrong with a sensor") {
    ConsoleBench bench("2");
    ModelSensor& sensor = bench.sensor(2);
    Said expected;
    SUBCASE("silent") {
        sensor.on = false;
        expected = {"channel 1 (UART 2, address 1): silent", "  is its mains side on? Without mains it never answers",
                    "  is its 5 V side fed? 5V and GND of the Mega",
                    "  TX and RX swapped? Its TX goes to pin 17, its RX to pin 16", "test: 0 of 1 sensors answer well"};
    }
    SUBCASE("another address") {
        sensor.address = 9;
        expected = {"channel 1 (UART 2, address 1): silent, but a sensor with another address answers",
                    "  to read that one type: set sensors=2:9", "test: 0 of 1 sensors answer well"};
    }
    SUBCASE("several at once") {
        sensor.address = 9;
        damage(sensor);
        expected = {"channel 1 (UART 2, address 1): silent, but several sensors answer at once",
                    "  give each another address: leave one connected, see address",
                    "test: 0 of 1 sensors answer well"};
    }
    SUBCASE("damaged") {
        damage(sensor);
        expected = {"channel 1 (UART 2, address 1): its answers are damaged",
                    "  a loose or long wire, or a motor or charger close to it?",
                    "  two sensors with one address on this UART?", "test: 0 of 1 sensors answer well"};
    }
    SUBCASE("an exception") {
        sensor.on_the_way = [](Bytes& reply) { reply = sealed({1, 0x84, 2}); };
        expected = {"channel 1 (UART 2, address 1): it refuses to be read",
                    "  type test again; if this stays, it is broken or no PZEM-004T v3",
                    "test: 0 of 1 sensors answer well"};
    }
    SUBCASE("impossible values") {
        answer_always(sensor, {2301, 0xFFFFFFFF, 2503, 12345, 500, 88, false});
        expected = {"channel 1 (UART 2, address 1): it says what no PZEM-004T can measure",
                    "  type test again; if this stays, it is broken or no PZEM-004T v3",
                    "test: 0 of 1 sensors answer well"};
    }
    SUBCASE("no current") {
        answer_always(sensor, {2301, 0, 0, 12345, 500, 0, false});
        expected = {"channel 1 (UART 2, address 1): 230.1 V, 0.000 A, 0.0 W, 12.345 kWh, 50.0 Hz, PF 0.00",
                    "  no current: is a load on, and the clamp closed around one wire only?",
                    "test: 1 of 1 sensors answer well"};
    }
    SUBCASE("odd voltage") {
        answer_always(sensor, {4001, 10, 20, 12345, 500, 90, false});
        expected = {"channel 1 (UART 2, address 1): 400.1 V, 0.010 A, 2.0 W, 12.345 kWh, 50.0 Hz, PF 0.90",
                    "  its voltage should lie between 80 and 260 V: are L and N right?",
                    "test: 0 of 1 sensors answer well"};
    }
    CHECK(bench.type("test") == expected);
    CHECK(!bench.wrote_anything());
}

TEST_CASE("test looks for another address only where one sensor is configured") {
    ConsoleBench bench("1:1,1:2");
    bench.sensor(1, 1).on = false;
    CHECK(says(bench.type("test"), "  several on one UART: has each an address of its own? See address"));
    CHECK(bench.asked(0x03) == 0);
}

TEST_CASE("test names settings that cannot be right") {
    ConsoleBench bench("1,2");
    bench.settings.sensors[1] = bench.settings.sensors[0];
    CHECK(says(bench.type("test"), "sensors: expected each UART with each address only once"));
}

TEST_CASE("the sampler misses no tick while sensors are tested") {
    ConsoleBench bench("1,1:2,1:3,1:4");
    bench.run(10000);
    for (int i = 0; i < 5; ++i) CHECK(says(bench.type("test"), "test: 4 of 4 sensors answer well"));
    for (const char* channel : {"1", "2", "3", "4"}) {
        CHECK(says(bench.type("show"),
                   std::string("channel ") + channel + " (UART 1, address " + channel + "): reads well"));
    }
    CHECK(bench.lines[0].collisions == 0);
}

TEST_CASE("address finds the sensor, asks, writes, reads back and says what to set") {
    ConsoleBench bench("1,2");
    bench.sensor(2).address = 9;
    CHECK(bench.type("address 2") == Said{"address: leave only one sensor connected to UART 2",
                                          "switch the mains off before you touch a wire, and on again after it",
                                          "then type go (anything else stops)"});
    CHECK(bench.type("go") == Said{"the sensor on UART 2 has address 9. Type its new address, 1 to 247"});
    CHECK(bench.type("9") == Said{"expected another address than now, 1 to 247"});
    CHECK(bench.type("12") == Said{"change address 9 to 12? Type yes"});
    CHECK(!bench.wrote_anything());
    CHECK(bench.type("yes") == Said{"done: the sensor on UART 2 now has address 12",
                                    "to read it type: set sensors=1,2:12"});
    CHECK(bench.sensor(2).address == 12);
    CHECK(bench.asked(0x06) == 1);
}

TEST_CASE("address proposes a list of sensors that fits what was there") {
    const char* configured = nullptr;
    const char* proposed = nullptr;
    SUBCASE("the one that it was") { configured = "2:3,1"; proposed = "2:5,1"; }
    SUBCASE("one more on its UART") { configured = "1,2:1,2:2"; proposed = "1,2,2:2,2:5"; }
    SUBCASE("one on a UART without any") { configured = "1,3"; proposed = "1,3,2:5"; }
    SUBCASE("one that is there already") { configured = "1,2,2:5"; proposed = "1,2,2:5"; }
    ConsoleBench bench(configured);
    bench.lines[1].sensors.assign(1, ModelSensor());
    bench.sensor(2).address = 3;
    bench.type("address 2");
    bench.type("go");
    bench.type("5");
    CHECK(says(bench.type("yes"), std::string("to read it type: set sensors=") + proposed));
}

TEST_CASE("address says what stood in its way") {
    ConsoleBench bench("2");
    bench.type("address 2");
    SUBCASE("nobody is there") {
        bench.sensor(2).on = false;
        CHECK(bench.type("go") == Said{"no sensor answers on UART 2: type test to see why"});
    }
    SUBCASE("several are there") {
        damage(bench.sensor(2));
        CHECK(bench.type("go") == Said{"damaged answer: is there only one sensor on UART 2"});
    }
    SUBCASE("the sensor goes before it is written") {
        bench.type("go");
        bench.type("5");
        bench.sensor(2).on = false;
        CHECK(bench.type("yes") == Said{"it does not answer to address 5: type address 2 to look again"});
    }
    SUBCASE("the sensor keeps its address") {
        bench.type("go");
        bench.type("5");
        bench.lines[1].sensors[0].on_the_way = [&bench](Bytes&) { bench.lines[1].sensors[0].address = 1; };
        CHECK(bench.type("yes") == Said{"it does not answer to address 5: type address 2 to look again"});
    }
}

TEST_CASE("address stops at anything that was not asked for, and writes nothing") {
    const std::vector<Said> dialogues = {{"no"}, {"yes"},           {"go", "0", "5x"}, {"go", "248", "abc"},
                                         {"go", "5", "no"}, {"go", "5", "go"}, {"go", "5", "6"}};
    for (const Said& dialogue : dialogues) {
        ConsoleBench bench("2");
        bench.type("address 2");
        Said last;
        for (const std::string& line : dialogue) last = bench.type(line);
        CHECK(last == Said{"stopped, nothing was changed"});
        CHECK(!bench.wrote_anything());
    }
}

TEST_CASE("reset-energy shows the counter, asks, resets and reads back") {
    ConsoleBench bench("1,2");
    uint32_t energy_wh = 12345;
    count(bench.sensor(2), energy_wh);
    CHECK(bench.type("reset-energy 2") ==
          Said{"channel 2 (UART 2, address 1) counts 12.345 kWh. Set it to 0 for ever? Type yes"});
    SUBCASE("yes") {
        CHECK(bench.type("yes") == Said{"channel 2 (UART 2, address 1): done, it counts 0.000 kWh"});
        CHECK(energy_wh == 0);
        CHECK(bench.asked(0x42) == 1);
    }
    SUBCASE("anything else") {
        CHECK(bench.type("y") == Said{"stopped, nothing was changed"});
        CHECK(energy_wh == 12345);
        CHECK(!bench.wrote_anything());
    }
    SUBCASE("a sensor that does not do it") {
        bench.sensor(2).on_the_way = [](Bytes& reply) {
            if (reply[1] == 0x04) reply = reply_of(1, {2301, 1234, 2503, 12345, 500, 88, false});
        };
        CHECK(bench.type("yes") == Said{"channel 2 (UART 2, address 1): not done, it counts 12.345 kWh"});
    }
    SUBCASE("a sensor that is gone") {
        bench.sensor(2).on = false;
        CHECK(bench.type("yes") == Said{"channel 2 (UART 2, address 1) does not answer: type test to see why"});
    }
}

TEST_CASE("a question that nobody answers is given up, and a late yes is no command") {
    ConsoleBench bench("2");
    bench.type("reset-energy 1");
    CHECK(bench.heard(PATIENCE_MS + 100) == Said{"stopped, nothing was changed"});
    CHECK(bench.type("yes") == Said{"yes: no such command; type help"});
    CHECK(!bench.wrote_anything());
}
