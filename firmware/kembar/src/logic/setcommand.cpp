// From a typed line to kept settings.
#include "setcommand.h"

#include <string.h>

namespace kembar {

namespace {

// The last remark, and a line for the edge before it, leave at 115200 baud in a quarter of this.
const uint8_t FAREWELL_MS = 100;

// Ends the word at `text` and returns what follows it.
char* cut_word(char* text) {
    for (; *text != '\0' && *text != ' '; ++text) {
    }
    for (; *text == ' '; ++text) *text = '\0';
    return text;
}

}  // namespace

void SetCommand::say(Stage stage) {
    stage_ = stage;
    phase = SPEAKING;
}

void SetCommand::work(Stage stage) {
    stage_ = stage;
    phase = WORKING;
}

// False when it is refused; the mistake is ready to be said then.
bool SetCommand::take(Settings& draft, char* pair) {
    key_ = pair;
    char* const equals = strchr(pair, '=');
    if (equals == nullptr) {
        say(NO_VALUE);
        return false;
    }
    *equals = '\0';
    value_ = equals + 1;
    Key key;
    if (!key_of(pair, key)) {
        say(NO_KEY);
        return false;
    }
    expected_ = set(draft, key, value_);
    if (!expected_.none()) say(REFUSED);
    return expected_.none();
}

bool SetCommand::begin(Bench& bench, char* text) {
    say(*text == '\0' ? USAGE : SAME);
    Settings draft = bench.settings;
    while (*text != '\0') {
        char* const pair = text;
        text = cut_word(pair);
        if (!take(draft, pair)) return false;
    }
    if (memcmp(draft.bytes(), bench.settings.bytes(), sizeof(Settings)) == 0) return false;
    bench.settings = draft;
    bench.storage.save(bench.settings.bytes());
    if (gateway_outside(bench.settings)) {
        say(NOTE_GATEWAY);
    } else {
        work(SAVE);
    }
    return true;
}

void SetCommand::step(Bench& bench, uint32_t now_ms) {
    const uint16_t now = static_cast<uint16_t>(now_ms);
    if (stage_ == SAVE) {
        if (!bench.storage.busy()) say(bench.storage.state() == Storage::Save::KEPT ? SAVED : NOT_SAVED);
    } else if (stage_ == FAREWELL) {
        farewell_ms_ = now;
        stage_ = RESTART;
    } else if (static_cast<uint16_t>(now - farewell_ms_) >= FAREWELL_MS) {
        bench.board.restart();
    }
}

void SetCommand::print(Remark& remark) const {
    switch (stage_) {
        case USAGE: remark << KEMBAR_TEXT("set: expected key=value, such as set device=garage"); break;
        case NO_KEY:
            print_typed(remark.output(), key_);
            remark << KEMBAR_TEXT(": no such setting; type help for the list");
            break;
        case NO_VALUE:
            print_typed(remark.output(), key_);
            remark << KEMBAR_TEXT(": expected key=value without spaces, such as device=garage");
            break;
        case REFUSED:
            print_typed(remark.output(), key_);
            remark << KEMBAR_TEXT("=");
            print_typed(remark.output(), value_);
            remark << KEMBAR_TEXT(": ") << expected_;
            break;
        case SAME: remark << KEMBAR_TEXT("nothing to change: it is set so already"); break;
        case NOTE_GATEWAY: remark << KEMBAR_TEXT("note: the gateway lies outside the network of ip"); break;
        case SAVED: remark << KEMBAR_TEXT("saved; the board starts again"); break;
        default: remark << KEMBAR_TEXT("not saved: the EEPROM does not keep it; the board starts again"); break;
    }
}

void SetCommand::printed() {
    switch (stage_) {
        case NOTE_GATEWAY: return work(SAVE);
        case SAVED:
        case NOT_SAVED: return work(FAREWELL);
        default: phase = ENDED; break;
    }
}

}  // namespace kembar
