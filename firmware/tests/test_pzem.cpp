// The frames of a PZEM-004T: known vectors, everything that must not be taken for a reply, and every small damage.
//
// The vectors are replies that others recorded (Tasmota #9687 and documentation), the data sheet's examples, and
// some made by hand for the corners; their CRCs are computed here a second time, bit by bit.
#include <doctest/doctest.h>

#include <random>

#include "../kembar/src/logic/cause.h"
#include "../kembar/src/logic/crc16.h"
#include "sensorline.h"

using namespace kembar;

namespace {

const char* const MEASURED = "01 04 14 08 D1 00 6C 00 00 00 F4 00 00 00 26 00 00 01 F4 00 64 00 00 51 34";

Bytes bytes_of(const Request& request) { return Bytes(request.bytes, request.bytes + request.length); }

Reply checked(const Request& request, const Bytes& bytes) {
    return check(request, bytes.data(), static_cast<uint8_t>(bytes.size()));
}

Measurement measured(const Request& request, const std::string& text) {
    const Bytes bytes = hex(text);
    REQUIRE(checked(request, bytes) == Reply::GOOD);
    Measurement measurement;
    REQUIRE(measurement_of(bytes.data(), measurement));
    return measurement;
}

std::string text_of(FlashText text) {
    std::string read;
    for (uint16_t i = 0; flash_char(text, i) != '\0'; ++i) read += flash_char(text, i);
    return read;
}

struct Asked {
    Request request;
    const char* bytes;
};

const Asked ASKED[] = {
    {read_measurement(1), "01 04 00 00 00 0A 70 0D"},
    {read_measurement(2), "02 04 00 00 00 0A 70 3E"},
    {read_measurement(3), "03 04 00 00 00 0A 71 EF"},
    {read_measurement(0x10), "10 04 00 00 00 0A 73 4C"},
    {read_measurement(ADDRESS_ANY), "F8 04 00 00 00 0A 64 64"},
    {read_address(ADDRESS_ANY), "F8 03 00 02 00 01 31 A3"},
    {read_holding(1, 1, 2), "01 03 00 01 00 02 95 CB"},
    {write_address(ADDRESS_ANY, 1), "F8 06 00 02 00 01 FD A3"},
    {write_address(1, 2), "01 06 00 02 00 02 A9 CB"},
    {write_address(ADDRESS_ANY, 0x10), "F8 06 00 02 00 10 3D AF"},
    {write_holding(1, 1, 2300), "01 06 00 01 08 FC DF 8B"},
    {reset_energy(1), "01 42 80 11"},
    {reset_energy(ADDRESS_ANY), "F8 42 C2 41"},
};

// Right CRCs, and none of our business.
const char* const STRANGE[] = {
    "F8 41 37 21 B7 78",                                               // calibration
    "01 03 01 00 00 0B 05 F1",                                         // a PZEM of another map is asked
    "01 04 10 05 40 00 0A 00 0D 00 00 00 02 00 00 00 00 00 00 D6 29",  // a PZEM-003 answers
};

// The older PZEM-004T v1.0 speaks another language: 7 bytes with a sum.
const char* const OLD[] = {
    "B0 C0 A8 01 01 00 1A", "B1 C0 A8 01 01 00 1B", "B2 C0 A8 01 01 00 1C", "B3 C0 A8 01 01 00 1D",
    "B4 C0 A8 01 01 00 1E", "B5 C0 A8 01 01 14 33", "A0 00 E6 02 00 00 88", "A1 00 11 20 00 00 D2",
    "A2 08 98 00 00 00 42", "A3 01 86 9F 00 00 C9", "A4 00 00 00 00 00 A4", "A5 00 00 00 00 00 A5",
};

}  // namespace

TEST_CASE("the CRC is the one of the standard, for every state and byte") {
    for (uint32_t crc = 0; crc <= 0xFFFF; ++crc) {
        for (uint32_t byte = 0; byte <= 0xFF; ++byte) {
            uint32_t expected = crc ^ byte;
            for (int bit = 0; bit < 8; ++bit) expected = (expected & 1) ? (expected >> 1) ^ 0xA001 : expected >> 1;
            if (crc16_add(static_cast<uint16_t>(crc), static_cast<uint8_t>(byte)) != expected) FAIL(crc, " ", byte);
        }
    }
    const Bytes digits = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
    CHECK(crc16(digits.data(), 9) == 0x4B37);  // the published check value of CRC-16/MODBUS
    CHECK(crc16(digits.data() + 4, 5, crc16(digits.data(), 4)) == 0x4B37);
    for (const char* text : STRANGE) {
        const Bytes frame = hex(text);
        CHECK(sealed(Bytes(frame.begin(), frame.end() - 2)) == frame);
    }
}

