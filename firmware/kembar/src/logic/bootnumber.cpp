// How the number of a start follows from the one before.
#include "bootnumber.h"

namespace kembar {

namespace {

const uint16_t LAST_COUNT = 0xFFFF;

uint32_t first_boot(uint16_t upper_half) { return static_cast<uint32_t>(upper_half) << 16 | 1; }

uint16_t upper_half(uint32_t boot) { return static_cast<uint16_t>(boot >> 16); }

// Chance must not give the half that is to be left.
uint16_t other_half(uint32_t boot, uint16_t random) {
    return random == upper_half(boot) ? static_cast<uint16_t>(random + 1) : random;
}

uint32_t number_after(uint32_t boot, uint16_t random) {
    const bool last = static_cast<uint16_t>(boot) == LAST_COUNT;
    return last ? first_boot(other_half(boot, random)) : boot + 1;
}

}  // namespace

BootNumber::BootNumber(Eeprom& eeprom)
    : passing_over_(false), storage_(eeprom, BOOT_NUMBER_ADDRESS, BOOT_NUMBER_BYTES, BOOT_NUMBER_KIND), number_(0),
      random_(0), block_() {}

void BootNumber::begin(uint16_t random) {
    random_ = random;
    if (!storage_.load(block_)) {
        keep(first_boot(random));
        return;
    }
    uint32_t before = 0;
    for (uint8_t i = BOOT_NUMBER_BYTES; i-- > 0;) before = before << 8 | block_[i];
    keep(number_after(before, random));
    passing_over_ = storage_.half_lost();
    if (passing_over_) number_ = number_after(number_, random);
}

void BootNumber::redraw(uint16_t random) {
    random_ = random;
    passing_over_ = false;
    keep(first_boot(other_half(number_, random)));
}

void BootNumber::keep(uint32_t number) {
    number_ = number;
    for (uint8_t i = 0; i < BOOT_NUMBER_BYTES; ++i) block_[i] = static_cast<uint8_t>(number >> (8 * i));
    storage_.save(block_);
}

Storage::Save BootNumber::step() {
    const bool was_busy = storage_.busy();
    const Storage::Save save = storage_.step();
    if (was_busy && save == Storage::Save::NOT_KEPT) number_ = first_boot(other_half(number_, random_));
    if (save != Storage::Save::KEPT || !passing_over_) return save;
    passing_over_ = false;
    keep(number_);
    return storage_.state();
}

}  // namespace kembar
