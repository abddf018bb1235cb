// The verdicts of `test` and their words.
#include "sensortest.h"

#include "record.h"
#include "settingtext.h"

namespace kembar {

namespace {

// What a PZEM-004T can measure (data sheet V3.0, 1.1).
const uint16_t VOLTAGE_LEAST_DV = 800;
const uint16_t VOLTAGE_MOST_DV = 2600;

// Of the Mega: TX1 to TX3; its RX pins are one higher.
uint8_t tx_pin(uint8_t uart) { return static_cast<uint8_t>(20 - 2 * uart); }

}  // namespace

void print_channel(Remark& remark, const Settings& settings, uint8_t channel) {
    const SensorAt& sensor = settings.sensors[channel];
    remark << KEMBAR_TEXT("channel ") << channel + 1u << KEMBAR_TEXT(" (UART ") << sensor.uart;
    remark << KEMBAR_TEXT(", address ") << sensor.address << KEMBAR_TEXT(")");
}

void print_kwh(Output& output, uint32_t energy_wh) {
    print_fixed(output, energy_wh, 3);
    print(output, KEMBAR_TEXT(" kWh"));
}

namespace {

void print_values(Remark& remark, const uint8_t* reply) {
    Measurement measured;
    measurement_of(reply, measured);
    Output& output = remark.output();
    print_fixed(output, measured.voltage_dv, 1);
    remark << KEMBAR_TEXT(" V, ");
    print_fixed(output, measured.current_ma, 3);
    remark << KEMBAR_TEXT(" A, ");
    print_fixed(output, measured.power_dw, 1);
    remark << KEMBAR_TEXT(" W, ");
    print_kwh(output, measured.energy_wh);
    remark << KEMBAR_TEXT(", ");
    print_fixed(output, measured.frequency_dhz, 1);
    remark << KEMBAR_TEXT(" Hz, PF ");
    print_fixed(output, measured.power_factor_centi, 2);
}

}  // namespace

void SensorTest::begin(Bench& bench) {
    channel_ = good_ = 0;
    if (fault_of(bench.settings.sensors, bench.settings.sensor_count) != SensorFault::NONE) {
        say(FAULT);
    } else {
        ask(bench);
    }
}

void SensorTest::ask(Bench& bench) {
    const SensorAt& sensor = bench.settings.sensors[channel_];
    looking_around_ = false;
    bench.probe.ask(sensor.uart, read_measurement(sensor.address));
    phase = WORKING;
}

void SensorTest::say(Verdict verdict) {
    verdict_ = verdict;
    hint_ = 0;
    phase = SPEAKING;
}

void SensorTest::step(Bench& bench, uint32_t now_ms) {
    const Ended ended = bench.probe.step(now_ms);
    if (ended == Ended::RUNNING) return;
    if (looking_around_) {
        if (ended == Ended::GOOD) found_address_ = static_cast<uint8_t>(register_of(bench.probe.reply(), 0));
        return say(ended == Ended::GOOD ? OTHER_ADDRESS : ended == Ended::SILENT ? SILENT : SEVERAL);
    }
    switch (ended) {
        case Ended::GOOD: return say(verdict_of(bench.probe.reply()));
        case Ended::EXCEPTION: return say(REFUSED);
        case Ended::DAMAGED: return say(DAMAGED);
        default: return look_around(bench);
    }
}

// The general address is for a line with one sensor.
void SensorTest::look_around(Bench& bench) {
    const uint8_t uart = bench.settings.sensors[channel_].uart;
    if (bench.settings.sensors_on(uart) > 1) return say(SILENT);
    looking_around_ = true;
    bench.probe.ask(uart, read_address(ADDRESS_ANY));
}

SensorTest::Verdict SensorTest::verdict_of(const uint8_t* reply) {
    Measurement measured;
    if (!measurement_of(reply, measured) || !fits(measured)) return IMPOSSIBLE;
    if (measured.voltage_dv < VOLTAGE_LEAST_DV || measured.voltage_dv > VOLTAGE_MOST_DV) return ODD_VOLTAGE;
    return measured.current_ma == 0 ? NO_CURRENT : GOOD;
}

FlashText SensorTest::finding() const {
    switch (verdict_) {
        case IMPOSSIBLE: return KEMBAR_TEXT("it says what no PZEM-004T can measure");
        case DAMAGED: return KEMBAR_TEXT("its answers are damaged");
        case REFUSED: return KEMBAR_TEXT("it refuses to be read");
        case SILENT: return KEMBAR_TEXT("silent");
        case OTHER_ADDRESS: return KEMBAR_TEXT("silent, but a sensor with another address answers");
        default: return KEMBAR_TEXT("silent, but several sensors answer at once");
    }
}

// Line i of what to do about the verdict; no text when there are no more. `shared`: with others on its UART.
FlashText SensorTest::hint(uint8_t i, bool shared) const {
    switch (verdict_) {
        case NO_CURRENT:
            if (i == 0) return KEMBAR_TEXT("no current: is a load on, and the clamp closed around one wire only?");
            break;
        case ODD_VOLTAGE:
            if (i == 0) return KEMBAR_TEXT("its voltage should lie between 80 and 260 V: are L and N right?");
            break;
        case IMPOSSIBLE:
        case REFUSED:
            if (i == 0) return KEMBAR_TEXT("type test again; if this stays, it is broken or no PZEM-004T v3");
            break;
        case DAMAGED:
            if (i == 0) return KEMBAR_TEXT("a loose or long wire, or a motor or charger close to it?");
            if (i == 1) return KEMBAR_TEXT("two sensors with one address on this UART?");
            break;
        case SILENT:
            if (i == 0) return KEMBAR_TEXT("is its mains side on? Without mains it never answers");
            if (i == 1) return KEMBAR_TEXT("is its 5 V side fed? 5V and GND of the Mega");
            if (i == 2) return KEMBAR_TEXT("TX and RX swapped? ");  // print_hint() adds the pins
            if (i == 3 && shared) {
                return KEMBAR_TEXT("several on one UART: has each an address of its own? See address");
            }
            break;
        case OTHER_ADDRESS:
            if (i == 0) return KEMBAR_TEXT("to read that one type: set sensors=");  // and the list
            break;
        case SEVERAL:
            if (i == 0) return KEMBAR_TEXT("give each another address: leave one connected, see address");
            break;
        default: break;
    }
    return no_text();
}

void SensorTest::print_hint(const Bench& bench, Remark& remark) const {
    const uint8_t uart = bench.settings.sensors[channel_].uart;
    remark << KEMBAR_TEXT("  ") << hint(static_cast<uint8_t>(hint_ - 1), true);
    if (verdict_ == OTHER_ADDRESS) {
        print_sensors(remark.output(), bench.settings, channel_, found_address_);
    } else if (verdict_ == SILENT && hint_ == 3) {
        remark << KEMBAR_TEXT("Its TX goes to pin ") << tx_pin(uart) + 1u << KEMBAR_TEXT(", its RX to pin ")
               << tx_pin(uart);
    }
}

void SensorTest::print(const Bench& bench, Remark& remark) const {
    const Settings& settings = bench.settings;
    if (verdict_ == FAULT) {
        remark << KEMBAR_TEXT("sensors: ") << fault_text(fault_of(settings.sensors, settings.sensor_count));
    } else if (verdict_ == TOTAL) {
        remark << KEMBAR_TEXT("test: ") << good_ << KEMBAR_TEXT(" of ") << settings.sensor_count
               << KEMBAR_TEXT(" sensors answer well");
    } else if (hint_ > 0) {
        print_hint(bench, remark);
    } else {
        print_channel(remark, settings, channel_);
        remark << KEMBAR_TEXT(": ");
        if (verdict_ > ODD_VOLTAGE) remark << finding();
        else print_values(remark, bench.probe.reply());
    }
}

void SensorTest::printed(Bench& bench) {
    if (verdict_ == TOTAL) {
        phase = ENDED;
        return;
    }
    if (verdict_ == FAULT) return ask(bench);
    const bool shared = bench.settings.sensors_on(bench.settings.sensors[channel_].uart) > 1;
    if (!hint(hint_++, shared).none()) return;
    if (verdict_ <= NO_CURRENT) ++good_;
    bench.probe.done();
    if (++channel_ < bench.settings.sensor_count) ask(bench);
    else say(TOTAL);
}

}  // namespace kembar
