// When a sensor is asked, what its answer is worth, and in which order outcomes leave.
#include "sampler.h"

#include "record.h"

namespace kembar {

namespace {

// A poll can begin later than another by a second try and a gap; a reply SETTLING_MS of ticks after the first one is
// not to be held back for that.
const uint16_t SETTLED_AFTER_MS = SETTLING_MS - 250;
const uint32_t COUNT_MOST = 0xFFFFFFFF;

}  // namespace

Sampler::Sampler(Uart& first, Uart& second, Uart& third)
    : lines_(), sensors_(), ready_(), taken_(0), count_(0), next_(0), rounds_(1), round_(1), round_ms_(INTERVAL_STEP_MS) {
    // 3 lines of 50 bytes, 12 sensors of 11, 3 readings of 18, and what is between them.
#ifdef __AVR__
    static_assert(sizeof(Sampler) == 349, "RAM of the sampler on the Mega");
#endif
    Uart* const uarts[UARTS_MOST] = {&first, &second, &third};
    for (uint8_t i = 0; i < UARTS_MOST; ++i) {
        lines_[i].uart = uarts[i];
        lines_[i].asked = NOBODY;
    }
}

void Sampler::start(const SensorAt* sensors, uint8_t count, uint16_t interval_ms) {
    count_ = count < SENSORS_MOST ? count : SENSORS_MOST;
    rounds_ = static_cast<uint8_t>(interval_ms / INTERVAL_STEP_MS);
    for (uint8_t i = 0; i < count_; ++i) {
        sensors_[i].uart = sensors[i].uart & 3;
        sensors_[i].address = sensors[i].address;
        sensors_[i].offset_ms = static_cast<uint16_t>(static_cast<uint32_t>(INTERVAL_STEP_MS) * i / count_);
    }
}

bool Sampler::step(uint64_t uptime_ms, Outcome& out) {
    if (count_ == 0) return false;
    const uint32_t now_ms = static_cast<uint32_t>(uptime_ms);
    for (Line& line : lines_) advance(line, now_ms);
    ask_due(now_ms);
    return deliver(out);
}

// Since the tick of the sensor that has not been delivered yet; of one to come it is beyond 2^31.
uint32_t Sampler::late_ms(uint8_t sensor, uint32_t now_ms) const {
    uint32_t tick_ms = static_cast<uint32_t>(round_ms_) + sensors_[sensor].offset_ms;
    if (sensor < next_) tick_ms += INTERVAL_STEP_MS;
    return now_ms - tick_ms;
}

void Sampler::ask(uint8_t sensor, uint32_t now_ms) {
    Line& its = line(sensors_[sensor].uart);
    its.asked = sensor;
    its.transaction.start(*its.uart, read_measurement(sensors_[sensor].address), now_ms);
}

void Sampler::ask_due(uint32_t now_ms) {
    for (uint8_t turn = 0; turn < count_; ++turn) {
        const uint8_t i = next_ + turn < count_ ? next_ + turn : next_ + turn - count_;
        const uint32_t late = late_ms(i, now_ms);
        if (late >> 31) return;  // to come, and so are all after it
        Sensor& sensor = sensors_[i];
        if (sensor.progress != WAITING) continue;
        Line& its = line(sensor.uart);
        if (late >= INTERVAL_STEP_MS) {
            sensor.cause = Cause::TIMEOUT;
            sensor.progress = ENDED;
        } else if (its.asked == NOBODY && !its.paused && its.transaction.rested(now_ms)) {
            sensor.progress = ASKED;
            its.again = false;
            its.heard = false;
            ask(i, now_ms);
        }
    }
}

void Sampler::advance(Line& line, uint32_t now_ms) {
    if (line.asked == NOBODY) return;
    const Ended ended = line.transaction.step(now_ms);
    if (ended == Ended::RUNNING) return;
    if (!line.again && (ended == Ended::SILENT || ended == Ended::DAMAGED)) {
        if (!line.transaction.rested(now_ms)) return;
        line.again = true;
        line.heard = ended == Ended::DAMAGED;
        ask(line.asked, now_ms);
        return;
    }
    if (ended == Ended::GOOD && !room_for(line.asked)) return;
    Sensor& sensor = sensors_[line.asked];
    sensor.cause = cause_of(ended, line, sensor);
    sensor.progress = ENDED;
    line.asked = NOBODY;
}

Cause Sampler::cause_of(Ended ended, Line& line, Sensor& sensor) {
    if (ended == Ended::GOOD) return answered(line, sensor);
    // One of two damaged replies may be a stray byte on the line of a sensor that is off.
    const bool silent_before = line.again && !line.heard;
    if (ended == Ended::SILENT || silent_before) sensor.presence = GONE;
    if (ended == Ended::EXCEPTION) return Cause::EXCEPTION;
    return ended == Ended::DAMAGED || line.heard ? Cause::CRC : Cause::TIMEOUT;
}

Cause Sampler::answered(Line& line, Sensor& sensor) {
    const uint16_t asked_ms = line.transaction.started_ms();
    if (sensor.presence == GONE) {
        sensor.presence = APPEARED;
        sensor.appeared_ms = asked_ms;
    }
    if (sensor.presence == APPEARED) {
        if (static_cast<uint16_t>(asked_ms - sensor.appeared_ms) < SETTLED_AFTER_MS) return Cause::SETTLING;
        sensor.presence = TRUSTED;
    }
    Measurement measurement;
    if (!measurement_of(line.transaction.reply(), measurement) || !fits(measurement)) return Cause::RANGE;
    keep(sensor, measurement);
    return Cause::NONE;
}

uint8_t Sampler::free_slots() const {
    uint8_t free = 0;
    for (uint8_t slot = 0; slot < READY_MOST; ++slot) free += (taken_ >> slot & 1) ? 0 : 1;
    return free;
}

// The last free place is for the reading that leaves next: it leaves in this very step, so that all others move up.
// A reading without a place waits as a reply in its transaction, and its UART with it.
bool Sampler::room_for(uint8_t sensor) const { return free_slots() > (sensor == next_ ? 0 : 1); }

void Sampler::keep(Sensor& sensor, const Measurement& measurement) {
    uint8_t slot = 0;
    while (taken_ >> slot & 1) ++slot;
    taken_ |= static_cast<uint8_t>(1 << slot);
    ready_[slot] = measurement;
    sensor.slot = slot & 3;
}

bool Sampler::deliver(Outcome& out) {
    Sensor& sensor = sensors_[next_];
    if (sensor.progress != ENDED) return false;
    const bool reading = sensor.cause == Cause::NONE;
    const bool recorded = round_ == rounds_;
    if (reading) taken_ &= static_cast<uint8_t>(~(1 << sensor.slot));
    if (recorded) sensor.missed = reading ? 0 : sensor.missed + (sensor.missed < COUNT_MOST);
    out.channel = static_cast<uint8_t>(next_ + 1);
    out.cause = sensor.cause;
    out.tick_uptime_ms = round_ms_ + sensor.offset_ms;
    out.count = sensor.missed;
    out.measurement = reading ? ready_[sensor.slot] : Measurement();
    sensor.progress = WAITING;
    if (++next_ == count_) {
        next_ = 0;
        round_ms_ += INTERVAL_STEP_MS;
        round_ = recorded ? 1 : static_cast<uint8_t>(round_ + 1);
    }
    return recorded;
}

void Sampler::pause(uint8_t uart) { line(uart).paused = true; }

Transaction* Sampler::borrow(uint8_t uart) {
    Line& its = line(uart);
    return its.paused && its.asked == NOBODY ? &its.transaction : nullptr;
}

void Sampler::resume(uint8_t uart) { line(uart).paused = false; }

}  // namespace kembar
