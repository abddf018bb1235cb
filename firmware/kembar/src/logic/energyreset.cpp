// The stages of `reset-energy` and their words.
#include "energyreset.h"

#include "sensortest.h"

namespace kembar {

namespace {

// What a load of 23 kW can add between the reset and the reading, which are less than half a second apart.
const uint8_t COUNTED_MEANWHILE_WH = 4;

}  // namespace

void EnergyReset::begin(Bench& bench, uint8_t channel) {
    channel_ = channel;
    read(bench, READ);
}

void EnergyReset::say(Stage stage) {
    stage_ = stage;
    phase = SPEAKING;
}

void EnergyReset::read(Bench& bench, Stage stage) {
    const SensorAt& sensor = bench.settings.sensors[channel_];
    stage_ = stage;
    phase = WORKING;
    bench.probe.ask(sensor.uart, read_measurement(sensor.address));
}

void EnergyReset::step(Bench& bench, uint32_t now_ms) {
    const Ended ended = bench.probe.step(now_ms);
    if (ended == Ended::RUNNING) return;
    // Whatever it answered to the reset: what counts is what it counts now.
    if (stage_ == RESET) return read(bench, READ_BACK);
    Measurement measured;
    if (ended != Ended::GOOD || !measurement_of(bench.probe.reply(), measured)) {
        say(NO_ANSWER);
    } else {
        energy_wh_ = measured.energy_wh;
        say(stage_ == READ ? ASK_YES : energy_wh_ <= COUNTED_MEANWHILE_WH ? DONE : NOT_DONE);
    }
    bench.probe.done();
}

void EnergyReset::print(const Bench& bench, Remark& remark) const {
    if (stage_ == STOPPED) {
        remark << KEMBAR_TEXT("stopped, nothing was changed");
        return;
    }
    print_channel(remark, bench.settings, channel_);
    if (stage_ == NO_ANSWER) {
        remark << KEMBAR_TEXT(" does not answer: type test to see why");
        return;
    }
    remark << (stage_ == DONE ? KEMBAR_TEXT(": done, it counts ")
                              : stage_ == NOT_DONE ? KEMBAR_TEXT(": not done, it counts ") : KEMBAR_TEXT(" counts "));
    print_kwh(remark.output(), energy_wh_);
    if (stage_ == ASK_YES) remark << KEMBAR_TEXT(". Set it to 0 for ever? Type yes");
}

void EnergyReset::printed() { phase = stage_ == ASK_YES ? WAITING : ENDED; }

void EnergyReset::answer(Bench& bench, const char* text) {
    if (!equal(text, KEMBAR_TEXT("yes"))) return stop();
    const SensorAt& sensor = bench.settings.sensors[channel_];
    stage_ = RESET;
    phase = WORKING;
    bench.probe.ask(sensor.uart, reset_energy(sensor.address), false);
}

}  // namespace kembar
