// The stages of `address` and their words.
#include "addressguide.h"

#include "settingtext.h"
#include "textwalk.h"

namespace kembar {

void AddressGuide::begin(uint8_t uart) {
    uart_ = uart;
    say(TELL);
}

void AddressGuide::say(Stage stage) {
    stage_ = stage;
    phase = SPEAKING;
}

void AddressGuide::ask(Bench& bench, Stage stage, const Request& request, bool once_more) {
    stage_ = stage;
    phase = WORKING;
    bench.probe.ask(uart_, request, once_more);
}

void AddressGuide::step(Bench& bench, uint32_t now_ms) {
    const Ended ended = bench.probe.step(now_ms);
    if (ended == Ended::RUNNING) return;
    // Whatever it answered to the change: what counts is to which address it answers now.
    if (stage_ == WRITE) return ask(bench, READ_BACK, read_address(to_), true);
    const uint8_t address = ended == Ended::GOOD ? static_cast<uint8_t>(register_of(bench.probe.reply(), 0)) : 0;
    bench.probe.done();
    if (stage_ == READ_BACK) return say(address == to_ ? DONE : NOT_CHANGED);
    from_ = address;
    say(ended == Ended::GOOD ? ASK_NEW : ended == Ended::SILENT ? NOT_FOUND : SEVERAL);
}

void AddressGuide::print_sensors_setting(const Settings& settings, Remark& remark) const {
    remark << KEMBAR_TEXT("to read it type: set sensors=");
    uint8_t its = SENSORS_MOST;
    bool named = false;
    for (uint8_t i = 0; i < settings.sensor_count; ++i) {
        const SensorAt& sensor = settings.sensors[i];
        if (sensor.uart != uart_) continue;
        if (sensor.address == to_) named = true;
        if (sensor.address == from_ || settings.sensors_on(uart_) == 1) its = i;
    }
    print_sensors(remark.output(), settings, named ? SENSORS_MOST : its, to_);
    if (!named && its == SENSORS_MOST) {
        remark << KEMBAR_TEXT(",") << uart_ << KEMBAR_TEXT(":") << to_;
    }
}

void AddressGuide::print(const Bench& bench, Remark& remark) const {
    switch (stage_) {
        case TELL:
            remark << KEMBAR_TEXT("address: leave only one sensor connected to UART ") << uart_;
            break;
        case TELL_SAFETY:
            remark << KEMBAR_TEXT("switch the mains off before you touch a wire, and on again after it");
            break;
        case TELL_GO: remark << KEMBAR_TEXT("then type go (anything else stops)"); break;
        case ASK_NEW:
            remark << KEMBAR_TEXT("the sensor on UART ") << uart_ << KEMBAR_TEXT(" has address ") << from_
                   << KEMBAR_TEXT(". Type its new address, 1 to 247");
            break;
        case ASK_AGAIN: remark << KEMBAR_TEXT("expected another address than now, 1 to 247"); break;
        case ASK_YES:
            remark << KEMBAR_TEXT("change address ") << from_ << KEMBAR_TEXT(" to ") << to_
                   << KEMBAR_TEXT("? Type yes");
            break;
        case DONE:
            remark << KEMBAR_TEXT("done: the sensor on UART ") << uart_ << KEMBAR_TEXT(" now has address ") << to_;
            break;
        case DONE_SENSORS: print_sensors_setting(bench.settings, remark); break;
        case NOT_FOUND:
            remark << KEMBAR_TEXT("no sensor answers on UART ") << uart_ << KEMBAR_TEXT(": type test to see why");
            break;
        case SEVERAL: remark << KEMBAR_TEXT("damaged answer: is there only one sensor on UART ") << uart_; break;
        case NOT_CHANGED:
            remark << KEMBAR_TEXT("it does not answer to address ") << to_ << KEMBAR_TEXT(": type address ") << uart_
                   << KEMBAR_TEXT(" to look again");
            break;
        default: remark << KEMBAR_TEXT("stopped, nothing was changed"); break;
    }
}

void AddressGuide::printed() {
    switch (stage_) {
        case TELL: return say(TELL_SAFETY);
        case TELL_SAFETY: return say(TELL_GO);
        case DONE: return say(DONE_SENSORS);
        case TELL_GO:
        case ASK_NEW:
        case ASK_AGAIN:
        case ASK_YES: phase = WAITING; break;
        default: phase = ENDED; break;
    }
}

void AddressGuide::answer(Bench& bench, const char* text) {
    TextWalk walk(text);
    uint32_t number = 0;
    if (stage_ == TELL_GO && equal(text, KEMBAR_TEXT("go"))) {
        ask(bench, FIND, read_address(ADDRESS_ANY), true);
    } else if (stage_ == ASK_YES && equal(text, KEMBAR_TEXT("yes"))) {
        ask(bench, WRITE, write_address(from_, to_), false);
    } else if (stage_ != ASK_NEW && stage_ != ASK_AGAIN) {
        stop();
    } else if (walk.number(ADDRESS_MOST, number) && walk.ended() && number > 0 && number != from_) {
        to_ = static_cast<uint8_t>(number);
        say(ASK_YES);
    } else if (stage_ == ASK_NEW) {
        say(ASK_AGAIN);
    } else {
        stop();
    }
}

}  // namespace kembar
