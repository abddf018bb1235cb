// A small block of bytes in the EEPROM, kept twice, so that a power cut at any moment leaves the old or the new one.
//
// It neither waits nor knows what the bytes mean: step() writes one byte and returns at once.
// 1. A copy is [generation, bytes..., CRC low, CRC high]. The CRC covers generation and bytes and starts from the
//    block's kind, so that an erased EEPROM (also with one torn byte in it), or another block, is not valid.
// 2. Only the older copy is written. Its generation is made 0 ("being written") first and set last. A byte that the
//    power cut left half written can therefore not make a mixture of old and new bytes look valid: while bytes
//    differ the generation is 0, and a single wrong byte is always found by a CRC of 16 bits.
// 3. Only bytes that differ are written, and each is read back.
//
// Wear. A cell of the ATmega2560 takes 100 000 writes, one byte takes 3.4 ms (data sheet DS40002211, EEPROM). A save
// writes the generation of one of the two copies twice and any other of its cells at most once; the copies take
// turns, so no cell is written more often than once for each save. The boot number is saved at each start: ten
// starts a day reach 100 000 after 27 years, one a minute after 69 days; the board then says so and goes on with
// random numbers. Settings are saved when a person changes them, or when the edge gets another address.
#pragma once

#include <stdint.h>

namespace kembar {

struct Eeprom {
    virtual uint8_t read(uint16_t address) = 0;
    virtual bool ready() = 0;  // no write is going on
    virtual void write(uint16_t address, uint8_t value) = 0;  // begins a write; only when ready
};

// Where the blocks lie. Cell 0 stays unused: a reset clears the EEPROM's address register, and a write that it
// interrupts can land there. There is room for both blocks to grow.
const uint16_t BOOT_NUMBER_ADDRESS = 16;
const uint16_t SETTINGS_ADDRESS = 64;

class Storage {
  public:
    enum class Save : uint8_t {
        IDLE,
        WRITING,
        KEPT,
        NOT_KEPT,  // a byte could not be read back
    };

    Storage(Eeprom& eeprom, uint16_t address, uint8_t size, uint16_t kind);

    // How many cells a block of this size occupies.
    static uint16_t cells(uint8_t size) { return static_cast<uint16_t>(2 * (size + FRAME)); }

    // Copies the newest valid copy; false when there is none, and the block is then left as it was.
    // Only while nothing is being written to the EEPROM: at start, that is.
    bool load(uint8_t* block);

    // Neither copy was ever written: a new board. At start only, like load().
    bool blank() const { return blank(0) && blank(1); }

    // One copy is valid, and the other is neither valid nor blank: it was torn, or it was the newest and has decayed.
    bool half_lost() const { return half_lost_; }

    // Asks step() to save; the block must stay as it is until it says KEPT or NOT_KEPT. A save while another one
    // goes on takes its place. Nothing is written when the newest copy holds these bytes already.
    void save(const uint8_t* block);

    // Writes at most one byte. To be called until it is no longer WRITING.
    Save step();

    Save state() const { return save_; }
    bool busy() const { return save_ == Save::WRITING; }

  private:
    static const uint8_t FRAME = 3;  // generation and CRC
    static const uint8_t NONE = 2;   // instead of copy 0 or 1

    uint16_t cell(uint8_t copy, uint8_t offset) const;
    uint8_t wanted(uint8_t place) const;
    bool valid(uint8_t copy) const;
    bool blank(uint8_t copy) const;
    bool holds(uint8_t copy) const;
    void find_newest();
    void begin();
    void advance();

    Eeprom& eeprom_;
    const uint8_t* block_;
    uint16_t address_, kind_, crc_;
    uint8_t size_, newest_, generation_, place_;
    bool half_lost_, begun_, written_;
    Save save_;
};

}  // namespace kembar
