// What a person sets up once: who the device is, how it reaches its edge, and which sensors it reads.
//
// The struct is also the block that lies in the EEPROM, byte for byte; storage.h keeps it. Texts are settingtext.h's.
// 1. A block whose version is not ours, or with a value that could not have been set, is not believed: defaults.
// 2. Defaults are complete: a board fresh from the shop reads three sensors and finds its edge by beacon.
// 3. Whoever runs takes the values at start; a change takes effect by a restart.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "linereader.h"
#include "pzem.h"
#include "storage.h"

namespace kembar {

// Goes up when a byte of Settings changes its place or meaning.
const uint8_t SETTINGS_VERSION = 1;
// Starts the CRC, so that no other block is taken for the settings.
const uint16_t SETTINGS_KIND = 0x4B53;

const uint8_t UARTS_MOST = 3;              // Serial1 to Serial3; Serial is the USB line
const uint8_t SENSORS_MOST = 12;
const uint8_t SENSORS_MOST_ON_A_UART = 4;  // when all are silent, two attempts of 100 ms each still fit into a second
const uint8_t ADDRESS_AS_SOLD = 1;         // of every PZEM-004T (data sheet V3.0, 2.7)
const uint16_t INTERVAL_STEP_MS = 1000;    // a PZEM-004T measures about once a second, and is asked as often
const uint16_t INTERVAL_LEAST_MS = INTERVAL_STEP_MS;
const uint16_t INTERVAL_MOST_MS = 10000;
const uint16_t EDGE_PORT = 8485;           // docs/protocol.md
const uint8_t PREFIX_LEAST_BITS = 8;
const uint8_t PREFIX_MOST_BITS = 30;

enum class LinkChoice : uint8_t {
    EITHER,  // Ethernet while a W5100 or W5500 answers, otherwise USB serial
    ETHERNET,
    USB,
};

struct SensorAt {
    uint8_t uart;     // 1 to 3
    uint8_t address;  // 1 to 247
};

// Bytes only where a person's value might be missing or wrong: a bool read from an EEPROM need not be one.
struct Settings {
    uint8_t version;
    LinkChoice link;
    uint8_t ip[4];
    uint8_t prefix_bits;
    uint8_t gateway[4];  // 0.0.0.0: none
    uint8_t mac[6];
    uint8_t edge_by_hand;
    uint8_t edge_ip[4];  // by hand, or where the beacon came from; 0.0.0.0: none yet
    uint8_t watchdog;
    uint8_t sensor_count;
    uint16_t edge_port;
    uint16_t interval_ms;
    SensorAt sensors[SENSORS_MOST];  // the first is channel 1
    char device[NAME_BYTES_MOST + 1];
    char edge_name[NAME_BYTES_MOST + 1];  // as its beacon said; empty: none yet
    uint8_t spare[4];                     // 0; for settings to come, so that the block keeps its size

    const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this); }
    uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this); }
    void mask(uint8_t* four) const;
    // How many sensors hang on this UART.
    uint8_t sensors_on(uint8_t uart) const;
};
static_assert(sizeof(Settings) == 90, "the same bytes on every compiler, or it is no block of version 1");

// `random` becomes the lower half of a MAC address of our own range (locally administered, 02:4B:42).
Settings default_settings(uint32_t random);

enum class FoundSettings : uint8_t {
    KEPT,           // as they were saved
    NEW,            // a new board: nothing was ever saved
    DAMAGED,        // neither copy can be read, or what is in them cannot be
    OTHER_VERSION,  // of a newer sketch, or a much older one
};

// At start: what is kept, otherwise defaults with chance in the MAC address. New and damaged ones are to be saved then,
// so that the address stays; those of another version are left alone until somebody sets something, because the other
// sketch may come back.
FoundSettings load_settings(Storage& storage, Settings& settings, uint32_t random);

// Takes what a beacon said; to be saved then. An edge set by hand stays.
void learn_edge(Settings& settings, const char* name, const uint8_t ip[4], uint16_t port);

// Whether these values can have been set. For a block from the EEPROM.
bool valid(const Settings& settings);

// 1 to 16 of a-z, 0-9 and "-": names of devices and edges (docs/protocol.md).
bool valid_name(const char* name);
// An address that a device on a network can have; leaves out 0..., 127..., multicast and broadcast.
bool valid_host(const uint8_t ip[4]);
bool valid_mac(const uint8_t mac[6]);
// Neither the network's own address nor its broadcast address.
bool is_host_of_prefix(const uint8_t ip[4], uint8_t prefix_bits);
bool same_network(const uint8_t one[4], const uint8_t other[4], uint8_t prefix_bits);
bool is_zero(const uint8_t ip[4]);
// A gateway that cannot be reached from this address.
bool gateway_outside(const Settings& settings);

enum class SensorFault : uint8_t { NONE, NO_UART, NO_ADDRESS, TWICE, CROWDED };
// What is wrong with the list of sensors, as far as it can be seen without asking them.
SensorFault fault_of(const SensorAt* sensors, uint8_t count);

}  // namespace kembar
