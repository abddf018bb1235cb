// The conversation on both links: who is taken for the edge, how often that is kept, and a change of the link.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "../kembar/src/board/conversation.h"
#include "../kembar/src/board/freeram.h"
#include "../kembar/src/logic/crc16.h"
#include "fakechip.h"

namespace {

std::string over_usb;

}  // namespace

// The UART, one byte a millisecond.
namespace kembar {

uint16_t least_free_ram() { return 1000; }

void SerialLink::begin() {}

void SerialLink::step() {
    if (sent_ < length_) over_usb += line_[sent_++];
}

void SerialLink::take(const LineBuffer& line) {
    line_ = line.bytes();
    length_ = line.length();
    sent_ = 0;
}

uint8_t SerialLink::room() { return 0; }
void SerialLink::put(char) {}
int16_t SerialLink::receive() { return -1; }

}  // namespace kembar

using namespace kembar;

namespace {

const uint8_t PI[4] = {192, 168, 1, 5};
const uint8_t OTHER_PI[4] = {192, 168, 1, 6};

std::string with_crc(const std::string& body) {
    char crc[8];
    std::snprintf(crc, sizeof crc, "*%04X\n",
                  crc16(reinterpret_cast<const uint8_t*>(body.data()), static_cast<uint16_t>(body.size())));
    return body + crc;
}

const std::string BEACON = with_crc("B1,rumah,8485");

bool all_whole(const std::string& lines) {
    for (size_t at = 0, end; at < lines.size(); at = end + 1) {
        end = lines.find('\n', at);
        if (end == std::string::npos) return true;  // still on its way
        const size_t star = lines.find('*', at);
        if (with_crc(lines.substr(at, star - at)) != lines.substr(at, end + 1 - at)) return false;
    }
    return true;
}

struct Device {
    std::unique_ptr<RingMemory> memory{new RingMemory()};
    Ring ring{*memory};
    Settings settings = default_settings(1);
    SerialLink serial;
    Conversation conversation{ring, settings, serial};
    uint64_t now_ms = 0;
    unsigned kept = 0;  // how often the settings were to be saved

    explicit Device(bool chip_answers = true) {
        fake_chip = FakeChip();
        fake_chip.hung = !chip_answers;
        over_usb = "";
        ring.start(7);
        conversation.begin(KEMBAR_TEXT("power"));
    }

    void run(uint32_t ms) {
        for (const uint64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms++) {
            serial.step();
            kept += conversation.edge_moved();
            conversation.hear(now_ms);
            conversation.say(now_ms);
        }
    }

    void beacon(const uint8_t from[4]) {
        fake_chip.datagram(W5x00::BEACONS, from, 8486, BEACON);
        run(100);
    }

    void ticks(unsigned count) {
        const Measurement fridge = {2284, 612, 1061, 123456, 499, 76, false};
        for (; count > 0; count--) ring.add(reading_of(1, fridge), now_ms);
    }
};

}  // namespace

TEST_CASE("a beacon from an address that no host has is no edge's, and never reaches the settings") {
    Device device;
    device.run(100);
    const Settings before = device.settings;
    for (uint8_t first : {0, 127, 224, 240, 255}) {
        const uint8_t nobody[4] = {first, 0, 0, 1};
        device.beacon(nobody);
        CHECK(std::memcmp(&device.settings, &before, sizeof before) == 0);
    }
    CHECK(fake_chip.sent.empty());
    device.beacon(PI);
    CHECK(valid(device.settings));
    CHECK(std::memcmp(device.settings.edge_ip, PI, sizeof PI) == 0);
    CHECK(std::string(device.settings.edge_name) == "rumah");
    CHECK(device.kept == 1);
    CHECK_FALSE(fake_chip.sent.empty());
}

TEST_CASE("with two silent edges of one name it goes to and fro, but the EEPROM is written once in ten minutes") {
    Device device;
    device.run(100);
    unsigned moves = 0;
    for (unsigned i = 0; i < 3600 / 5; i++) {
        const Settings before = device.settings;
        device.beacon(i % 2 ? PI : OTHER_PI);
        moves += std::memcmp(&device.settings, &before, sizeof before) != 0;
        device.run(4900);
    }
    CHECK(moves > 50);
    CHECK(device.kept >= 5);
    CHECK(device.kept <= 7);
}

TEST_CASE("when a chip begins to answer the line on USB is ended, and all that is unanswered goes at once") {
    // At any byte of the line.
    for (uint32_t extra_ms = 0; extra_ms < 100; extra_ms += 3) {
        Device device(false);
        device.settings.edge_by_hand = 1;
        std::memcpy(device.settings.edge_ip, PI, sizeof PI);
        device.conversation.begin(KEMBAR_TEXT("power"));
        device.ticks(100);
        device.run(4000 + extra_ms);
        REQUIRE(over_usb.find("R1,kembar,7,1,") != std::string::npos);
        fake_chip.hung = false;
        device.run(4500);
        CHECK(all_whole(over_usb));
        CHECK(over_usb.back() == '\n');
        std::string datagrams;
        for (const std::string& each : fake_chip.sent) datagrams += each;
        CHECK(all_whole(datagrams));
        CHECK(datagrams.find("R1,kembar,7,1,") != std::string::npos);
        CHECK(datagrams.find("R1,kembar,7,100,") != std::string::npos);
    }
}