TEST_CASE("requests have the bytes of the data sheet") {
    for (const Asked& asked : ASKED) {
        CAPTURE(asked.bytes);
        CHECK(bytes_of(asked.request) == hex(asked.bytes));
        CHECK(asked.request.function() != 0x41);  // calibration is for the factory
    }
}

TEST_CASE("replies say the values that were measured") {
    CHECK(same(measured(read_measurement(1), MEASURED), {2257, 108, 244, 38, 500, 100, false}));
    CHECK(same(measured(read_measurement(1),
                        "01 04 14 04 D5 65 9C 00 01 9B D1 00 00 1E A9 00 02 02 57 00 23 00 00 C5 BE"),
               {1237, 91548, 39889, 138921, 599, 35, false}));
    CHECK(same(measured(read_measurement(2),
                        "02 04 14 09 01 86 A0 00 01 82 70 00 03 96 76 00 98 02 58 00 62 FF FF 53 3D"),
               {2305, 100000, 230000, 9999990, 600, 98, true}));
    CHECK(same(measured(read_measurement(1),
                        "01 04 14 08 A5 00 00 00 00 00 00 00 00 D6 87 00 12 01 F4 00 00 00 00 3B 58"),
               {2213, 0, 0, 1234567, 500, 0, false}));
    CHECK(same(measured(read_measurement(3),
                        "03 04 14 08 EC 02 64 00 00 04 25 00 00 E2 40 00 01 01 F3 00 4C 00 00 B4 7C"),
               {2284, 612, 1061, 123456, 499, 76, false}));
    CHECK(same(measured(read_measurement(1),
                        "01 04 14 08 C5 00 6C 00 00 00 F2 00 00 18 3D 00 00 01 F4 00 64 00 00 53 8E"),
               {2245, 108, 242, 6205, 500, 100, false}));
}

TEST_CASE("holding registers are read, and what is written is echoed") {
    const Bytes both = hex("01 03 04 08 FC 00 01 F9 A3");
    REQUIRE(checked(read_holding(1, 1, 2), both) == Reply::GOOD);
    CHECK(register_of(both.data(), 0) == 2300);
    CHECK(register_of(both.data(), 1) == 1);
    for (const Asked& asked : ASKED) {
        const uint8_t function = asked.request.function();
        const bool echoed = function == 0x06 || function == 0x42;
        CAPTURE(asked.bytes);
        CHECK((checked(asked.request, hex(asked.bytes)) == Reply::GOOD) == echoed);
    }
    CHECK(checked(write_address(1, 2), hex("01 06 00 02 00 03 68 0B")) == Reply::DAMAGED);  // another value
    CHECK(checked(write_address(1, 2), sealed({1, 6, 0, 1, 0, 2})) == Reply::DAMAGED);     // another register
}

TEST_CASE("an error of the sensor is known as one, with its code") {
    struct {
        Request request;
        const char* bytes;
        uint8_t code;
    } const errors[] = {
        {read_measurement(1), "01 84 01 82 C0", 1}, {read_measurement(1), "01 84 02 C2 C1", 2},
        {read_measurement(1), "01 84 03 03 01", 3}, {read_measurement(1), "01 84 04 42 C3", 4},
        {read_address(1), "01 84 02 C2 C1", 2},     {write_address(1, 2), "01 86 03 02 61", 3},
        {reset_energy(1), "01 C2 04 70 A3", 4},
    };
    for (const auto& error : errors) {
        const Bytes bytes = hex(error.bytes);
        CAPTURE(error.bytes);
        CHECK(checked(error.request, bytes) == Reply::EXCEPTION);
        CHECK(exception_code(bytes.data()) == error.code);
    }
    CHECK(checked(read_address(1), sealed({1, 0x83, 2})) == Reply::EXCEPTION);  // as the Modbus standard has it
    CHECK(checked(read_measurement(1), sealed({1, 0x83, 2})) == Reply::DAMAGED);
    CHECK(checked(read_measurement(1), sealed({1, 0x86, 2})) == Reply::DAMAGED);
    CHECK(checked(read_measurement(1), sealed({2, 0x84, 2})) == Reply::DAMAGED);
    CHECK(checked(read_measurement(1), hex("01 84 02 C2 C0")) == Reply::DAMAGED);
}

