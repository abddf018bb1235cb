// A console on a table: its UART with room for 63 bytes, sensors, an EEPROM, and a person who types.
//
// Every remark that comes out is checked for what all of them must keep to.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../kembar/src/logic/console.h"
#include "cells.h"
#include "sensorline.h"

// As the Mega's UART: 63 bytes wait, 115200 baud take 11 of them in a millisecond, one place is kept for the end.
struct SlowPort : kembar::RemarkOutput {
    static const int PLACES = 63;
    std::string text;
    int waiting = 0;
    bool line_for_edge = false;

    uint8_t room() override { return line_for_edge ? 0 : static_cast<uint8_t>(PLACES - waiting); }
    void put(char character) override {
        if (room() < (character == '\n' ? 1 : 2)) FAIL("a character is lost");
        text += character;
        ++waiting;
    }
    void pass_ms() { waiting = waiting > 11 ? waiting - 11 : 0; }
    bool in_remark() const { return !text.empty() && text.back() != '\n'; }
};

struct LoggedLine : SensorLine {
    std::vector<uint8_t> functions;  // of all requests
    void send(const uint8_t* bytes, uint8_t length) override {
        functions.push_back(bytes[1]);
        SensorLine::send(bytes, length);
    }
};

struct TestBoard : kembar::Board {
    kembar::State state{};
    int restarts = 0;
    void fill(kembar::State& filled) override { filled = state; }
    void restart() override { ++restarts; }
};

struct ConsoleBench {
    SlowPort port;
    Cells eeprom;
    kembar::Settings settings;
    kembar::Storage storage;
    LoggedLine lines[3];
    kembar::Sampler sampler;
    TestBoard board;
    kembar::Console console;
    uint32_t now_ms = 5000;
    size_t seen = 0;  // of the port's text

    explicit ConsoleBench(const char* sensors = "1,2,3")
        : settings(kembar::default_settings(1)),
          storage(eeprom, kembar::SETTINGS_ADDRESS, sizeof(kembar::Settings), kembar::SETTINGS_KIND),
          sampler(lines[0], lines[1], lines[2]),
          console(port, settings, storage, sampler, board, "0.1.0") {
        board.state.reset_cause = KEMBAR_TEXT("power");
        board.state.boot_kept = true;
        REQUIRE(kembar::set(settings, kembar::Key::SENSORS, sensors).none());
        for (uint8_t i = 0; i < settings.sensor_count; ++i) {
            const kembar::SensorAt at = settings.sensors[i];
            lines[at.uart - 1].sensors.emplace_back();
            lines[at.uart - 1].sensors.back().address = at.address;
        }
        sampler.start(settings.sensors, settings.sensor_count, settings.interval_ms);
    }

    ModelSensor& sensor(uint8_t uart, size_t i = 0) { return lines[uart - 1].sensors.at(i); }

    void pass() {
        ++now_ms;
        for (LoggedLine& line : lines) line.now_ms = now_ms;
        kembar::Outcome outcome;
        if (sampler.step(now_ms, outcome)) console.note(outcome);
        storage.step();
        const size_t before = port.text.size();
        console.step(now_ms);
        if (port.text.find('\n', before) + 1 < port.text.size()) {
            if (port.text.find('\n', before) != std::string::npos) FAIL("more than one remark in a step");
        }
        port.pass_ms();
    }
    void run(uint32_t ms) {
        for (; ms > 0; --ms) pass();
    }
    void feed(const std::string& bytes) {
        for (const char byte : bytes) console.feed(byte);
    }

    // What is said until it is silent for a second, or for longer.
    std::vector<std::string> heard(uint32_t silent_ms = 1000) {
        size_t length = port.text.size();
        for (uint32_t silent = 0; silent < silent_ms; ++silent) {
            pass();
            if (port.text.size() != length) silent = 0;
            length = port.text.size();
        }
        return new_lines();
    }
    std::vector<std::string> type(const std::string& line) {
        feed(line + "\n");
        return heard();
    }

    std::vector<std::string> new_lines() {
        std::vector<std::string> found;
        for (size_t end; (end = port.text.find('\n', seen)) != std::string::npos; seen = end + 1) {
            const std::string line = port.text.substr(seen, end - seen);
            CAPTURE(line);
            CHECK(line.compare(0, 2, "# ") == 0);
            CHECK(line.size() + 1 <= kembar::REMARK_BYTES_MOST);
            CHECK(line.find_first_of("*!") == std::string::npos);
            for (const char c : line) CHECK((c >= ' ' && c <= '~'));
            found.push_back(line.substr(2));
        }
        CHECK(seen == port.text.size());
        return found;
    }

    unsigned asked(uint8_t function) const {
        unsigned count = 0;
        for (const LoggedLine& line : lines) {
            for (const uint8_t each : line.functions) count += each == function;
        }
        return count;
    }
    bool wrote_anything() const { return asked(0x06) + asked(0x42) > 0 || eeprom.written() > 0 || board.restarts > 0; }
};

inline std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
}
