// The console: what a person types at the USB serial port, and what the device says to them.
//
// It never waits. At most one remark, or a piece of one, is printed in a step, and only where the output has room.
// 1. Only whole lines typed by a person are obeyed. While an edge speaks none is (typed.h), and what was being answered
//    or asked is dropped without a word.
// 2. address and reset-energy change a sensor only after a second line, `yes`.
// 3. Unasked it says one banner and warnings about the EEPROM, nothing else.
#pragma once

#include <stdint.h>

#include "addressguide.h"
#include "energyreset.h"
#include "mistake.h"
#include "notice.h"
#include "report.h"
#include "sensortest.h"
#include "setcommand.h"
#include "typed.h"

namespace kembar {

// A question that nobody answers is given up, so that a `yes` of tomorrow does not answer it.
const uint16_t PATIENCE_MS = 60000;
// A remark up to this length goes out in one piece, so that it tells one moment: the UART of the Mega holds 63 bytes.
const uint8_t ROOM_TO_BEGIN = 60;

class Console {
  public:
    // The settings may be loaded later, but before the first step(). `storage` is theirs; whoever owns it turns it.
    Console(RemarkOutput& output, Settings& settings, Storage& storage, Sampler& sampler, Board& board,
            const char* firmware);

    void greet() { notice_.greet(); }
    void warn(Warning warning) { notice_.warn(warning); }

    // Every byte that comes on the USB serial line, then step() in the same pass.
    void feed(char character) { typed_.feed(character); }
    void step(uint32_t now_ms);
    // What came of a tick, for `show`.
    void note(const Outcome& outcome) { report_.note(outcome); }

    // The settings have been changed and the board is about to begin again: no line may be made from now on.
    bool closing() const { return closing_; }

  private:
    enum class Command : uint8_t { MISTAKE, REPORT, SET, TEST, ADDRESS, RESET_ENERGY };

    Job& job();
    void work(uint32_t now_ms);
    void give_way();
    void wait_for_answer(uint32_t now_ms);
    void speak();
    void print(Remark& remark) const;
    void printed();
    void listen();
    void answer(const char* text);
    void obey(char* text);
    bool begin(char* text);
    void begin_address(const char* argument);
    void begin_reset_energy(const char* argument);
    void complain(Mistake::What what, const char* text = nullptr);

    RemarkOutput& output_;
    Bench bench_;
    Typed typed_;
    Notice notice_;
    Report report_;
    // What command_ says; the report lies beside them, as it remembers.
    union {
        Mistake mistake_;
        SetCommand set_;
        SensorTest test_;
        AddressGuide address_;
        EnergyReset reset_energy_;
    };
    uint16_t asked_ms_ = 0;  // since when a question waits, the low bits
    uint8_t sent_ = 0;       // how much of the remark has been printed
    bool noticing_ = false;  // the remark is the notice's
    bool waiting_ = false;   // a question waits
    bool closing_ = false;
    Command command_ = Command::REPORT;
};

}  // namespace kembar
