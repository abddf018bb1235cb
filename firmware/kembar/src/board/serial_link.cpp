// UART 0 of the Mega, which its USB chip passes on, by Arduino's HardwareSerial.
#include "serial_link.h"

#include <Arduino.h>

namespace kembar {

namespace {

const uint32_t BAUD = 115200;  // docs/protocol.md

uint8_t uart_room() {
    int room = Serial.availableForWrite();
    return room > 0 ? static_cast<uint8_t>(room) : 0;
}

}  // namespace

void SerialLink::begin() {
    Serial.begin(BAUD);
    // Ends whatever the boot loader, or noise, has said before.
    put('\n');
}

void SerialLink::step() {
    for (uint8_t room = uart_room(); room > 0 && sent_ < length_; room--) Serial.write(line_[sent_++]);
}

void SerialLink::take(const LineBuffer& line) {
    line_ = line.bytes();
    length_ = line.length();
    sent_ = 0;
    step();
}

uint8_t SerialLink::room() { return sent_ == length_ ? uart_room() : 0; }

// The last place is kept for the end of the remark: one that never ended would keep all lines back.
void SerialLink::put(char character) {
    if (room() < (character == '\n' ? 1 : 2)) return;
    Serial.write(character);
    in_remark_ = character != '\n';
}

int16_t SerialLink::receive() { return static_cast<int16_t>(Serial.read()); }

}  // namespace kembar
