// How each setting is read and written.
#include "settingtext.h"

#include <string.h>

#include "textwalk.h"

namespace kembar {

namespace {

FlashText set_device(Settings& settings, const char* value) {
    if (!valid_name(value)) return KEMBAR_TEXT("expected 1 to 16 of a-z, 0-9 and -, such as garage");
    memset(settings.device, 0, sizeof(settings.device));
    strncpy(settings.device, value, NAME_BYTES_MOST);
    return no_text();
}

FlashText link_name(LinkChoice link) {
    switch (link) {
        case LinkChoice::ETHERNET: return KEMBAR_TEXT("ethernet");
        case LinkChoice::USB: return KEMBAR_TEXT("serial");
        default: return KEMBAR_TEXT("auto");
    }
}

FlashText set_link(Settings& settings, const char* value) {
    for (uint8_t i = 0; i <= static_cast<uint8_t>(LinkChoice::USB); ++i) {
        if (!equal(value, link_name(static_cast<LinkChoice>(i)))) continue;
        settings.link = static_cast<LinkChoice>(i);
        return no_text();
    }
    return KEMBAR_TEXT("expected auto, ethernet or serial");
}

// Without "/" the length of the network's part stays as it is.
FlashText set_ip(Settings& settings, const char* value) {
    TextWalk walk(value);
    uint8_t ip[4];
    uint32_t bits = settings.prefix_bits;
    if (!walk.ip(ip)) return KEMBAR_TEXT("expected four numbers 0 to 255, such as 192.168.1.177");
    if (walk.pass('/') && (!walk.number(PREFIX_MOST_BITS, bits) || bits < PREFIX_LEAST_BITS)) {
        return KEMBAR_TEXT("expected 8 to 30 after the /, such as 192.168.1.177/24");
    }
    if (!walk.ended()) return KEMBAR_TEXT("expected nothing more, such as 192.168.1.177/24");
    if (!valid_host(ip) || !is_host_of_prefix(ip, static_cast<uint8_t>(bits))) {
        return KEMBAR_TEXT("expected the address of one device, such as 192.168.1.177/24");
    }
    memcpy(settings.ip, ip, sizeof(ip));
    settings.prefix_bits = static_cast<uint8_t>(bits);
    return no_text();
}

FlashText set_gateway(Settings& settings, const char* value) {
    TextWalk walk(value);
    uint8_t ip[4] = {0, 0, 0, 0};
    if (!equal(value, KEMBAR_TEXT("none")) && !(walk.ip(ip) && walk.ended() && valid_host(ip))) {
        return KEMBAR_TEXT("expected the address of your router, such as 192.168.1.1, or none");
    }
    memcpy(settings.gateway, ip, sizeof(ip));
    return no_text();
}

FlashText set_mac(Settings& settings, const char* value) {
    TextWalk walk(value);
    uint8_t mac[6];
    for (uint8_t i = 0; i < sizeof(mac); ++i) {
        if ((i > 0 && !walk.pass(':')) || !walk.hex_byte(mac[i]) || (i + 1 == sizeof(mac) && !walk.ended())) {
            return KEMBAR_TEXT("expected six pairs of 0-9 and A-F, such as 02:4B:42:01:02:03");
        }
    }
    if (!valid_mac(mac)) return KEMBAR_TEXT("expected an even first pair, such as 02:4B:42:01:02:03");
    memcpy(settings.mac, mac, sizeof(mac));
    return no_text();
}

FlashText set_edge(Settings& settings, const char* value) {
    TextWalk walk(value);
    uint8_t ip[4] = {0, 0, 0, 0};
    uint32_t port = EDGE_PORT;
    const bool by_hand = !equal(value, KEMBAR_TEXT("auto"));
    if (by_hand) {
        bool right = walk.ip(ip) && valid_host(ip);
        if (right && walk.pass(':')) right = walk.number(0xFFFF, port) && port > 0;
        if (!right || !walk.ended()) {
            return KEMBAR_TEXT("expected auto, or an address such as 192.168.1.10 or 192.168.1.10:8485");
        }
    }
    settings.edge_by_hand = by_hand;
    memcpy(settings.edge_ip, ip, sizeof(ip));
    settings.edge_port = static_cast<uint16_t>(port);
    memset(settings.edge_name, 0, sizeof(settings.edge_name));
    return no_text();
}

FlashText set_sensors(Settings& settings, const char* value) {
    TextWalk walk(value);
    SensorAt sensors[SENSORS_MOST];
    uint8_t count = 0;
    do {
        if (count == SENSORS_MOST) return KEMBAR_TEXT("expected at most 12 sensors");
        SensorAt& sensor = sensors[count++];
        sensor.address = ADDRESS_AS_SOLD;
        if (!walk.byte(sensor.uart) || (walk.pass(':') && !walk.byte(sensor.address))) {
            return KEMBAR_TEXT("expected UARTs, or UART:address, such as 1,2,3 or 1:1,1:2,2:7");
        }
    } while (walk.pass(','));
    if (!walk.ended()) return KEMBAR_TEXT("expected a comma between sensors, such as 1,2,3 or 1:1,1:2,2:7");
    const SensorFault fault = fault_of(sensors, count);
    if (fault != SensorFault::NONE) return fault_text(fault);
    memset(settings.sensors, 0, sizeof(settings.sensors));
    memcpy(settings.sensors, sensors, count * sizeof(SensorAt));
    settings.sensor_count = count;
    return no_text();
}

FlashText set_interval(Settings& settings, const char* value) {
    TextWalk walk(value);
    uint32_t interval_ms;
    const bool in_range = walk.number(INTERVAL_MOST_MS, interval_ms) && walk.ended() && interval_ms >= INTERVAL_LEAST_MS;
    if (!in_range || interval_ms % INTERVAL_STEP_MS != 0) {
        return KEMBAR_TEXT("expected 1000 to 10000 (milliseconds), in steps of 1000");
    }
    settings.interval_ms = static_cast<uint16_t>(interval_ms);
    return no_text();
}

FlashText set_watchdog(Settings& settings, const char* value) {
    const bool on = equal(value, KEMBAR_TEXT("on"));
    if (!on && !equal(value, KEMBAR_TEXT("off"))) return KEMBAR_TEXT("expected on or off");
    settings.watchdog = on;
    return no_text();
}

void print_mac(Output& output, const uint8_t mac[6]) {
    for (uint8_t i = 0; i < 6; ++i) {
        if (i > 0) output.put(':');
        print_hex(output, mac[i], 2);
    }
}

void print_number_after(Output& output, char separator, uint32_t number) {
    output.put(separator);
    print(output, number);
}

void print_edge(Output& output, const Settings& settings) {
    if (!settings.edge_by_hand) return print(output, KEMBAR_TEXT("auto"));
    print_ip(output, settings.edge_ip);
    print_number_after(output, ':', settings.edge_port);
}

}  // namespace

FlashText fault_text(SensorFault fault) {
    switch (fault) {
        case SensorFault::NO_UART: return KEMBAR_TEXT("expected UART 1, 2 or 3, such as 1,2,3");
        case SensorFault::NO_ADDRESS: return KEMBAR_TEXT("expected an address 1 to 247 after the colon, such as 2:7");
        case SensorFault::TWICE: return KEMBAR_TEXT("expected each UART with each address only once");
        case SensorFault::CROWDED: return KEMBAR_TEXT("expected at most 4 sensors on one UART");
        default: return no_text();
    }
}

FlashText key_name(Key key) {
    switch (key) {
        case Key::DEVICE: return KEMBAR_TEXT("device");
        case Key::LINK: return KEMBAR_TEXT("link");
        case Key::IP: return KEMBAR_TEXT("ip");
        case Key::GATEWAY: return KEMBAR_TEXT("gateway");
        case Key::MAC: return KEMBAR_TEXT("mac");
        case Key::EDGE: return KEMBAR_TEXT("edge");
        case Key::SENSORS: return KEMBAR_TEXT("sensors");
        case Key::INTERVAL: return KEMBAR_TEXT("interval");
        default: return KEMBAR_TEXT("watchdog");
    }
}

bool key_of(const char* name, Key& key) {
    for (uint8_t i = 0; i < KEYS; ++i) {
        key = static_cast<Key>(i);
        if (equal(name, key_name(key))) return true;
    }
    return false;
}

FlashText set(Settings& settings, Key key, const char* value) {
    switch (key) {
        case Key::DEVICE: return set_device(settings, value);
        case Key::LINK: return set_link(settings, value);
        case Key::IP: return set_ip(settings, value);
        case Key::GATEWAY: return set_gateway(settings, value);
        case Key::MAC: return set_mac(settings, value);
        case Key::EDGE: return set_edge(settings, value);
        case Key::SENSORS: return set_sensors(settings, value);
        case Key::INTERVAL: return set_interval(settings, value);
        default: return set_watchdog(settings, value);
    }
}

void print_ip(Output& output, const uint8_t ip[4]) {
    for (uint8_t i = 0; i < 4; ++i) {
        if (i > 0) output.put('.');
        print(output, static_cast<uint32_t>(ip[i]));
    }
}

void print_sensors(Output& output, const Settings& settings, uint8_t other, uint8_t address) {
    for (uint8_t i = 0; i < settings.sensor_count; ++i) {
        if (i > 0) output.put(',');
        print(output, static_cast<uint32_t>(settings.sensors[i].uart));
        const uint8_t its = i == other ? address : settings.sensors[i].address;
        if (its != ADDRESS_AS_SOLD) print_number_after(output, ':', its);
    }
}

void print_value(Output& output, const Settings& settings, Key key) {
    switch (key) {
        case Key::DEVICE: return print(output, settings.device);
        case Key::LINK: return print(output, link_name(settings.link));
        case Key::IP:
            print_ip(output, settings.ip);
            return print_number_after(output, '/', settings.prefix_bits);
        case Key::GATEWAY:
            return is_zero(settings.gateway) ? print(output, KEMBAR_TEXT("none")) : print_ip(output, settings.gateway);
        case Key::MAC: return print_mac(output, settings.mac);
        case Key::EDGE: return print_edge(output, settings);
        case Key::SENSORS: return print_sensors(output, settings, SENSORS_MOST, 0);
        case Key::INTERVAL: return print(output, static_cast<uint32_t>(settings.interval_ms));
        default: return print(output, settings.watchdog ? KEMBAR_TEXT("on") : KEMBAR_TEXT("off"));
    }
}

}  // namespace kembar
