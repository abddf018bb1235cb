// Which job goes on, which remark is printed, and which line is obeyed.
#include "console.h"

#include <string.h>

#include "textwalk.h"

namespace kembar {

namespace {

// Takes the spaces off both ends.
void trim(char* text) {
    char* begin = text;
    while (*begin == ' ') ++begin;
    size_t length = strlen(begin);
    while (length > 0 && begin[length - 1] == ' ') --length;
    memmove(text, begin, length);
    text[length] = '\0';
}

// What follows the word, without the spaces between; nullptr when the text does not begin with it.
char* after(char* text, FlashText word) {
    for (uint8_t i = 0; flash_char(word, i) != '\0'; ++i, ++text) {
        if (*text != flash_char(word, i)) return nullptr;
    }
    if (*text != ' ' && *text != '\0') return nullptr;
    while (*text == ' ') ++text;
    return text;
}

// The number 1 to `most` that the text is; 0 when it is none.
uint8_t one_of(const char* text, uint8_t most) {
    TextWalk walk(text);
    uint32_t number;
    return walk.number(most, number) && walk.ended() ? static_cast<uint8_t>(number) : 0;
}

}  // namespace

Console::Console(RemarkOutput& output, Settings& settings, Storage& storage, Sampler& sampler, Board& board,
                 const char* firmware)
    : output_(output), bench_{settings, storage, board, firmware, Probe(sampler)}, mistake_() {}

Job& Console::job() {
    switch (command_) {
        case Command::REPORT: return report_;
        case Command::SET: return set_;
        case Command::TEST: return test_;
        case Command::ADDRESS: return address_;
        case Command::RESET_ENERGY: return reset_energy_;
        default: return mistake_;
    }
}

void Console::step(uint32_t now_ms) {
    typed_.step(now_ms);
    work(now_ms);
    give_way();
    wait_for_answer(now_ms);
    speak();
    listen();
}

void Console::work(uint32_t now_ms) {
    if (job().phase != Job::WORKING) return;
    switch (command_) {
        case Command::SET: return set_.step(bench_, now_ms);
        case Command::TEST: return test_.step(bench_, now_ms);
        case Command::ADDRESS: return address_.step(bench_, now_ms);
        default: return reset_energy_.step(bench_, now_ms);
    }
}

// Where an edge speaks there is no person to be answered. What is being written to a sensor or the EEPROM goes on.
void Console::give_way() {
    if (!typed_.edge_speaks() || closing_ || sent_ > 0 || job().phase == Job::WORKING) return;
    job().phase = Job::ENDED;
    bench_.probe.done();
}

void Console::wait_for_answer(uint32_t now_ms) {
    const bool waits = job().phase == Job::WAITING;
    if (waits && !waiting_) asked_ms_ = static_cast<uint16_t>(now_ms);
    waiting_ = waits;
    if (!waits || static_cast<uint16_t>(now_ms - asked_ms_) < PATIENCE_MS) return;
    if (command_ == Command::ADDRESS) address_.stop();
    else reset_energy_.stop();
}

void Console::speak() {
    const bool speaking = job().phase == Job::SPEAKING;
    if (sent_ == 0 && !speaking) noticing_ = notice_.due();
    if (!noticing_ && !speaking) return;
    const uint8_t room = output_.room();
    if (room < (sent_ == 0 ? ROOM_TO_BEGIN : 2)) return;
    // One place stays free: an output may keep it for the end of the remark.
    RemarkWindow window(output_, sent_, static_cast<uint8_t>(room - 1));
    {
        Remark remark(window);
        print(remark);
    }
    sent_ = window.ended() ? 0 : window.next();
    if (window.ended()) printed();
}

void Console::print(Remark& remark) const {
    if (noticing_) return notice_.print(bench_, remark);
    switch (command_) {
        case Command::REPORT: return report_.print(bench_, remark);
        case Command::SET: return set_.print(remark);
        case Command::TEST: return test_.print(bench_, remark);
        case Command::ADDRESS: return address_.print(bench_, remark);
        case Command::RESET_ENERGY: return reset_energy_.print(bench_, remark);
        default: return mistake_.print(bench_, remark);
    }
}

void Console::printed() {
    if (noticing_) {
        noticing_ = false;
        return notice_.printed();
    }
    switch (command_) {
        case Command::REPORT: return report_.printed(bench_);
        case Command::TEST: return test_.printed(bench_);
        case Command::ADDRESS: return address_.printed();
        case Command::RESET_ENERGY: return reset_energy_.printed();
        case Command::SET: set_.printed(); break;
        default: mistake_.printed(); break;
    }
    // These two may have quoted the line.
    typed_.done();
}

void Console::listen() {
    char* const text = typed_.line();
    if (text == nullptr || noticing_) return;
    if (job().phase == Job::WAITING) {
        answer(text);
        typed_.done();
    } else if (job().phase == Job::ENDED) {
        obey(text);
        const bool may_quote = command_ == Command::SET || command_ == Command::MISTAKE;
        if (!may_quote || job().phase == Job::ENDED) typed_.done();
    }
}

void Console::answer(const char* text) {
    if (command_ == Command::ADDRESS) address_.answer(bench_, text);
    else reset_energy_.answer(bench_, text);
}

void Console::obey(char* text) {
    const bool unreadable = *text == '\0';
    trim(text);
    if (unreadable) complain(Mistake::UNREADABLE);
    else if (*text != '\0' && !begin(text)) complain(Mistake::UNKNOWN, text);
}

// False: there is no such command.
bool Console::begin(char* text) {
    char* argument;
    if (equal(text, KEMBAR_TEXT("help")) || equal(text, KEMBAR_TEXT("show"))) {
        command_ = Command::REPORT;
        report_.begin(*text == 's');
    } else if (equal(text, KEMBAR_TEXT("test"))) {
        command_ = Command::TEST;
        test_.begin(bench_);
    } else if ((argument = after(text, KEMBAR_TEXT("set"))) != nullptr) {
        command_ = Command::SET;
        closing_ = set_.begin(bench_, argument);
    } else if ((argument = after(text, KEMBAR_TEXT("address"))) != nullptr) {
        begin_address(argument);
    } else if ((argument = after(text, KEMBAR_TEXT("reset-energy"))) != nullptr) {
        begin_reset_energy(argument);
    } else {
        return false;
    }
    return true;
}

void Console::begin_address(const char* argument) {
    const uint8_t uart = one_of(argument, UARTS_MOST);
    if (uart == 0) return complain(Mistake::NO_UART);
    command_ = Command::ADDRESS;
    address_.begin(uart);
}

void Console::begin_reset_energy(const char* argument) {
    const uint8_t channel = one_of(argument, bench_.settings.sensor_count);
    if (channel == 0) return complain(Mistake::NO_CHANNEL);
    command_ = Command::RESET_ENERGY;
    reset_energy_.begin(bench_, static_cast<uint8_t>(channel - 1));
}

void Console::complain(Mistake::What what, const char* text) {
    command_ = Command::MISTAKE;
    mistake_.begin(what, text);
}

}  // namespace kembar