TEST_CASE("half a reply is incomplete, and what stands behind it makes no difference") {
    const Bytes reply = hex(MEASURED);
    for (size_t length = 0; length < reply.size(); ++length) {
        CHECK(checked(read_measurement(1), Bytes(reply.begin(), reply.begin() + static_cast<long>(length))) ==
              Reply::INCOMPLETE);
    }
    Bytes longer = reply;
    longer.push_back(0x55);
    CHECK(checked(read_measurement(1), longer) == Reply::GOOD);
}

TEST_CASE("a reply to somebody else, or of another kind, is none") {
    const Bytes reply = hex(MEASURED);
    CHECK(checked(read_measurement(2), reply) == Reply::DAMAGED);
    CHECK(checked(read_address(1), reply) == Reply::DAMAGED);
    CHECK(checked(reset_energy(1), reply) == Reply::DAMAGED);
    CHECK(checked(read_holding(1, 0, 10), reply) == Reply::DAMAGED);
    CHECK(checked(read_measurement(1), sealed({1, 4, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) ==
          Reply::DAMAGED);
    for (const Asked& asked : ASKED) {
        for (const char* text : STRANGE) CHECK(checked(asked.request, hex(text)) == Reply::DAMAGED);
        for (const char* text : OLD) CHECK(checked(asked.request, hex(text)) == Reply::DAMAGED);
    }
}

TEST_CASE("to the general address a sensor may answer under its own or under that") {
    Bytes body = hex(MEASURED);
    body.resize(23);
    for (const uint8_t address : {0x01, 0x10, 0xF7, 0xF8}) {
        body[0] = address;
        CHECK(checked(read_measurement(ADDRESS_ANY), sealed(body)) == Reply::GOOD);
    }
    for (const uint8_t address : {0x00, 0xF9, 0xFF}) {
        body[0] = address;
        CHECK(checked(read_measurement(ADDRESS_ANY), sealed(body)) == Reply::DAMAGED);
    }
}

TEST_CASE("a power factor above 1 is no measurement") {
    Bytes body = hex(MEASURED);
    body.resize(23);
    Measurement measurement;
    for (const uint16_t power_factor : {101, 256, 0xFFFF}) {
        body[19] = static_cast<uint8_t>(power_factor >> 8);
        body[20] = static_cast<uint8_t>(power_factor & 0xFF);
        const Bytes reply = sealed(body);
        REQUIRE(checked(read_measurement(1), reply) == Reply::GOOD);
        CHECK_FALSE(measurement_of(reply.data(), measurement));
    }
}

TEST_CASE("one, two or three flipped bits are found wherever they are, and so is every burst of 16") {
    const Request request = read_measurement(1);
    Bytes reply = hex(MEASURED);
    const unsigned bits = static_cast<unsigned>(reply.size()) * 8;
    const auto flip = [&reply](unsigned bit) { reply[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8); };
    const auto refused = [&] { return checked(request, reply) != Reply::GOOD; };
    unsigned believed = 0;
    for (unsigned a = 0; a < bits; ++a) {
        flip(a);
        believed += refused() ? 0 : 1;
        for (unsigned b = a + 1; b < bits; ++b) {
            flip(b);
            believed += refused() ? 0 : 1;
            for (unsigned c = b + 1; c < bits; ++c) {
                flip(c);
                believed += refused() ? 0 : 1;
                flip(c);
            }
            flip(b);
        }
        flip(a);
    }
    for (unsigned at = 0; at + 16 <= bits; ++at) {
        for (unsigned pattern = 1; pattern <= 0xFFFF; pattern += 2) {
            for (unsigned bit = 0; bit < 16; ++bit) {
                if (pattern >> bit & 1) flip(at + bit);
            }
            believed += refused() ? 0 : 1;
            for (unsigned bit = 0; bit < 16; ++bit) {
                if (pattern >> bit & 1) flip(at + bit);
            }
        }
    }
    CHECK(believed == 0);
}

TEST_CASE("causes have the words of the protocol") {
    CHECK(text_of(cause_word(Cause::TIMEOUT)) == "timeout");
    CHECK(text_of(cause_word(Cause::CRC)) == "crc");
    CHECK(text_of(cause_word(Cause::EXCEPTION)) == "exception");
    CHECK(text_of(cause_word(Cause::SETTLING)) == "settling");
    CHECK(text_of(cause_word(Cause::RANGE)) == "range");
    CHECK(text_of(cause_word(Cause::NONE)).empty());
}
