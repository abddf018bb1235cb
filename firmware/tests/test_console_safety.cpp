// Nothing that an edge sends is a command, whole or damaged, whatever its devices are called.
#include <doctest/doctest.h>

#include <random>

#include "../kembar/src/logic/crc16.h"
#include "consolebench.h"

using namespace kembar;

namespace {

using Chance = std::mt19937;

unsigned below(Chance& chance, unsigned most) { return static_cast<unsigned>(chance() % most); }

// One line of an edge to a device or for all, about names that are commands and answers.
std::string edge_line(Chance& chance) {
    static const char* const names[] = {"help", "test", "reset-energy", "address", "show", "set", "yes", "go", "garage"};
    const std::string name = names[below(chance, 9)];
    std::string body = "B1," + name + "," + std::to_string(1 + below(chance, 65535));
    if (below(chance, 5) > 0) {
        body = "A1," + name + "," + std::to_string(chance()) + "," + std::to_string(below(chance, 400));
    }
    char crc[6];
    snprintf(crc, sizeof(crc), "*%04X", crc16(reinterpret_cast<const uint8_t*>(body.data()),
                                               static_cast<uint16_t>(body.size())));
    return body + crc + "\n";
}

// Loses bytes, flips bits, cuts the line off or leaves it whole.
std::string damaged(Chance& chance, std::string line) {
    const unsigned kind = below(chance, 6);
    if (kind == 0) return line;
    if (kind == 1) return line.substr(below(chance, static_cast<unsigned>(line.size())));
    if (kind == 2) return line.substr(0, below(chance, static_cast<unsigned>(line.size())));
    std::string left;
    for (const char byte : line) {
        if (kind != 3 && below(chance, 20) == 0) continue;
        left += static_cast<char>(kind != 4 && below(chance, 20) == 0 ? byte ^ (1 << below(chance, 8)) : byte);
    }
    return left;
}

// As rule 1 of typed.h: an edge's mark.
bool marked(const std::string& bytes, bool at_start) {
    for (const char byte : bytes) {
        if (byte == '*' || (at_start && byte >= 'A' && byte <= 'Z')) return true;
        at_start = byte == '\n' || byte == '\r';
    }
    return false;
}

struct Traffic {
    Chance chance;
    ConsoleBench bench;
    bool at_start = true;
    uint32_t marked_ms = 0;
    bool ever_marked = false;

    explicit Traffic(uint32_t seed) : chance(seed), bench("1,2") {}

    void speak() {
        const std::string bytes = damaged(chance, edge_line(chance));
        if (bytes.empty()) return;
        if (marked(bytes, at_start)) {
            marked_ms = bench.now_ms;
            ever_marked = true;
        }
        at_start = bytes.back() == '\n' || bytes.back() == '\r';
        bench.feed(bytes);
    }
    bool must_be_deaf() const { return ever_marked && bench.now_ms - marked_ms < DEAF_MS; }
};

}  // namespace

TEST_CASE("no traffic of an edge, however damaged, changes anything, and within 10 s of a mark nothing is said") {
    for (uint32_t seed = 0; seed < 8; ++seed) {
        Traffic traffic(seed);
        for (int i = 0; i < 4000; ++i) {
            traffic.speak();
            // Mostly a burst, now and then a pause after which the console listens again.
            const uint32_t pause_ms = below(traffic.chance, 40) == 0 ? 11000 : below(traffic.chance, 30);
            for (uint32_t ms = 0; ms < pause_ms; ms += 10) {
                const bool silent = traffic.must_be_deaf() && !traffic.bench.port.in_remark();
                const size_t before = traffic.bench.port.text.size();
                traffic.bench.now_ms += 9;
                traffic.bench.pass();
                if (silent) REQUIRE(traffic.bench.port.text.size() == before);
            }
            REQUIRE(!traffic.bench.wrote_anything());
        }
        CHECK(!traffic.bench.console.closing());
    }
}

