/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board as a whole: made, powered, reset, hung. */
#include "mega.h"

#include <stdlib.h>
#include <string.h>

#include "avr_adc.h"

#define CRYSTAL_HZ 16000000
#define MCUSR 0x54
#define SUPPLY_MV 5000
#define ANALOG_PINS 16
/* simavr looks after its timers after every instruction unless it is allowed to run to the next one. */
#define RUN_CYCLES_MOST 1000000
#define REGISTERS 32
#define RJMP_HERE_LOW 0xFF /* rjmp .-2 */
#define RJMP_HERE_HIGH 0xCF

static void after_reset(struct mega *mega, uint8_t causes)
{
    avr_t *avr = mega->avr;
    avr->data[MCUSR] = causes;
    mega->counts.resets++;
    mega->asleep = false;
    mega->awake_since = NEVER;
    if (mega->hangs)
        memcpy(avr->flash + mega->hang_pc, mega->hang_word, sizeof mega->hang_word);
    mega->hangs = false;
    avr->run_cycle_limit = RUN_CYCLES_MOST;
    avr->pc = avr->reset_pc = mega->reset_pc;
    for (int i = 0; i < UARTS; i++)
        uart_reset(&mega->uarts[i]);
    eeprom_reset(mega);
    spi_reset(mega);
    watchdog_reset(mega, causes);
}

/* A reset that leaves the power on: MCUSR keeps the causes that the program has not cleared. */
void mega_reset(struct mega *mega, uint8_t cause)
{
    uint8_t before = mega->avr->data[MCUSR];
    avr_reset(mega->avr);
    after_reset(mega, before | cause);
}

void mega_power_off(struct mega *mega)
{
    eeprom_power_lost(mega);
    mega->watchdog.bites_at = NEVER;
    mega->powered = false;
    for (int i = 0; i < UARTS; i++)
        uart_reset(&mega->uarts[i]);
}

/* What is left in SRAM: each bit has lost its value with this chance, and then is 0 or 1. */
static void decay(struct mega *mega, double chance)
{
    avr_t *avr = mega->avr;
    for (int i = 0; i <= avr->ramend && chance > 0; i++) {
        if (i == REGISTERS)
            i = avr->ioend + 1;
        uint8_t lost = 0;
        for (int bit = 0; bit < 8; bit++)
            lost |= (uint8_t)((chance >= 1 || mega_chance(mega, chance)) << bit);
        avr->data[i] = (uint8_t)((avr->data[i] & ~lost) | (mega_random(mega) & lost));
    }
}

void mega_power_on(struct mega *mega, double lost_bits)
{
    avr_reset(mega->avr);
    decay(mega, lost_bits);
    for (int pin = 0; pin < ANALOG_PINS; pin++) /* open ones: any voltage */
        avr_raise_irq(avr_io_getirq(mega->avr, AVR_IOCTL_ADC_GETIRQ, pin), mega_random(mega) % SUPPLY_MV);
    mega->powered = true;
    mega->chip.now_us = mega_us(mega);
    chip_power_on(&mega->chip);
    after_reset(mega, POWER_ON);
}

/* The RESET pin is pulled; on many shields it also resets the Ethernet chip. */
void mega_reset_pin(struct mega *mega, bool chip_too)
{
    if (!mega->powered)
        return;
    if (chip_too) {
        mega->chip.now_us = mega_us(mega);
        chip_power_on(&mega->chip);
    }
    mega_reset(mega, RESET_PIN);
}

/* From here on the program does nothing any more, wherever it is; a reset ends that. */
void mega_hang(struct mega *mega)
{
    uint8_t *at = mega->avr->flash + mega->avr->pc;
    if (mega->hangs)
        return;
    mega->hangs = true;
    mega->hang_pc = mega->avr->pc;
    memcpy(mega->hang_word, at, sizeof mega->hang_word);
    at[0] = RJMP_HERE_LOW;
    at[1] = RJMP_HERE_HIGH;
}

static void quiet(avr_t *avr, const int level, const char *format, va_list values)
{
    (void)avr, (void)level, (void)format, (void)values;
}

struct mega *mega_new(const uint8_t *flash, uint32_t size, uint32_t reset_pc, int chip, uint64_t seed, int32_t ppm)
{
    struct mega *mega = calloc(1, sizeof *mega);
    avr_global_logger_set(quiet);
    mega->avr = avr_make_mcu_by_name("atmega2560");
    if (!mega->avr || avr_init(mega->avr) || size > mega->avr->flashend + 1) {
        free(mega);
        return NULL;
    }
    mega->avr->frequency = CRYSTAL_HZ;
    mega->avr->vcc = mega->avr->avcc = mega->avr->aref = SUPPLY_MV;
    mega->hz = (uint64_t)(CRYSTAL_HZ + ppm * (CRYSTAL_HZ / 1000000));
    mega->random = seed;
    mega->reset_pc = reset_pc;
    mega->chip.kind = chip;
    memcpy(mega->avr->flash, flash, size);
    for (int i = 0; i < UARTS; i++)
        uart_join(&mega->uarts[i], mega, i);
    eeprom_join(mega);
    watchdog_join(mega);
    spi_join(mega);
    network_join(mega);
    return mega;
}

void mega_free(struct mega *mega)
{
    avr_terminate(mega->avr);
    free(mega->avr);
    free(mega);
}
