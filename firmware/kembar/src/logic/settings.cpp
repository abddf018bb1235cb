// The defaults, and what makes a value possible.
#include "settings.h"

#include <string.h>

#include "crc16.h"

namespace kembar {

namespace {

const uint8_t MULTICAST = 224;  // the first octet of multicast, reserved and broadcast addresses: 224 and above
const uint8_t LOOPBACK = 127;
const uint8_t GROUP_BIT = 1;  // of a MAC address' first byte: not one device's

bool valid_name_in(const char (&name)[NAME_BYTES_MOST + 1]) {
    return memchr(name, '\0', sizeof(name)) != nullptr && valid_name(name);
}

bool valid_edge(const Settings& settings) {
    if (settings.edge_by_hand > 1 || settings.edge_port == 0) return false;
    const bool named = settings.edge_name[0] != '\0';
    if (named && !valid_name_in(settings.edge_name)) return false;
    return is_zero(settings.edge_ip) ? !settings.edge_by_hand : valid_host(settings.edge_ip);
}

bool valid_network(const Settings& settings) {
    if (settings.prefix_bits < PREFIX_LEAST_BITS || settings.prefix_bits > PREFIX_MOST_BITS) return false;
    if (!valid_host(settings.ip) || !is_host_of_prefix(settings.ip, settings.prefix_bits)) return false;
    return (is_zero(settings.gateway) || valid_host(settings.gateway)) && valid_mac(settings.mac);
}

uint8_t mask_byte(uint8_t prefix_bits, uint8_t i) {
    if (prefix_bits >= 8 * (i + 1)) return 0xFF;
    if (prefix_bits <= 8 * i) return 0;
    return static_cast<uint8_t>(0xFF << (8 * (i + 1) - prefix_bits));
}

}  // namespace

void Settings::mask(uint8_t* four) const {
    for (uint8_t i = 0; i < 4; ++i) four[i] = mask_byte(prefix_bits, i);
}

uint8_t Settings::sensors_on(uint8_t uart) const {
    uint8_t count = 0;
    for (uint8_t i = 0; i < sensor_count; ++i) count += sensors[i].uart == uart;
    return count;
}

Settings default_settings(uint32_t random) {
    Settings settings;
    memset(&settings, 0, sizeof(settings));
    settings.version = SETTINGS_VERSION;
    settings.link = LinkChoice::EITHER;
    const uint8_t ip[] = {192, 168, 1, 177}, gateway[] = {192, 168, 1, 1}, ours[] = {0x02, 0x4B, 0x42};
    memcpy(settings.ip, ip, sizeof(ip));
    settings.prefix_bits = 24;
    memcpy(settings.gateway, gateway, sizeof(gateway));
    memcpy(settings.mac, ours, sizeof(ours));
    for (uint8_t i = 3; i < 6; ++i, random >>= 8) settings.mac[i] = static_cast<uint8_t>(random);
    settings.edge_port = EDGE_PORT;
    settings.interval_ms = INTERVAL_LEAST_MS;
    settings.watchdog = 1;
    settings.sensor_count = UARTS_MOST;
    for (uint8_t i = 0; i < UARTS_MOST; ++i) {
        settings.sensors[i].uart = static_cast<uint8_t>(i + 1);
        settings.sensors[i].address = ADDRESS_AS_SOLD;
    }
    const char device[] = "kembar";
    memcpy(settings.device, device, sizeof(device));
    return settings;
}

FoundSettings load_settings(Storage& storage, Settings& settings, uint32_t random) {
    if (!storage.load(settings.bytes())) {
        settings = default_settings(random);
        return storage.blank() ? FoundSettings::NEW : FoundSettings::DAMAGED;
    }
    if (settings.version != SETTINGS_VERSION) {
        // Nothing is saved, so chance would give another MAC address at each start: the bytes give one that stays.
        settings = default_settings(crc16(settings.bytes(), sizeof(settings)));
        return FoundSettings::OTHER_VERSION;
    }
    if (valid(settings)) return FoundSettings::KEPT;
    settings = default_settings(random);
    return FoundSettings::DAMAGED;
}

void learn_edge(Settings& settings, const char* name, const uint8_t ip[4], uint16_t port) {
    if (settings.edge_by_hand || !valid_name(name) || !valid_host(ip) || port == 0) return;
    memcpy(settings.edge_ip, ip, sizeof(settings.edge_ip));
    settings.edge_port = port;
    memset(settings.edge_name, 0, sizeof(settings.edge_name));
    strncpy(settings.edge_name, name, NAME_BYTES_MOST);
}

bool valid(const Settings& settings) {
    if (settings.version != SETTINGS_VERSION || settings.link > LinkChoice::USB || settings.watchdog > 1) return false;
    if (settings.interval_ms < INTERVAL_LEAST_MS || settings.interval_ms > INTERVAL_MOST_MS) return false;
    if (settings.interval_ms % INTERVAL_STEP_MS != 0) return false;
    if (settings.sensor_count == 0 || settings.sensor_count > SENSORS_MOST) return false;
    if (fault_of(settings.sensors, settings.sensor_count) != SensorFault::NONE) return false;
    return valid_name_in(settings.device) && valid_edge(settings) && valid_network(settings);
}

bool valid_name(const char* name) {
    uint8_t length = 0;
    for (; name[length] != '\0'; ++length) {
        const char c = name[length];
        const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!allowed || length == NAME_BYTES_MOST) return false;
    }
    return length > 0;
}

