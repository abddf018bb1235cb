// The sampler: asks every sensor at its ticks and says, for every tick, what came of it.
//
// No ring and no lines: an Outcome is what a record is made of. docs/protocol.md: a record carries its tick.
// 1. Every sensor is asked once a second; with a longer interval only every so many-th answer gives an outcome. So
//    whether a sensor was away is seen just as well at any interval (rule 5). Channel k of n (from 0) has its ticks at
//    m * interval + k * 1 s / n, m = 1, 2, ...: computed, never measured, so they do not drift, and the sensors take
//    turns instead of all at once.
// 2. Every tick gives exactly one outcome, and outcomes come in the order of their ticks. What ends before an earlier
//    tick has ended is held back meanwhile.
// 3. A tick whose turn comes late (the UART was busy or lent, the loop was held up) is asked late. When its
//    channel is already to be asked once more it is not asked any more: it ends with Cause::TIMEOUT, and as nobody asked, that
//    says nothing about the sensor. After a hold-up of seconds its ticks so come out one by one, in order.
// 4. On each UART one transaction at a time; UARTs do not wait for each other. No reply or a damaged one is asked for
//    once more: "timeout" when neither try brought a byte, else "crc". An exception is an answer.
// 5. Settling: a sensor that brought no good reply and was silent at one of the tries, or has not answered yet, is
//    gone. When it is back its good replies are not believed for SETTLING_MS: in the first 4 s after its mains is on
//    it may say wrong values with a right CRC (Tasmota #5875). One that was away between two questions only, for less
//    than a second, cannot be told from one that was not.
//
// Times are compared by the differences of their low 32 bits. A step takes a Mega 0.04 ms when nothing happens and
// 0.5 ms when a whole reply has come at once (12 sensors, counted in simavr). Its RAM is asserted in sampler.cpp.
#pragma once

#include <stdint.h>

#include "cause.h"
#include "pzem.h"
#include "settings.h"
#include "transaction.h"
#include "uart.h"

namespace kembar {

const uint16_t SETTLING_MS = 5000;

struct Outcome {
    uint8_t channel;  // from 1
    Cause cause;
    uint64_t tick_uptime_ms;
    uint32_t count;           // of records in a row without a reading, this one included; 0 with a reading
    Measurement measurement;  // with Cause::NONE; it fits() into a record
};

class Sampler {
public:
    Sampler(Uart& first, Uart& second, Uart& third);

    // The sensors are without fault_of() and the interval is a valid one (settings.h). Before the first step().
    void start(const SensorAt* sensors, uint8_t count, uint16_t interval_ms);

    // To be called in every pass of the loop. True when `out` is the next outcome; one for each call.
    bool step(uint64_t uptime_ms, Outcome& out);

    // Lends a UART (1 to 3) to the console. After pause() no poll begins on it; borrow() gives its transaction as soon
    // as the poll that is going on has ended, nullptr before. Its ticks wait until resume(): for less than a second,
    // else rule 3 ends them.
    void pause(uint8_t uart);
    Transaction* borrow(uint8_t uart);
    Uart& uart(uint8_t uart) { return *line(uart).uart; }
    void resume(uint8_t uart);

private:
    // Readings that wait for an earlier tick; see room_for(). With 12 sensors, any of them dead and on UARTs in any
    // order, two would make living ones lose ticks and four would bring nothing (tried: 4 096 sets on 12 orders).
    static const uint8_t READY_MOST = 3;
    static const uint8_t NOBODY = 0xFF;

    enum Progress { WAITING, ASKED, ENDED };
    enum Presence { GONE, APPEARED, TRUSTED };

    struct Sensor {
        uint8_t address;
        uint8_t uart : 2;
        uint8_t progress : 2;
        uint8_t presence : 2;
        uint8_t slot : 2;  // of its reading in ready_, while ENDED with Cause::NONE
        Cause cause;       // while ENDED
        uint16_t offset_ms;
        uint16_t appeared_ms;  // the low bits, while APPEARED
        uint32_t missed;       // outcomes in a row without a reading
    };

    struct Line {
        Uart* uart;
        Transaction transaction;
        uint8_t asked;  // index of the sensor, or NOBODY
        bool again;     // it is the second try
        bool heard;     // bytes came at the first
        bool paused;
    };

    Line& line(uint8_t uart) { return lines_[uart - 1]; }
    uint32_t late_ms(uint8_t sensor, uint32_t now_ms) const;
    void ask(uint8_t sensor, uint32_t now_ms);
    void ask_due(uint32_t now_ms);
    void advance(Line& line, uint32_t now_ms);
    Cause answered(Line& line, Sensor& sensor);
    Cause cause_of(Ended ended, Line& line, Sensor& sensor);
    bool room_for(uint8_t sensor) const;
    uint8_t free_slots() const;
    void keep(Sensor& sensor, const Measurement& measurement);
    bool deliver(Outcome& out);

    Line lines_[UARTS_MOST];
    Sensor sensors_[SENSORS_MOST];
    Measurement ready_[READY_MOST];
    uint8_t taken_;  // a bit for each used place of ready_
    uint8_t count_;
    uint8_t next_;  // the sensor whose tick is delivered next; those before it are in the round after round_ms_
    uint8_t rounds_;  // of questions in an interval
    uint8_t round_;   // within the interval: 1 to rounds_, and the last one is recorded
    uint64_t round_ms_;  // its begin
};

}  // namespace kembar
