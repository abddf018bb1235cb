// The Arduino sketch of Kembar: setup() makes the parts ready, loop() gives each of them one short turn.
//
// Nothing here waits, and nothing in the parts does: a pass takes below 4 ms, and then the Mega sleeps until the next
// pass is due. The logic is in src/logic/ (it also runs on a PC), the registers are in src/board/.
#include "src/board/chance.h"
#include "src/board/conversation.h"
#include "src/board/eeprom.h"
#include "src/board/freeram.h"
#include "src/board/power.h"
#include "src/board/retained.h"
#include "src/board/spi.h"
#include "src/board/uarts.h"
#include "src/board/uptime.h"
#include "src/logic/bootnumber.h"
#include "src/logic/console.h"
#include "src/logic/crc16.h"
#include "src/logic/sampler.h"

using namespace kembar;

// With a frame of its own on the stack: gcc would put every part into main(), which then holds the frames of all of
// them at once, for ever.
#define KEMBAR_OWN_FRAME __attribute__((noinline))

// What the console asks of the board.
struct ThisBoard : Board {
    void fill(State& state) override;
    void restart() override;
};

static ThisBoard board;
static Uptime uptime;
static BoardEeprom eeprom;
static Settings settings;
static Storage storage(eeprom, SETTINGS_ADDRESS, sizeof settings, SETTINGS_KIND);
static BootNumber boot_number(eeprom);
static Ring ring(retained_ring);
static SerialLink serial;
static Sampler sampler(sensor_uart(1), sensor_uart(2), sensor_uart(3));
static Conversation conversation(ring, settings, serial);
static Console console(serial, settings, storage, sampler, board, FIRMWARE);
static bool foreign_settings;  // those of another version are in the EEPROM, and stay until a person sets something
static bool ring_believed;  // it holds what was there before the reset
static bool started;        // the boot number is decided: the ring takes records, and lines may be sent
static bool boot_kept;      // and the EEPROM keeps it
static bool watchdog_runs;  // the setting may be another one by now

KEMBAR_OWN_FRAME static void read_settings() {
    const FoundSettings found = load_settings(storage, settings, draw());
    foreign_settings = found == FoundSettings::OTHER_VERSION;
    if (foreign_settings) console.warn(Warning::SETTINGS_OTHER_VERSION);
    if (found == FoundSettings::DAMAGED) console.warn(Warning::SETTINGS_DAMAGED);
    if (found == FoundSettings::DAMAGED || found == FoundSettings::NEW) storage.save(settings.bytes());
}

// The EEPROM may have gone back in time, or be another one: a number that the ring holds is taken already.
static void avoid_held_numbers() {
    while (ring.holds(boot_number.number())) boot_number.redraw(static_cast<uint16_t>(draw()));
}

KEMBAR_OWN_FRAME static void count_start() {
    // Under a new name what was measured under the old one would be told, and kept, a second time.
    ring_believed = ring.believe(crc16(reinterpret_cast<const uint8_t*>(settings.device), strlen(settings.device)));
    boot_number.begin(static_cast<uint16_t>(draw()));
    avoid_held_numbers();
}

// Writing the boot number takes 30 ms, and the first tick is due after a second at the earliest.
const uint16_t EEPROM_MOST_MS = 800;

// A byte in each pass; then everything begins.
KEMBAR_OWN_FRAME static void start_boot(uint64_t now_ms) {
    const Storage::Save save = boot_number.step();
    const bool stuck = save == Storage::Save::WRITING;
    if (stuck && now_ms < EEPROM_MOST_MS) return;
    boot_kept = save == Storage::Save::KEPT;
    if (!boot_kept) console.warn(Warning::EEPROM);
    if (stuck) boot_number.redraw(static_cast<uint16_t>(draw()));
    avoid_held_numbers();
    ring.start(boot_number.number());
    conversation.begin(reset_cause(ring_believed));
    started = true;
}

KEMBAR_OWN_FRAME void setup() {
    spi::begin();
    serial.begin();
    gather_chance();
    switch_off_unused();
    read_settings();
    count_start();
    begin_sensor_uarts();
    sampler.start(settings.sensors, settings.sensor_count, settings.interval_ms);
    console.greet();
    watchdog_runs = settings.watchdog;
    if (watchdog_runs) start_watchdog();
}

KEMBAR_OWN_FRAME void ThisBoard::fill(State& state) {
    conversation.fill(state);
    state.reset_cause = reset_cause(ring_believed);
    state.boot = boot_number.number();
    state.boot_kept = boot_kept;
    state.free_ram = least_free_ram();
}

void ThisBoard::restart() { kembar::restart(watchdog_runs); }

// At most one line; what follows it waits for the next pass.
KEMBAR_OWN_FRAME static bool hear_serial(uint64_t now_ms) {
    for (int16_t byte = serial.receive(); byte >= 0; byte = serial.receive()) {
        console.feed(static_cast<char>(byte));
        if (conversation.hear_serial(static_cast<char>(byte), now_ms)) return true;
    }
    return false;
}

KEMBAR_OWN_FRAME static void attend(uint32_t now_ms) { console.step(now_ms); }

KEMBAR_OWN_FRAME static void keep_record(const Outcome& outcome) {
    const Record record = outcome.cause == Cause::NONE
                              ? reading_of(outcome.channel, outcome.measurement)
                              : no_reading_of(outcome.channel, outcome.cause, outcome.count);
    ring.add(record, outcome.tick_uptime_ms);
}

KEMBAR_OWN_FRAME static bool sample(uint64_t now_ms) {
    Outcome outcome;
    if (!sampler.step(now_ms, outcome)) return false;
    keep_record(outcome);
    console.note(outcome);
    return true;
}

// A byte at a time; false while one is being written, or none is left.
static bool keep_settings() {
    if (conversation.edge_moved() && !foreign_settings) storage.save(settings.bytes());
    if (!storage.busy() || !eeprom.ready()) return false;
    if (storage.step() == Storage::Save::NOT_KEPT && !console.closing()) console.warn(Warning::EEPROM);
    return true;
}

// New settings are being kept, and the restart is near: nothing is said or heard under them.
static void talk(uint64_t now_ms) {
    static bool silent;  // a line came in the last pass; one that comes now does not keep us silent again
    if (console.closing()) return;
    silent = conversation.hear(now_ms) && !silent;
    if (!silent) conversation.say(now_ms);
}

void loop() {
    feed_watchdog();
    const uint64_t now_ms = uptime.ms();
    serial.step();
    if (!started) {
        start_boot(now_ms);
    } else {
        // A line in each pass, be it noise, would leave no pass to the others: so the next one takes none.
        static bool heard;
        heard = !heard && hear_serial(now_ms);
        attend(static_cast<uint32_t>(now_ms));
        // One of them is enough for a pass.
        if (!heard && !sample(now_ms) && !keep_settings()) talk(now_ms);
    }
    sleep_until_next_pass();
}