TEST_CASE("no traffic answers a question, whatever it asks") {
    for (uint32_t seed = 0; seed < 300; ++seed) {
        Traffic traffic(1000 + seed);
        ConsoleBench& bench = traffic.bench;
        if (seed % 2) {
            bench.type("reset-energy 1");
        } else {
            bench.type("address 1");
            bench.type("go");
            bench.type("5");
        }
        REQUIRE(bench.asked(0x03) == (seed % 2 ? 0 : 1));
        bench.new_lines();
        for (int i = 0; i < 100; ++i) {
            traffic.speak();
            bench.run(2);
            REQUIRE(!bench.wrote_anything());
        }
    }
}

TEST_CASE("what is typed within 10 s of an edge's line is not obeyed, and afterwards it is") {
    for (const char* mark : {"A1,garage,1798963207,408*B25B\n", "B1,home,8485*7594\n", "A", "x*", "\nH"}) {
        ConsoleBench bench;
        bench.feed(mark);
        bench.run(1);
        for (uint32_t ms = 0; ms < DEAF_MS - 20; ms += 100) {
            bench.feed("\nset device=evil\nhelp\nreset-energy 1\n");
            bench.run(100);
        }
        CHECK(bench.port.text.empty());
        CHECK(!bench.wrote_anything());
        bench.run(200);
        bench.feed("\n");
        CHECK(bench.type("set").front() == "set: expected key=value, such as set device=garage");
    }
}

TEST_CASE("a line that was begun before the edge spoke, or while it did, is not obeyed") {
    ConsoleBench bench;
    bench.feed("help");
    bench.run(1);
    bench.feed("*\n");
    CHECK(bench.heard(DEAF_MS).empty());
    bench.feed("A1,x*\nset device=");
    bench.run(DEAF_MS + 10);
    bench.feed("evil\n");
    CHECK(bench.heard().empty());
    CHECK(bench.type("set").size() == 1);
}

TEST_CASE("a command and an edge's line in one breath: the command is not obeyed") {
    for (const char* command : {"help\n", "set device=evil\n"}) {
        for (const std::string& breath : {std::string(command) + "A1,garage,1,2*0000\n",
                                          std::string("A1,garage,1,2*0000\n") + command, std::string(command) + "A"}) {
            ConsoleBench bench;
            bench.feed(breath);
            CHECK(bench.heard(2000).empty());
            CHECK(!bench.wrote_anything());
            CHECK(!bench.console.closing());
        }
    }
}

TEST_CASE("a question is given up without a word when an edge speaks") {
    ConsoleBench bench;
    CHECK(bench.type("reset-energy 1").size() == 1);
    bench.feed("A1,yes,1,2*0000\n");
    bench.run(DEAF_MS + 10);
    CHECK(bench.new_lines().empty());
    CHECK(bench.type("yes").front() == "yes: no such command; type help");
    CHECK(!bench.wrote_anything());
}

TEST_CASE("commands are lower-case words: a capital letter at the start is an edge's") {
    ConsoleBench bench;
    CHECK(bench.type("Help").empty());
    CHECK(bench.type("help").empty());
}

TEST_CASE("a terminal that sends back what it shows is not answered for ever") {
    ConsoleBench bench;
    bench.feed("hlep\n");
    for (int i = 0; i < 10; ++i) {
        for (const std::string& line : bench.heard()) bench.feed("# " + line + "\n");
    }
    CHECK(bench.heard().empty());
    CHECK(bench.type("# help").empty());
    CHECK(bench.type("hlep") == std::vector<std::string>{"hlep: no such command; type help"});
}

TEST_CASE("any bytes at all change nothing unless a person's words are among them") {
    Chance chance(5);
    ConsoleBench bench;
    for (int i = 0; i < 300000; ++i) {
        bench.console.feed(static_cast<char>(below(chance, 4) ? chance() : "\n\r set=yes1,*"[below(chance, 13)]));
        if (i % 16 == 0) bench.pass();
        if (i % 1000 == 0) bench.now_ms += DEAF_MS;
    }
    CHECK(!bench.wrote_anything());
}
