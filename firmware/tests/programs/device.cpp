// Ring and Outbox without a board around them: lives the histories that it is told, and says what a device would say.
//
// tests/test_firmware_device.py lets edge/device.py live the same ones. Commands on stdin, one a line:
//   off                          the power was gone for long: the memory is noise
//   start BOOT RESET_CAUSE       a start with the memory as it is; answers "kept" or "empty"
//   tick UPTIME CHANNEL VOLTAGE CURRENT POWER ENERGY FREQUENCY POWER_FACTOR ALARM
//   miss UPTIME CHANNEL CAUSE COUNT
//   say UPTIME                   all that is due, "--" where a datagram ends, in at most DATAGRAMS_PER_CALL of records
//   ack BOOT SEQ UPTIME          answers "believed" or "refused"
//   capacity                     answers "capacity RECORDS"
#include <cstdio>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <string>

#include "../../kembar/src/logic/outbox.h"

using namespace kembar;

namespace {

// As in edge/device.py.
const int DATAGRAMS_PER_CALL = 16;
const char* const FIRMWARE = "sim-1";

struct Device {
    std::unique_ptr<RingMemory> memory{new RingMemory()};
    std::unique_ptr<Ring> ring;
    std::unique_ptr<Outbox> outbox;
    std::string reset_cause;
    std::mt19937 noise{1};

    void off() {
        uint8_t* bytes = reinterpret_cast<uint8_t*>(memory.get());
        for (size_t i = 0; i < sizeof(RingMemory); i++) bytes[i] = static_cast<uint8_t>(noise());
    }

    void start(std::istream& in) {
        uint32_t boot;
        in >> boot >> reset_cause;
        ring.reset(new Ring(*memory));
        puts(ring->believe() ? "kept" : "empty");
        ring->start(boot);
        outbox.reset(new Outbox(*ring, "garage", FIRMWARE));
    }

    void tick(std::istream& in) {
        uint64_t uptime_ms;
        uint32_t values[8];
        in >> uptime_ms;
        for (uint32_t& each : values) in >> each;
        const Measurement measurement = {
            static_cast<uint16_t>(values[1]), values[2], values[3], values[4], static_cast<uint16_t>(values[5]),
            static_cast<uint8_t>(values[6]), values[7] != 0,
        };
        ring->add(reading_of(static_cast<uint8_t>(values[0]), measurement), uptime_ms);
    }

    void miss(std::istream& in) {
        uint64_t uptime_ms;
        uint32_t channel, count;
        std::string word;
        in >> uptime_ms >> channel >> word >> count;
        for (Cause cause : {Cause::TIMEOUT, Cause::CRC, Cause::EXCEPTION, Cause::SETTLING, Cause::RANGE}) {
            if (!equal(word.c_str(), cause_word(cause))) continue;
            ring->add(no_reading_of(static_cast<uint8_t>(channel), cause, count), uptime_ms);
        }
    }

    void say(std::istream& in) {
        uint64_t uptime_ms;
        in >> uptime_ms;
        const Vitals vitals = {reset_cause.c_str(), 5000, 0, 1000};
        LineBuffer line;
        bool hello = false;
        for (int datagrams = 0; datagrams < DATAGRAMS_PER_CALL;) {
            const Due due = outbox->next(uptime_ms, line, vitals);
            if (due == Due::NOTHING) return;
            if (due == Due::END) {
                puts("--");
                datagrams += !hello;
                hello = false;
                continue;
            }
            hello = hello || line.bytes()[0] == 'H';
            fwrite(line.bytes(), 1, line.length(), stdout);
        }
    }

    void ack(std::istream& in) {
        uint32_t boot, seq;
        uint64_t uptime_ms;
        in >> boot >> seq >> uptime_ms;
        puts(outbox->heard_ack(boot, seq, uptime_ms) ? "believed" : "refused");
    }
};

}  // namespace

int main() {
    Device device;
    device.off();
    for (std::string command; std::getline(std::cin, command);) {
        std::istringstream in(command);
        std::string what;
        in >> what;
        if (what == "off") device.off();
        if (what == "start") device.start(in);
        if (what == "tick") device.tick(in);
        if (what == "miss") device.miss(in);
        if (what == "say") device.say(in);
        if (what == "ack") device.ack(in);
        if (what == "capacity") printf("capacity %u\n", RECORDS);
        if (in.fail()) return 1;
    }
}
