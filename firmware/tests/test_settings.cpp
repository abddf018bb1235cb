// Settings: complete defaults, every mistake in words, what is typed is what is shown, and no belief in a strange block.
#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <set>
#include <string>

#include "../kembar/src/logic/settingtext.h"
#include "cells.h"

using namespace kembar;

namespace {

struct Text : Output {
    std::string text;
    void put(char character) override { text += character; }
};

std::string value_of(const Settings& settings, Key key) {
    Text text;
    print_value(text, settings, key);
    return text.text;
}

// "" when the value is taken.
std::string mistake(Settings& settings, Key key, const char* value) {
    const FlashText expected = set(settings, key, value);
    return expected.none() ? "" : expected.at;
}

std::string mistake(Key key, const char* value) {
    Settings settings = default_settings(1);
    const Settings before = settings;
    const std::string said = mistake(settings, key, value);
    if (!said.empty()) CHECK(std::memcmp(&settings, &before, sizeof(Settings)) == 0);
    return said;
}

// What is shown after it was typed.
std::string taken(Key key, const char* value) {
    Settings settings = default_settings(1);
    CHECK(mistake(settings, key, value) == "");
    CHECK(valid(settings));
    return value_of(settings, key);
}

Settings kept(Cells& eeprom, const Settings& settings) {
    Storage storage(eeprom, SETTINGS_ADDRESS, sizeof(Settings), SETTINGS_KIND);
    storage.save(settings.bytes());
    while (storage.step() == Storage::Save::WRITING) {
    }
    return settings;
}

FoundSettings found(Cells& eeprom, Settings& settings, uint32_t random = 7) {
    eeprom.power_on();
    Storage storage(eeprom, SETTINGS_ADDRESS, sizeof(Settings), SETTINGS_KIND);
    return load_settings(storage, settings, random);
}

}  // namespace

TEST_CASE("the defaults are complete and possible") {
    const Settings settings = default_settings(0x00ABCDEF);
    CHECK(valid(settings));
    const char* const shown[KEYS] = {"kembar", "auto", "192.168.1.177/24", "192.168.1.1", "02:4B:42:EF:CD:AB",
                                     "auto",   "1,2,3", "1000",            "on"};
    for (uint8_t i = 0; i < KEYS; ++i) CHECK(value_of(settings, static_cast<Key>(i)) == shown[i]);
}

TEST_CASE("every value of a key is shown as it can be typed again") {
    CHECK(taken(Key::DEVICE, "garage") == "garage");
    CHECK(taken(Key::DEVICE, "a-2345678901234b") == "a-2345678901234b");
    CHECK(taken(Key::LINK, "auto") == "auto");
    CHECK(taken(Key::LINK, "ethernet") == "ethernet");
    CHECK(taken(Key::LINK, "serial") == "serial");
    CHECK(taken(Key::IP, "10.0.0.5/8") == "10.0.0.5/8");
    CHECK(taken(Key::IP, "172.16.3.4") == "172.16.3.4/24");
    CHECK(taken(Key::IP, "192.168.1.1/30") == "192.168.1.1/30");
    CHECK(taken(Key::GATEWAY, "192.168.1.254") == "192.168.1.254");
    CHECK(taken(Key::GATEWAY, "none") == "none");
    CHECK(taken(Key::MAC, "02:4b:42:0a:0B:ff") == "02:4B:42:0A:0B:FF");
    CHECK(taken(Key::EDGE, "auto") == "auto");
    CHECK(taken(Key::EDGE, "192.168.1.10") == "192.168.1.10:8485");
    CHECK(taken(Key::EDGE, "192.168.1.10:65535") == "192.168.1.10:65535");
    CHECK(taken(Key::SENSORS, "2") == "2");
    CHECK(taken(Key::SENSORS, "1,2:7,3:247") == "1,2:7,3:247");
    CHECK(taken(Key::SENSORS, "1:1,1:2,1:3,1:4,2,2:2,2:3,2:4,3,3:2,3:3,3:4") ==
          "1,1:2,1:3,1:4,2,2:2,2:3,2:4,3,3:2,3:3,3:4");
    CHECK(taken(Key::INTERVAL, "1000") == "1000");
    CHECK(taken(Key::INTERVAL, "10000") == "10000");
    CHECK(taken(Key::WATCHDOG, "off") == "off");
}

