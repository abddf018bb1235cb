// The words of a mistake: what was typed, and what was expected.
#include "mistake.h"

namespace kembar {

void Mistake::begin(What what, const char* text) {
    what_ = what;
    text_ = text;
    phase = SPEAKING;
}

void Mistake::print(const Bench& bench, Remark& remark) const {
    switch (what_) {
        case UNKNOWN:
            print_typed(remark.output(), text_);
            remark << KEMBAR_TEXT(": no such command; type help");
            break;
        case UNREADABLE:
            remark << KEMBAR_TEXT("not understood: expected at most 64 letters, digits and signs; type it again");
            break;
        case NO_UART: remark << KEMBAR_TEXT("address: expected a UART 1 to 3, such as address 2"); break;
        case NO_CHANNEL:
            remark << KEMBAR_TEXT("reset-energy: expected a channel 1 to ") << bench.settings.sensor_count
                   << KEMBAR_TEXT(", such as reset-energy 1");
            break;
    }
}

}  // namespace kembar
