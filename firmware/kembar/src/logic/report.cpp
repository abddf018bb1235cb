// The rows of `help` and `show`.
#include "report.h"

#include "sensortest.h"
#include "settingtext.h"

namespace kembar {

namespace {

const uint8_t HELP_ROWS = 8;
const uint8_t STATE_ROWS = 7;
const uint32_t DAY_S = 86400;

// Without a 64-bit division: 1000 = 8 * 125, and an eighth of 388 days fits into 32 bits.
uint32_t seconds_of(uint64_t ms) {
    const uint64_t step_ms = 1000ULL << 25;
    uint32_t seconds = 0;
    for (; ms >= step_ms; ms -= step_ms) seconds += 1UL << 25;
    return seconds + static_cast<uint32_t>(ms >> 3) / 125;
}

void print_two_digits(Remark& remark, uint32_t number) {
    if (number < 10) remark << KEMBAR_TEXT("0");
    remark << number;
}

// "3 d 04:05:06"
void print_duration(Remark& remark, uint32_t seconds) {
    remark << seconds / DAY_S << KEMBAR_TEXT(" d ");
    seconds %= DAY_S;
    print_two_digits(remark, seconds / 3600);
    remark << KEMBAR_TEXT(":");
    print_two_digits(remark, seconds / 60 % 60);
    remark << KEMBAR_TEXT(":");
    print_two_digits(remark, seconds % 60);
}

void print_link(Remark& remark, const State& state) {
    remark << (state.over_ethernet ? KEMBAR_TEXT("link in use: Ethernet") : KEMBAR_TEXT("link in use: USB serial"));
    if (state.chip == 0) {
        remark << KEMBAR_TEXT(", no W5100 or W5500 answers");
    } else {
        remark << KEMBAR_TEXT(", W") << state.chip << KEMBAR_TEXT(" reset ") << state.link_resets
               << KEMBAR_TEXT(" times");
    }
}

void print_edge(Remark& remark, const Settings& settings) {
    remark << KEMBAR_TEXT("edge: ");
    if (is_zero(settings.edge_ip)) {
        remark << KEMBAR_TEXT("none found on the network yet");
        return;
    }
    if (settings.edge_name[0] != '\0') remark << settings.edge_name << KEMBAR_TEXT(" at ");
    print_ip(remark.output(), settings.edge_ip);
    remark << KEMBAR_TEXT(":") << settings.edge_port;
}

void print_setting(Remark& remark, const Settings& settings, Key key) {
    remark << key_name(key) << KEMBAR_TEXT("=");
    print_value(remark.output(), settings, key);
    if (key == Key::GATEWAY && gateway_outside(settings)) remark << KEMBAR_TEXT(" (outside the network of ip)");
}

void print_state(Remark& remark, const Bench& bench, uint8_t row) {
    State state = State();
    bench.board.fill(state);
    switch (row) {
        case 0: print_edge(remark, bench.settings); break;
        case 1:
            remark << KEMBAR_TEXT("running for ");
            print_duration(remark, seconds_of(state.uptime_ms));
            remark << KEMBAR_TEXT(", last reset: ") << state.reset_cause;
            break;
        case 2:
            remark << KEMBAR_TEXT("boot ") << state.boot;
            if (!state.boot_kept) remark << KEMBAR_TEXT(" (drawn: the EEPROM keeps nothing)");
            break;
        case 3:
            remark << KEMBAR_TEXT("memory: ") << state.queued << KEMBAR_TEXT(" of ") << state.capacity
                   << KEMBAR_TEXT(" records wait, ") << state.dropped << KEMBAR_TEXT(" dropped");
            break;
        case 4: print_link(remark, state); break;
        case 5:
            remark << KEMBAR_TEXT("last answer of the edge: ");
            if (state.edge_answered) remark << state.answered_ms_ago / 1000 << KEMBAR_TEXT(" s ago");
            else remark << KEMBAR_TEXT("none since the start");
            break;
        default: remark << KEMBAR_TEXT("free RAM: ") << state.free_ram << KEMBAR_TEXT(" bytes at least"); break;
    }
}

}  // namespace

void Report::begin(bool show) {
    show_ = show;
    row_ = 0;
    phase = SPEAKING;
}

void Report::printed(const Bench& bench) {
    const uint8_t rows_of_show = static_cast<uint8_t>(1 + KEYS + STATE_ROWS + bench.settings.sensor_count);
    if (++row_ == (show_ ? rows_of_show : HELP_ROWS)) phase = ENDED;
}

void Report::help_row(Remark& remark) const {
    switch (row_) {
        case 1: remark << KEMBAR_TEXT("  show: settings and state"); break;
        case 2: remark << KEMBAR_TEXT("  set key=value: change a setting, such as set device=garage"); break;
        case 3: remark << KEMBAR_TEXT("  test: read every sensor once and say what is wrong"); break;
        case 4: remark << KEMBAR_TEXT("  address 2: give the sensor on UART 2 another address"); break;
        case 5: remark << KEMBAR_TEXT("  reset-energy 1: set the kWh counter of channel 1 to 0"); break;
        case 6: remark << KEMBAR_TEXT("  help: this list"); break;
        default:
            remark << KEMBAR_TEXT("settings:");
            for (uint8_t i = 0; i < KEYS; ++i) remark << KEMBAR_TEXT(" ") << key_name(static_cast<Key>(i));
            break;
    }
}

void Report::channel_row(const Bench& bench, Remark& remark, uint8_t channel) const {
    const Last& last = last_[channel];
    print_channel(remark, bench.settings, channel);
    if (!last.known) {
        remark << KEMBAR_TEXT(": not read yet");
    } else if (last.cause == static_cast<uint8_t>(Cause::NONE)) {
        remark << KEMBAR_TEXT(": reads well");
    } else {
        remark << KEMBAR_TEXT(": ") << cause_word(static_cast<Cause>(last.cause)) << KEMBAR_TEXT(", ") << last.count
               << (last.count == COUNT_MOST ? KEMBAR_TEXT(" or more in a row") : KEMBAR_TEXT(" in a row"));
    }
}

void Report::print(const Bench& bench, Remark& remark) const {
    if (row_ == 0) {
        remark << KEMBAR_TEXT("Kembar ") << bench.firmware;
        if (!show_) remark << KEMBAR_TEXT(". Commands, in small letters:");
    } else if (!show_) {
        help_row(remark);
    } else if (row_ <= KEYS) {
        print_setting(remark, bench.settings, static_cast<Key>(row_ - 1));
    } else if (row_ <= KEYS + STATE_ROWS) {
        print_state(remark, bench, static_cast<uint8_t>(row_ - KEYS - 1));
    } else {
        channel_row(bench, remark, static_cast<uint8_t>(row_ - KEYS - STATE_ROWS - 1));
    }
}

void Report::note(const Outcome& outcome) {
    if (outcome.channel == 0 || outcome.channel > SENSORS_MOST) return;
    Last& last = last_[outcome.channel - 1];
    last.known = 1;
    last.cause = static_cast<uint8_t>(outcome.cause) & 7;
    last.count = (outcome.count < COUNT_MOST ? outcome.count : COUNT_MOST) & COUNT_MOST;
}

}  // namespace kembar
