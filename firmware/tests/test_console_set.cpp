// The command `set`, mistakes at the console, and a console whose output is slow or in use.
#include <doctest/doctest.h>

#include "consolebench.h"

using namespace kembar;

namespace {

using Said = std::vector<std::string>;

Settings kept(ConsoleBench& bench) {
    bench.eeprom.power_on();
    Settings settings;
    Storage storage(bench.eeprom, SETTINGS_ADDRESS, sizeof(Settings), SETTINGS_KIND);
    CHECK(load_settings(storage, settings, 1) == FoundSettings::KEPT);
    return settings;
}

}  // namespace

TEST_CASE("set keeps the setting and then starts the board again") {
    ConsoleBench bench;
    bench.feed("set device=garage\n");
    bench.pass();
    CHECK(bench.console.closing());
    CHECK(bench.board.restarts == 0);
    CHECK(bench.heard() == Said{"saved; the board starts again"});
    CHECK(bench.board.restarts > 0);
    CHECK(std::string(kept(bench).device) == "garage");
}

TEST_CASE("the board starts again only when the farewell has left the port") {
    ConsoleBench bench;
    bench.feed("set device=garage\n");
    uint32_t said_ms = 0;
    while (bench.board.restarts == 0) {
        bench.pass();
        if (said_ms == 0 && !bench.port.text.empty()) said_ms = bench.now_ms;
    }
    // A line for the edge of 160 bytes and 63 of ours may have been waiting.
    CHECK(bench.now_ms - said_ms > (160 + 63) / 11);
    CHECK(bench.port.waiting == 0);
    CHECK(!bench.storage.busy());
}

TEST_CASE("several settings of one line are taken together, or none of them") {
    ConsoleBench bench;
    CHECK(bench.type("set  ip=10.0.0.5/8  gateway=10.0.0.999 ") ==
          Said{"gateway=10.0.0.999: expected the address of your router, such as 192.168.1.1, or none"});
    CHECK(!bench.console.closing());
    CHECK(!bench.wrote_anything());
    CHECK(bench.settings.ip[0] == 192);
    CHECK(bench.type("set ip=10.0.0.5/8 gateway=10.0.0.1") == Said{"saved; the board starts again"});
    CHECK(kept(bench).gateway[0] == 10);
}

TEST_CASE("set says what was wrong") {
    ConsoleBench bench;
    CHECK(bench.type("set ip=192.168.1.999") ==
          Said{"ip=192.168.1.999: expected four numbers 0 to 255, such as 192.168.1.177"});
    CHECK(bench.type("set colour=red") == Said{"colour: no such setting; type help for the list"});
    CHECK(bench.type("set device") == Said{"device: expected key=value without spaces, such as device=garage"});
    CHECK(bench.type("set device = a") == Said{"device: expected key=value without spaces, such as device=garage"});
    CHECK(bench.type("set") == Said{"set: expected key=value, such as set device=garage"});
    CHECK(bench.type("set device=kembar") == Said{"nothing to change: it is set so already"});
    CHECK(bench.type("set device=hello!") ==
          Said{"device=hello.: expected 1 to 16 of a-z, 0-9 and -, such as garage"});
    CHECK(!bench.wrote_anything());
}

TEST_CASE("a gateway that cannot be reached is noted") {
    ConsoleBench bench;
    CHECK(bench.type("set gateway=10.0.0.1") ==
          Said{"note: the gateway lies outside the network of ip", "saved; the board starts again"});
}

TEST_CASE("an EEPROM that keeps nothing is said, and the board starts again with what it had") {
    ConsoleBench bench;
    bench.eeprom.forget_writes = true;
    CHECK(bench.type("set device=garage") ==
          Said{"not saved: the EEPROM does not keep it; the board starts again"});
    CHECK(bench.board.restarts > 0);
}

TEST_CASE("a line that is no command is answered with what to type") {
    ConsoleBench bench;
    CHECK(bench.type("hlep") == Said{"hlep: no such command; type help"});
    CHECK(bench.type("help me") == Said{"help me: no such command; type help"});
    CHECK(bench.type("settings") == Said{"settings: no such command; type help"});
    CHECK(bench.type("hello!!!") == Said{"hello...: no such command; type help"});
    CHECK(bench.type("address") == Said{"address: expected a UART 1 to 3, such as address 2"});
    CHECK(bench.type("address 4") == Said{"address: expected a UART 1 to 3, such as address 2"});
    CHECK(bench.type("reset-energy") == Said{"reset-energy: expected a channel 1 to 3, such as reset-energy 1"});
    CHECK(bench.type("reset-energy 4") == Said{"reset-energy: expected a channel 1 to 3, such as reset-energy 1"});
    const Said unreadable = {"not understood: expected at most 64 letters, digits and signs; type it again"};
    CHECK(bench.type(std::string(65, 'a')) == unreadable);
    CHECK(bench.type("he\x7Flp") == unreadable);
    CHECK(bench.type("   ").empty());
    CHECK(bench.type("").empty());
    CHECK(bench.type(std::string(64, 'a')).front().compare(0, 64, std::string(64, 'a')) == 0);
}

TEST_CASE("a line may end with return, newline or both, and have spaces around it") {
    ConsoleBench bench;
    for (const char* typed : {"set\r", "set\n", "set\r\n", "  set  \n"}) {
        bench.feed(typed);
        CHECK(bench.heard() == Said{"set: expected key=value, such as set device=garage"});
    }
}

TEST_CASE("a line typed while a command is at work is obeyed after it") {
    ConsoleBench bench;
    bench.feed("show\n");
    bench.run(10);
    bench.feed("set\nlost\n");
    const Said said = bench.heard();
    CHECK(said.front() == "Kembar 0.1.0");
    CHECK(said.back() == "set: expected key=value, such as set device=garage");
}

TEST_CASE("remarks are the same however often the edge's lines hold them up") {
    ConsoleBench bench;
    bench.run(20000);
    const Said expected = bench.type("show");
    bench.feed("show\n");
    for (int i = 0; i < 3000; ++i) {
        // A line of 150 bytes that may begin only between two remarks, as the port's owner sees to.
        if (i % 17 == 0 && !bench.port.in_remark()) bench.port.line_for_edge = true;
        if (i % 17 == 13) bench.port.line_for_edge = false;
        bench.pass();
    }
    CHECK(bench.new_lines() == expected);
}

TEST_CASE("a remark that changes between its pieces still ends") {
    struct Piece : Output {
        std::string text;
        void put(char character) override { text += character; }
    } piece;
    uint8_t next;
    {
        RemarkWindow window(piece, 0, 6);
        Remark(window) << KEMBAR_TEXT("1234567890");
        CHECK(!window.ended());
        next = window.next();
    }
    RemarkWindow window(piece, next, 6);
    Remark(window) << KEMBAR_TEXT("12");
    CHECK(window.ended());
    CHECK(piece.text == "# 1234\n");
}
