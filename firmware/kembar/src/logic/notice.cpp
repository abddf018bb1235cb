// The words of the banner and of the warnings.
#include "notice.h"

namespace kembar {

void Notice::print(const Bench& bench, Remark& remark) const {
    if (greeting_) {
        remark << KEMBAR_TEXT("Kembar ") << bench.firmware << KEMBAR_TEXT(", ") << bench.settings.device
               << KEMBAR_TEXT(": type help");
        return;
    }
    remark << KEMBAR_TEXT("warning: ");
    if (warnings_ & static_cast<uint8_t>(Warning::SETTINGS_DAMAGED)) {
        remark << KEMBAR_TEXT("the kept settings are damaged; defaults are used, type show");
    } else if (warnings_ & static_cast<uint8_t>(Warning::SETTINGS_OTHER_VERSION)) {
        remark << KEMBAR_TEXT("the kept settings are of another version; defaults are used, type show");
    } else {
        remark << KEMBAR_TEXT("the EEPROM does not keep what is written; settings are lost at a restart");
    }
}

void Notice::printed() {
    if (greeting_) greeting_ = false;
    else warnings_ = static_cast<uint8_t>(warnings_ & (warnings_ - 1));  // without its lowest bit
}

}  // namespace kembar