bool valid_host(const uint8_t ip[4]) { return ip[0] != 0 && ip[0] != LOOPBACK && ip[0] < MULTICAST; }

bool valid_mac(const uint8_t mac[6]) {
    static const uint8_t NOTHING[6] = {0};
    return (mac[0] & GROUP_BIT) == 0 && memcmp(mac, NOTHING, sizeof(NOTHING)) != 0;
}

bool is_host_of_prefix(const uint8_t ip[4], uint8_t prefix_bits) {
    bool any_one = false, any_zero = false;
    for (uint8_t i = 0; i < 4; ++i) {
        const uint8_t host = static_cast<uint8_t>(~mask_byte(prefix_bits, i));
        any_one = any_one || (ip[i] & host) != 0;
        any_zero = any_zero || (ip[i] & host) != host;
    }
    return any_one && any_zero;
}

bool same_network(const uint8_t one[4], const uint8_t other[4], uint8_t prefix_bits) {
    for (uint8_t i = 0; i < 4; ++i) {
        if ((one[i] ^ other[i]) & mask_byte(prefix_bits, i)) return false;
    }
    return true;
}

bool is_zero(const uint8_t ip[4]) { return (ip[0] | ip[1] | ip[2] | ip[3]) == 0; }

bool gateway_outside(const Settings& settings) {
    return !is_zero(settings.gateway) && !same_network(settings.ip, settings.gateway, settings.prefix_bits);
}

SensorFault fault_of(const SensorAt* sensors, uint8_t count) {
    uint8_t on_uart[UARTS_MOST + 1] = {0};
    for (uint8_t i = 0; i < count; ++i) {
        const SensorAt& sensor = sensors[i];
        if (sensor.uart == 0 || sensor.uart > UARTS_MOST) return SensorFault::NO_UART;
        if (sensor.address == 0 || sensor.address > ADDRESS_MOST) return SensorFault::NO_ADDRESS;
        for (uint8_t k = 0; k < i; ++k) {
            if (sensors[k].uart == sensor.uart && sensors[k].address == sensor.address) return SensorFault::TWICE;
        }
        if (++on_uart[sensor.uart] > SENSORS_MOST_ON_A_UART) return SensorFault::CROWDED;
    }
    return SensorFault::NONE;
}

}  // namespace kembar