TEST_CASE("a mistake is told with what was expected, and nothing is taken") {
    struct Wrong {
        Key key;
        const char* value;
        const char* expected;
    };
    const char* const name = "expected 1 to 16 of a-z, 0-9 and -, such as garage";
    const char* const four = "expected four numbers 0 to 255, such as 192.168.1.177";
    const char* const prefix = "expected 8 to 30 after the /, such as 192.168.1.177/24";
    const char* const host = "expected the address of one device, such as 192.168.1.177/24";
    const char* const router = "expected the address of your router, such as 192.168.1.1, or none";
    const char* const pairs = "expected six pairs of 0-9 and A-F, such as 02:4B:42:01:02:03";
    const char* const edge = "expected auto, or an address such as 192.168.1.10 or 192.168.1.10:8485";
    const char* const uarts = "expected UARTs, or UART:address, such as 1,2,3 or 1:1,1:2,2:7";
    const char* const address = "expected an address 1 to 247 after the colon, such as 2:7";
    const Wrong wrongs[] = {
        {Key::DEVICE, "", name},
        {Key::DEVICE, "Garage", name},
        {Key::DEVICE, "my_garage", name},
        {Key::DEVICE, "a23456789012345678", name},
        {Key::LINK, "usb", "expected auto, ethernet or serial"},
        {Key::LINK, "", "expected auto, ethernet or serial"},
        {Key::IP, "192.168.1.999", four},
        {Key::IP, "192.168.1", four},
        {Key::IP, "", four},
        {Key::IP, "192.168.1.1000000000001", four},
        {Key::IP, "192.168.1.177/31", prefix},
        {Key::IP, "192.168.1.177/7", prefix},
        {Key::IP, "192.168.1.177/", prefix},
        {Key::IP, "192.168.1.177 ", "expected nothing more, such as 192.168.1.177/24"},
        {Key::IP, "192.168.1.0", host},
        {Key::IP, "192.168.1.255", host},
        {Key::IP, "0.0.0.0", host},
        {Key::IP, "127.0.0.1", host},
        {Key::IP, "239.1.2.3", host},
        {Key::GATEWAY, "router", router},
        {Key::GATEWAY, "0.0.0.0", router},
        {Key::GATEWAY, "192.168.1.1/24", router},
        {Key::MAC, "02:4B:42:01:02", pairs},
        {Key::MAC, "02:4B:42:01:02:03:04", pairs},
        {Key::MAC, "02-4B-42-01-02-03", pairs},
        {Key::MAC, "02:4B:42:01:02:0G", pairs},
        {Key::MAC, "03:4B:42:01:02:03", "expected an even first pair, such as 02:4B:42:01:02:03"},
        {Key::EDGE, "home", edge},
        {Key::EDGE, "192.168.1.10:0", edge},
        {Key::EDGE, "192.168.1.10:65536", edge},
        {Key::EDGE, "192.168.1.10:", edge},
        {Key::SENSORS, "", uarts},
        {Key::SENSORS, "1,2,", uarts},
        {Key::SENSORS, "1:", uarts},
        {Key::SENSORS, "1;2", "expected a comma between sensors, such as 1,2,3 or 1:1,1:2,2:7"},
        {Key::SENSORS, "0", "expected UART 1, 2 or 3, such as 1,2,3"},
        {Key::SENSORS, "1,4", "expected UART 1, 2 or 3, such as 1,2,3"},
        {Key::SENSORS, "1:0", address},
        {Key::SENSORS, "1:248", address},
        {Key::SENSORS, "1:4294967297", uarts},
        {Key::SENSORS, "1:7,2,1:7", "expected each UART with each address only once"},
        {Key::SENSORS, "1,1:1", "expected each UART with each address only once"},
        {Key::SENSORS, "1:1,1:2,1:3,1:4,1:5", "expected at most 4 sensors on one UART"},
        {Key::SENSORS, "1:1,1:2,1:3,1:4,2:1,2:2,2:3,2:4,3:1,3:2,3:3,3:4,3:5", "expected at most 12 sensors"},
        {Key::INTERVAL, "999", "expected 1000 to 10000 (milliseconds), in steps of 1000"},
        {Key::INTERVAL, "10001", "expected 1000 to 10000 (milliseconds), in steps of 1000"},
        {Key::INTERVAL, "4294968296", "expected 1000 to 10000 (milliseconds), in steps of 1000"},
        {Key::INTERVAL, "1500", "expected 1000 to 10000 (milliseconds), in steps of 1000"},
        {Key::INTERVAL, "1s", "expected 1000 to 10000 (milliseconds), in steps of 1000"},
        {Key::WATCHDOG, "yes", "expected on or off"},
        {Key::WATCHDOG, "", "expected on or off"},
    };
    for (const Wrong& wrong : wrongs) {
        CAPTURE(wrong.value);
        CHECK(mistake(wrong.key, wrong.value) == wrong.expected);
    }
}

TEST_CASE("whatever is typed, what is taken is possible and can be typed again") {
    std::mt19937 chance(20261121);
    const std::string letters = "0123456789.,:/-abfgnouteAB ";
    unsigned taken_count = 0;
    for (int i = 0; i < 200000; ++i) {
        Settings settings = default_settings(1);
        const Key key = static_cast<Key>(chance() % KEYS);
        std::string value = chance() % 2 ? value_of(settings, key) : "";
        for (unsigned changes = chance() % 6; changes > 0; --changes) {
            const std::string letter(1, letters[chance() % letters.size()]);
            if (value.empty() || chance() % 2) value.insert(chance() % (value.size() + 1), letter);
            else value.replace(chance() % value.size(), 1, letter);
        }
        if (!set(settings, key, value.c_str()).none()) continue;
        ++taken_count;
        REQUIRE(valid(settings));
        Settings again = default_settings(1);
        REQUIRE(set(again, key, value_of(settings, key).c_str()).none());
        REQUIRE(std::memcmp(&again, &settings, sizeof(Settings)) == 0);
    }
    CHECK(taken_count > 10000);
}

