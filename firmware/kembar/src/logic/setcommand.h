// The command `set key=value ...`: all of it or nothing, kept in the EEPROM, and then the board begins again.
//
// The new values stand in Settings at once, so nothing may be sent or asked under them: see closing() of the console.
// Somebody else turns the storage (Storage::step).
#pragma once

#include <stdint.h>

#include "job.h"
#include "remark.h"
#include "settingtext.h"

namespace kembar {

class SetCommand : public Job {
  public:
    // What stands after `set`; it must stay until the job has ended, and is cut into pieces here. True: the settings
    // have been changed, and the restart will come.
    bool begin(Bench& bench, char* text);
    void step(Bench& bench, uint32_t now_ms);
    void print(Remark& remark) const;
    void printed();

  private:
    enum Stage : uint8_t { USAGE, NO_KEY, NO_VALUE, REFUSED, SAME, NOTE_GATEWAY, SAVE, SAVED, NOT_SAVED, FAREWELL, RESTART };

    void say(Stage stage);
    void work(Stage stage);
    bool take(Settings& draft, char* pair);

    const char* key_;    // of the mistake
    const char* value_;
    FlashText expected_;
    uint16_t farewell_ms_;  // since when the restart is due
    Stage stage_;
};

}  // namespace kembar
