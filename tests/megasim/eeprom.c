/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The EEPROM: a byte takes its 3.4 ms, cells wear, and power lost meanwhile leaves that byte torn.
 *
 * simavr's own writes at once. Data sheet, chapter 8.6: EEMPE opens a window of four cycles for EEPE; a write that has
 * begun is finished through any reset, only not without power.
 */
#include "mega.h"

enum { EERE = 1, EEPE = 2, EEMPE = 4, EERIE = 8, EEPM = 0x30 };
#define ERASE_ONLY 0x10
#define WRITE_ONLY 0x20
#define WINDOW_CYCLES 4
#define WRITE_US 3400
#define HALF_WRITE_US 1800 /* erase only, or write only */

static void begin_write(struct mega *mega, uint8_t control)
{
    struct eeprom *eeprom = &mega->eeprom;
    const avr_t *avr = mega->avr;
    uint32_t takes_us = control & EEPM ? HALF_WRITE_US : WRITE_US;
    eeprom->address = (avr->data[eeprom->io->r_eearl] | avr->data[eeprom->io->r_eearh] << 8) % EEPROM_BYTES;
    eeprom->value = (control & EEPM) == ERASE_ONLY ? 0xFF : avr->data[eeprom->io->r_eedr];
    if ((control & EEPM) == WRITE_ONLY)
        eeprom->value &= eeprom->cells[eeprom->address];
    eeprom->busy = true;
    eeprom->done_at = avr->cycle + mega_cycles(mega, takes_us);
    mega->counts.eeprom_writes++;
    eeprom->wear[eeprom->address]++;
    if (eeprom->cut_in && --eeprom->cut_in == 0)
        eeprom->cut_at = avr->cycle + 1 + mega_random(mega) % (uint32_t)mega_cycles(mega, takes_us);
    mega_arm(mega);
}

static void control_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct mega *mega = param;
    struct eeprom *eeprom = &mega->eeprom;
    bool armed = avr->cycle <= eeprom->armed_until && !eeprom->busy;
    if (value & EEPE && !(avr->data[address] & EEPE)) {
        if (armed)
            begin_write(mega, value);
        else
            mega->counts.eeprom_misuse++; /* too late after EEMPE: the real one writes nothing */
    }
    if (value & EERE) {
        uint16_t from = (avr->data[eeprom->io->r_eearl] | avr->data[eeprom->io->r_eearh] << 8) % EEPROM_BYTES;
        if (eeprom->busy)
            mega->counts.eeprom_misuse++;
        else
            avr->data[eeprom->io->r_eedr] = eeprom->cells[from];
    }
    if (value & EEMPE && !(value & EEPE))
        eeprom->armed_until = avr->cycle + WINDOW_CYCLES;
    avr->data[address] = (uint8_t)((value & (EERIE | EEPM)) | (eeprom->busy ? EEPE : 0));
    if (value & EERIE && !eeprom->busy)
        avr_raise_interrupt(avr, &eeprom->io->ready);
}

uint64_t eeprom_due(const struct eeprom *eeprom)
{
    return eeprom->cut_at < eeprom->done_at ? eeprom->cut_at : eeprom->done_at;
}

void eeprom_run(struct mega *mega)
{
    struct eeprom *eeprom = &mega->eeprom;
    if (eeprom->cut_at <= mega->avr->cycle) {
        eeprom->cut_at = NEVER;
        mega->events |= EVENT_POWER_LOST;
    } else if (eeprom->busy && eeprom->done_at <= mega->avr->cycle) {
        eeprom->cells[eeprom->address] = eeprom->value;
        eeprom->busy = false;
        eeprom->done_at = NEVER;
        mega->avr->data[eeprom->io->r_eecr] &= (uint8_t)~EEPE;
        if (mega->avr->data[eeprom->io->r_eecr] & EERIE)
            avr_raise_interrupt(mega->avr, &eeprom->io->ready);
    }
}

void eeprom_power_lost(struct mega *mega)
{
    struct eeprom *eeprom = &mega->eeprom;
    if (eeprom->busy) {
        eeprom->cells[eeprom->address] = (uint8_t)mega_random(mega);
        mega->counts.eeprom_torn++;
    }
    eeprom->busy = false;
    eeprom->done_at = eeprom->cut_at = NEVER;
    eeprom->armed_until = 0;
}

/* After any other reset a running write goes on, and its flag with it. */
void eeprom_reset(struct mega *mega)
{
    mega->eeprom.armed_until = 0;
    if (mega->eeprom.busy)
        mega->avr->data[mega->eeprom.io->r_eecr] = EEPE;
}

void eeprom_join(struct mega *mega)
{
    struct eeprom *eeprom = &mega->eeprom;
    eeprom->io = (avr_eeprom_t *)mega_part(mega, "eeprom", 0);
    for (int i = 0; i < EEPROM_BYTES; i++)
        eeprom->cells[i] = 0xFF;
    eeprom->done_at = eeprom->cut_at = NEVER;
    int control = AVR_DATA_TO_IO(eeprom->io->r_eecr);
    mega->avr->io[control].w.c = control_write;
    mega->avr->io[control].w.param = mega;
}

uint8_t *mega_eeprom(struct mega *mega)
{
    return mega->eeprom.cells;
}

const uint32_t *mega_eeprom_wear(const struct mega *mega)
{
    return mega->eeprom.wear;
}

void mega_eeprom_cut(struct mega *mega, uint32_t in_writes)
{
    mega->eeprom.cut_in = in_writes;
}