TEST_CASE("an unknown key is no key") {
    Key key;
    CHECK(!key_of("colour", key));
    CHECK(!key_of("", key));
    CHECK(!key_of("devices", key));
    std::set<std::string> names;
    for (uint8_t i = 0; i < KEYS; ++i) {
        const std::string name = key_name(static_cast<Key>(i)).at;
        CHECK(names.insert(name).second);
        REQUIRE(key_of(name.c_str(), key));
        CHECK(key == static_cast<Key>(i));
    }
}

TEST_CASE("an edge set by hand forgets the one that was found, and the other way round") {
    Settings settings = default_settings(1);
    const uint8_t home[] = {192, 168, 1, 20};
    learn_edge(settings, "home", home, 9000);
    CHECK(std::string(settings.edge_name) == "home");
    CHECK(settings.edge_port == 9000);
    CHECK(valid(settings));
    set(settings, Key::EDGE, "10.1.1.1");
    CHECK(std::string(settings.edge_name) == "");
    CHECK(settings.edge_ip[0] == 10);
    learn_edge(settings, "home", home, 9000);
    CHECK(settings.edge_ip[0] == 10);
    set(settings, Key::EDGE, "auto");
    CHECK(is_zero(settings.edge_ip));
}

TEST_CASE("the mask follows from the prefix") {
    Settings settings = default_settings(1);
    uint8_t mask[4];
    const struct {
        uint8_t bits, mask[4];
    } pairs[] = {{8, {255, 0, 0, 0}}, {20, {255, 255, 240, 0}}, {24, {255, 255, 255, 0}}, {30, {255, 255, 255, 252}}};
    for (const auto& pair : pairs) {
        settings.prefix_bits = pair.bits;
        settings.mask(mask);
        CHECK(std::memcmp(mask, pair.mask, 4) == 0);
    }
}

TEST_CASE("kept settings are found again; a new board is no damaged one") {
    Cells eeprom;
    Settings settings;
    CHECK(found(eeprom, settings, 0x010203) == FoundSettings::NEW);
    CHECK(value_of(settings, Key::MAC) == "02:4B:42:03:02:01");
    set(settings, Key::DEVICE, "garage");
    kept(eeprom, settings);
    Settings again;
    CHECK(found(eeprom, again) == FoundSettings::KEPT);
    CHECK(std::memcmp(&again, &settings, sizeof(Settings)) == 0);
}

TEST_CASE("settings of another version give defaults with one and the same MAC address") {
    Cells eeprom;
    Settings newer = default_settings(3), first, second;
    newer.version = SETTINGS_VERSION + 1;
    std::strcpy(newer.device, "garage");
    kept(eeprom, newer);
    CHECK(found(eeprom, first, 1) == FoundSettings::OTHER_VERSION);
    CHECK(found(eeprom, second, 2) == FoundSettings::OTHER_VERSION);
    CHECK(value_of(first, Key::DEVICE) == "kembar");
    CHECK(valid(first));
    CHECK(std::memcmp(&first, &second, sizeof(Settings)) == 0);
}

TEST_CASE("a damaged block, or one with impossible values, gives defaults") {
    Cells eeprom;
    Settings settings = default_settings(3);
    kept(eeprom, settings);
    eeprom.power_on();
    eeprom.cells[SETTINGS_ADDRESS + 5] ^= 1;
    CHECK(found(eeprom, settings) == FoundSettings::DAMAGED);
    CHECK(valid(settings));

    Settings wrong = default_settings(3);
    wrong.sensors[1].uart = 9;
    kept(eeprom, wrong);
    CHECK(found(eeprom, settings) == FoundSettings::DAMAGED);
    CHECK(valid(settings));
}

TEST_CASE("no byte of the block makes an impossible setting believed") {
    // Random bytes at random places: valid() either refuses, or every value can be shown and typed again.
    std::mt19937 chance(11);
    for (int i = 0; i < 100000; ++i) {
        Settings settings = default_settings(5);
        for (unsigned changes = 1 + chance() % 3; changes > 0; --changes) {
            settings.bytes()[chance() % (sizeof(Settings) - sizeof(settings.spare))] = static_cast<uint8_t>(chance());
        }
        if (!valid(settings)) continue;
        for (uint8_t key = 0; key < KEYS; ++key) {
            Settings again = settings;
            REQUIRE(set(again, static_cast<Key>(key), value_of(settings, static_cast<Key>(key)).c_str()).none());
        }
    }
}
