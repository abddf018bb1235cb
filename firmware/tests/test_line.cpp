// Lines are written within their bounds and read only when every byte of them is right.
//
// That the bytes mean what they should is judged by tests/golden/lines.txt (programs/lines.cpp).
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "../kembar/src/logic/crc16.h"
#include "../kembar/src/logic/linereader.h"
#include "../kembar/src/logic/linewriter.h"

using namespace kembar;

namespace {

std::string text(const LineBuffer& line) { return std::string(line.bytes(), line.length()); }

std::string framed(const std::string& body) {
    char crc[6];
    snprintf(crc, sizeof crc, "*%04X", crc16(reinterpret_cast<const uint8_t*>(body.data()),
                                             static_cast<uint16_t>(body.size())));
    return body + crc;
}

// What the last byte of these makes of them.
Heard hear(LineReader& reader, const std::string& bytes) {
    Heard heard = Heard::NOTHING;
    for (char each : bytes) heard = reader.feed(each);
    return heard;
}

Heard hear(const std::string& bytes) {
    LineReader reader("garage");
    return hear(reader, bytes);
}

struct Collected : Output {
    std::string said;
    void put(char character) override { said += character; }
};

}  // namespace

TEST_CASE("an uptime is printed in full, from 0 to the greatest") {
    const uint64_t most = 0x7FFFFFFFFFFFFFFFULL;
    for (uint64_t value : {uint64_t(0), uint64_t(9), uint64_t(4294967295ULL), uint64_t(4294967296ULL),
                           uint64_t(10000000000ULL), uint64_t(1000000000000000000ULL), most, 2 * most + 1}) {
        Collected out;
        print_uptime(out, value);
        CHECK(out.said == std::to_string(value));
    }
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; i++) {
        const uint64_t value = random() >> random() % 64;
        Collected out;
        print_uptime(out, value);
        REQUIRE(out.said == std::to_string(value));
    }
}

TEST_CASE("the longest line that a device can say fits") {
    LineBuffer line;
    write_hello(line, HelloLine{"abcdefghijklm-16", 4294967295UL, 0x7FFFFFFFFFFFFFFFULL, "12345678", "watchdog",
                                4294967295UL, 4294967295UL, 4294967295UL, 4294967295UL, 4294967295UL, 4294967295UL,
                                4294967295UL, 4});
    CHECK(line.length() < LINE_BYTES_MOST);
    CHECK(text(line).back() == '\n');
}

TEST_CASE("a line that would be too long is cut within its buffer and has no end") {
    LineBuffer line;
    for (int i = 0; i < 300; i++) line.put('x');
    line.finish();
    CHECK(line.length() == LINE_BYTES_MOST);
    CHECK(text(line) == std::string(LINE_BYTES_MOST, 'x'));
    line.clear();
    CHECK(line.length() == 0);
}

TEST_CASE("an acknowledgement for this device is heard with boot and seq") {
    LineReader reader("garage");
    CHECK(hear(reader, "A1,garage,1798963207,408*B25B\n") == Heard::ACK);
    CHECK(reader.boot() == 1798963207UL);
    CHECK(reader.seq() == 408);
    CHECK(hear(reader, framed("A1,garage,4294967295,4294967295") + "\r\n") == Heard::ACK);
    CHECK(reader.boot() == 4294967295UL);
    CHECK(reader.seq() == 4294967295UL);
}

TEST_CASE("a beacon is heard with name and port") {
    LineReader reader("garage");
    CHECK(hear(reader, "B1,home,8485*7594\n") == Heard::BEACON);
    CHECK(reader.name() == std::string("home"));
    CHECK(reader.port() == 8485);
    CHECK(hear(reader, framed("B1,abcdefghijklm-16,1") + "\n") == Heard::BEACON);
    CHECK(reader.name() == std::string("abcdefghijklm-16"));
    CHECK(hear(framed("B1,abcdefghijklm-167,1") + "\n") == Heard::OTHER);
    CHECK(hear(framed("B1,home,0") + "\n") == Heard::OTHER);
    CHECK(hear(framed("B1,home,65536") + "\n") == Heard::OTHER);
}

