// The words of the causes.
#include "cause.h"

namespace kembar {

FlashText cause_word(Cause cause) {
    switch (cause) {
        case Cause::NONE: break;
        case Cause::TIMEOUT: return KEMBAR_TEXT("timeout");
        case Cause::CRC: return KEMBAR_TEXT("crc");
        case Cause::EXCEPTION: return KEMBAR_TEXT("exception");
        case Cause::SETTLING: return KEMBAR_TEXT("settling");
        case Cause::RANGE: return KEMBAR_TEXT("range");
    }
    return KEMBAR_TEXT("");
}

}  // namespace kembar
