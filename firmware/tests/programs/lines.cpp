// Writes the lines that it is told to write, and says what the reader makes of bytes: for tests/golden/lines.txt.
//
// Commands on stdin, one a line; values are in the sensor's units, bytes in hex:
//   reading DEVICE BOOT SEQ UPTIME CHANNEL VOLTAGE CURRENT POWER ENERGY FREQUENCY POWER_FACTOR ALARM
//   no-reading DEVICE BOOT SEQ UPTIME CHANNEL CAUSE COUNT
//   hello DEVICE BOOT UPTIME FIRMWARE CAUSE RAM QUEUED OLDEST INTERVAL DROPPED RESETS CAPACITY EARLIER
//   earlier DEVICE BOOT OLDEST NEWEST DROPPED
//   read BYTES         to the reader of a device named garage, which goes on where it was
#include <cinttypes>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "../../kembar/src/logic/linereader.h"
#include "../../kembar/src/logic/linewriter.h"

using namespace kembar;

namespace {

template <class Number>
Number number(std::istream& in) {
    uint64_t value = 0;
    in >> value;
    return static_cast<Number>(value);
}

struct Named {
    std::string device;
    Identity identity;
};

void read_identity(std::istream& in, Named& named) {
    in >> named.device;
    named.identity.device = named.device.c_str();
    named.identity.boot = number<uint32_t>(in);
    named.identity.seq = number<uint32_t>(in);
    named.identity.uptime_ms = number<uint64_t>(in);
}

void reading(std::istream& in, LineBuffer& line) {
    Named named;
    read_identity(in, named);
    const uint8_t channel = number<uint8_t>(in);
    Measurement measurement;
    measurement.voltage_dv = number<uint16_t>(in);
    measurement.current_ma = number<uint32_t>(in);
    measurement.power_dw = number<uint32_t>(in);
    measurement.energy_wh = number<uint32_t>(in);
    measurement.frequency_dhz = number<uint16_t>(in);
    measurement.power_factor_centi = number<uint8_t>(in);
    measurement.alarm = number<uint8_t>(in) != 0;
    write_reading(line, named.identity, channel, measurement);
}

void no_reading(std::istream& in, LineBuffer& line) {
    Named named;
    read_identity(in, named);
    const uint8_t channel = number<uint8_t>(in);
    std::string cause;
    in >> cause;
    const uint32_t count = number<uint32_t>(in);
    if (cause == "lost") {
        write_lost(line, named.identity, count);
    } else {
        write_no_reading(line, named.identity, channel, FlashText{cause.c_str()}, count);
    }
}

void hello(std::istream& in, LineBuffer& line) {
    std::string device, firmware, cause;
    HelloLine said = HelloLine();
    in >> device;
    said.boot = number<uint32_t>(in);
    said.uptime_ms = number<uint64_t>(in);
    in >> firmware >> cause;
    said.device = device.c_str();
    said.firmware = firmware.c_str();
    said.reset_cause = cause.c_str();
    for (uint32_t* each : {&said.free_ram, &said.queued, &said.oldest, &said.interval_ms, &said.dropped,
                           &said.link_resets, &said.capacity}) {
        *each = number<uint32_t>(in);
    }
    said.earlier = number<uint8_t>(in);
    write_hello(line, said);
}

void earlier(std::istream& in, LineBuffer& line) {
    std::string device;
    in >> device;
    uint32_t numbers[4];
    for (uint32_t& each : numbers) each = number<uint32_t>(in);
    write_earlier(line, device.c_str(), numbers[0], numbers[1], numbers[2], numbers[3]);
}

void read(const std::string& hex, LineReader& reader) {
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
        switch (reader.feed(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)))) {
            case Heard::NOTHING:
                break;
            case Heard::ACK:
                printf("ack %" PRIu32 " %" PRIu32 "\n", reader.boot(), reader.seq());
                break;
            case Heard::BEACON:
                printf("beacon %s %u\n", reader.name(), reader.port());
                break;
            case Heard::OTHER:
                printf("other\n");
                break;
        }
    }
}

}  // namespace

int main() {
    LineReader reader("garage");
    for (std::string command; std::getline(std::cin, command);) {
        std::istringstream in(command);
        std::string what;
        in >> what;
        LineBuffer line;
        if (what == "read") {
            std::string hex;
            in >> hex;
            read(hex, reader);
            continue;
        }
        if (what == "reading") reading(in, line);
        if (what == "no-reading") no_reading(in, line);
        if (what == "hello") hello(in, line);
        if (what == "earlier") earlier(in, line);
        if (in.fail()) return 1;
        fwrite(line.bytes(), 1, line.length(), stdout);
    }
}