TEST_CASE("an acknowledgement for another device is not ours") {
    CHECK(hear(framed("A1,garag,1,2") + "\n") == Heard::OTHER);
    CHECK(hear(framed("A1,garage2,1,2") + "\n") == Heard::OTHER);
    CHECK(hear(framed("A1,garden,1,2") + "\n") == Heard::OTHER);
}

TEST_CASE("one wrong byte anywhere and the line is not believed") {
    const std::string good = "A1,garage,1798963207,408*B25B";
    for (size_t at = 0; at < good.size(); at++) {
        for (int value = 0; value < 256; value++) {
            std::string bad = good;
            if (bad[at] == static_cast<char>(value)) continue;
            bad[at] = static_cast<char>(value);
            REQUIRE(hear(bad + "\n") != Heard::ACK);
        }
    }
}

TEST_CASE("numbers are decimal, in range and there") {
    for (const char* body : {"A1,garage,4294967296,1", "A1,garage,1,99999999999", "A1,garage,,1", "A1,garage,1,",
                             "A1,garage,1", "A1,garage", "A1", "A1,garage,-1,1", "A1,garage,1,0x1", "A1,garage, 1,1",
                             "A1,,1,1", "A11,garage,1,1", "A,garage,1,1", "a1,garage,1,1", "A1,Garage,1,1",
                             "A1,abcdefghijklm-167,1,1"}) {
        CAPTURE(body);
        CHECK(hear(framed(body) + "\n") == Heard::OTHER);
    }
    CHECK(hear(framed("A1,garage,007,0408") + "\n") == Heard::ACK);
}

TEST_CASE("fields that are not known, and a tail, are ignored") {
    CHECK(hear(framed("A1,garage,7,8,,who knows,~") + "\n") == Heard::ACK);
    CHECK(hear(framed("A1,garage,7,8") + ".0123ABCD\n") == Heard::ACK);
    CHECK(hear(framed("A1,garage,7,8,!") + "\n") == Heard::OTHER);
    for (const char* tail : {".", ".0123ABC", ".0123ABCDE", ".0123abcd", "0", " ", ".0123ABCD."}) {
        CAPTURE(tail);
        CHECK(hear(framed("A1,garage,7,8") + tail + "\n") == Heard::OTHER);
    }
}

TEST_CASE("a line may have 159 bytes before its end and not one more") {
    const std::string room = "A1,garage,7,8,";
    const std::string longest = framed(room + std::string(159 - 5 - room.size(), 'x'));
    const std::string longer = framed(room + std::string(160 - 5 - room.size(), 'x'));
    REQUIRE(longest.size() == 159);
    CHECK(hear(longest + "\n") == Heard::ACK);
    CHECK(hear(longest + "\r\n") == Heard::ACK);
    CHECK(hear(longer + "\n") == Heard::OTHER);
}

TEST_CASE("the reader finds the next line whatever came before") {
    std::mt19937 random(7);
    for (int i = 0; i < 5000; i++) {
        LineReader reader("garage");
        for (unsigned n = random() % 400; n > 0; n--) reader.feed(static_cast<char>(random()));
        reader.feed('\n');
        REQUIRE(hear(reader, framed("A1,garage,7,8") + "\n") == Heard::ACK);
        REQUIRE(reader.boot() == 7);
        REQUIRE(reader.seq() == 8);
    }
}

TEST_CASE("empty lines are skipped, and a carriage return stands only before the end") {
    CHECK(hear("\n") == Heard::NOTHING);
    CHECK(hear("\r\n") == Heard::NOTHING);
    CHECK(hear("\r\r\n") == Heard::OTHER);
    CHECK(hear("\r" + framed("A1,garage,7,8") + "\n") == Heard::OTHER);
    CHECK(hear("A1,gar\rage,7,8*0000\n") == Heard::OTHER);
}

TEST_CASE("a datagram that begins forgets the line that the one before did not end") {
    LineReader reader("garage");
    hear(reader, "A1,garage,79");
    reader.reset();
    CHECK(hear(reader, framed("A1,garage,7,8") + "\n") == Heard::ACK);
}
