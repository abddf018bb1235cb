// How the older copy is overwritten byte by byte, and how the newest one is found again.
#include "storage.h"

#include "crc16.h"

namespace kembar {

namespace {

const uint8_t BEING_WRITTEN = 0;
const uint8_t ERASED = 0xFF;

// 1 to 255, then 1 again: 0 says that the copy is being written.
uint8_t next_generation(uint8_t generation) {
    return generation == 0xFF ? 1 : static_cast<uint8_t>(generation + 1);
}

}  // namespace

Storage::Storage(Eeprom& eeprom, uint16_t address, uint8_t size, uint16_t kind)
    : eeprom_(eeprom), block_(nullptr), address_(address), kind_(kind), crc_(0), size_(size), newest_(NONE),
      generation_(0), place_(0), half_lost_(false), begun_(false), written_(false), save_(Save::IDLE) {}

uint16_t Storage::cell(uint8_t copy, uint8_t offset) const {
    return static_cast<uint16_t>(address_ + copy * (size_ + FRAME) + offset);
}

bool Storage::valid(uint8_t copy) const {
    if (eeprom_.read(cell(copy, 0)) == BEING_WRITTEN) return false;
    uint16_t crc = kind_;
    for (uint8_t i = 0; i <= size_; ++i) crc = crc16_add(crc, eeprom_.read(cell(copy, i)));
    return eeprom_.read(cell(copy, size_ + 1)) == (crc & 0xFF) && eeprom_.read(cell(copy, size_ + 2)) == (crc >> 8);
}

bool Storage::blank(uint8_t copy) const {
    for (uint8_t i = 0; i < size_ + FRAME; ++i) {
        if (eeprom_.read(cell(copy, i)) != ERASED) return false;
    }
    return true;
}

bool Storage::holds(uint8_t copy) const {
    for (uint8_t i = 0; i < size_; ++i) {
        if (eeprom_.read(cell(copy, i + 1)) != block_[i]) return false;
    }
    return true;
}

void Storage::find_newest() {
    const bool first = valid(0), second = valid(1);
    half_lost_ = first != second && !blank(first ? 1 : 0);
    if (first && second) {
        newest_ = eeprom_.read(cell(1, 0)) == next_generation(eeprom_.read(cell(0, 0))) ? 1 : 0;
    } else {
        newest_ = first ? 0 : second ? 1 : NONE;
    }
    generation_ = newest_ == NONE ? 0 : eeprom_.read(cell(newest_, 0));
}

bool Storage::load(uint8_t* block) {
    find_newest();
    if (newest_ == NONE) return false;
    for (uint8_t i = 0; i < size_; ++i) block[i] = eeprom_.read(cell(newest_, i + 1));
    return true;
}

// No byte is read here: another block's byte may be on its way, and until it is there the EEPROM cannot be read.
void Storage::save(const uint8_t* block) {
    block_ = block;
    begun_ = false;
    save_ = Save::WRITING;
}

void Storage::begin() {
    begun_ = true;
    written_ = false;
    place_ = 0;
    find_newest();
    crc_ = crc16_add(kind_, next_generation(generation_));
    for (uint8_t i = 0; i < size_; ++i) crc_ = crc16_add(crc_, block_[i]);
}

// The bytes of the new copy in the order of writing: place 0 is the generation, made 0, the last place sets it.
uint8_t Storage::wanted(uint8_t place) const {
    if (place == 0) return BEING_WRITTEN;
    if (place <= size_) return block_[place - 1];
    if (place == size_ + 1) return static_cast<uint8_t>(crc_);
    if (place == size_ + 2) return static_cast<uint8_t>(crc_ >> 8);
    return next_generation(generation_);
}

// Begins to write the next byte that differs.
void Storage::advance() {
    const uint8_t copy = newest_ == 0 ? 1 : 0;
    for (; place_ <= size_ + FRAME; ++place_, written_ = false) {
        const uint16_t address = cell(copy, place_ == size_ + FRAME ? 0 : place_);
        if (eeprom_.read(address) == wanted(place_)) continue;
        if (written_) {
            save_ = Save::NOT_KEPT;
        } else {
            eeprom_.write(address, wanted(place_));
            written_ = true;
        }
        return;
    }
    save_ = Save::KEPT;
}

Storage::Save Storage::step() {
    if (!busy() || !eeprom_.ready()) return save_;
    if (!begun_) {
        begin();
        if (newest_ != NONE && holds(newest_)) save_ = Save::KEPT;
    } else {
        advance();
    }
    return save_;
}

}  // namespace kembar
