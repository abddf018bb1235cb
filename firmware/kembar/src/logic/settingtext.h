// Settings as a person types and reads them: key=value, and for every mistake what was expected instead.
//
// No memory and no EEPROM: a text changes a Settings or is refused, and then nothing of it is taken.
#pragma once

#include <stdint.h>

#include "flash.h"
#include "settings.h"

namespace kembar {

enum class Key : uint8_t { DEVICE, LINK, IP, GATEWAY, MAC, EDGE, SENSORS, INTERVAL, WATCHDOG };
const uint8_t KEYS = 9;

FlashText key_name(Key key);
// False: there is no setting of this name.
bool key_of(const char* name, Key& key);

// No text when the value was taken; otherwise what was expected.
FlashText set(Settings& settings, Key key, const char* value);

// What was expected of a list of sensors.
FlashText fault_text(SensorFault fault);

// As it would be typed.
void print_value(Output& output, const Settings& settings, Key key);
void print_ip(Output& output, const uint8_t ip[4]);
// The list of sensors as it would be typed if sensor `other` of it (0-based) had this address.
void print_sensors(Output& output, const Settings& settings, uint8_t other, uint8_t address);

}  // namespace kembar
