// What a command is doing at the moment, and what it works with; the console lets one go on at a time.
//
// A job is a class with begin(...), step(bench, now_ms) for what needs time, print(bench, remark) for the remark that
// it has to say, printed(bench) to go on after it, and, if it asks a person something, answer(bench, text).
// RAM is for records: jobs share their memory, so a job keeps nothing from one command to the next and begin() sets all
// of it. No virtual functions, because their tables would lie in RAM.
#pragma once

#include <stdint.h>

#include "probe.h"
#include "settings.h"
#include "state.h"
#include "storage.h"

namespace kembar {

struct Bench {
    Settings& settings;
    Storage& storage;  // of the settings
    Board& board;
    const char* firmware;
    Probe probe;
};

struct Job {
    enum Phase : uint8_t {
        ENDED,
        WORKING,   // step() it
        SPEAKING,  // print() gives the same remark until printed()
        WAITING,   // for answer()
    };
    Phase phase;
};

}  // namespace kembar
