/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The watchdog: interrupt, reset, or interrupt and then reset.
 *
 * simavr's own never resets a program that hangs with its interrupts off while the interrupt is enabled. Data sheet,
 * chapter 12.4: when the interrupt of the last time-out has not been executed by the next one, the reset comes.
 */
#include "mega.h"

#include <stddef.h>

enum { WDTCSR = 0x60, MCUSR = 0x54 };
enum { WDIF = 0x80, WDIE = 0x40, WDP3 = 0x20, WDCE = 0x10, WDE = 0x08, WDP = 0x07 };
#define WINDOW_CYCLES 4
#define OSCILLATOR_HZ 128000
#define SHORTEST 2048 /* of the oscillator's cycles; each prescaler step doubles it */

static uint64_t period(const struct mega *mega)
{
    uint8_t control = mega->avr->data[WDTCSR];
    uint32_t step = (control & WDP) | (control & WDP3 ? 8 : 0);
    return (SHORTEST * mega->hz / OSCILLATOR_HZ) << (step > 9 ? 9 : step);
}

static void restart(struct mega *mega)
{
    bool on = mega->avr->data[WDTCSR] & (WDE | WDIE);
    mega->watchdog.fed_at = mega->avr->cycle;
    mega->watchdog.bites_at = on ? mega->avr->cycle + period(mega) : NEVER;
    mega_arm(mega);
}

static void control_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct mega *mega = param;
    uint8_t before = avr->data[address], after = (uint8_t)(before & ~(WDIE | WDCE));
    bool open = avr->cycle <= mega->watchdog.open_until;
    if (value & WDIF) {
        avr_clear_interrupt(avr, &mega->watchdog.io->watchdog);
        after &= (uint8_t)~WDIF;
    }
    if (open) {
        after = (uint8_t)((after & WDIF) | (value & (WDP3 | WDE | WDP)));
        mega->watchdog.open_until = 0;
    } else if ((value & (WDCE | WDE)) == (WDCE | WDE)) {
        mega->watchdog.open_until = avr->cycle + WINDOW_CYCLES;
    }
    /* It may always be switched on, and cannot be switched off while MCUSR says that it was the cause. */
    if (value & WDE || avr->data[MCUSR] & WATCHDOG)
        after |= WDE;
    avr->data[address] = after | (value & WDIE);
    if ((before ^ after) & (WDP3 | WDE | WDP) || !(before & WDIE) != !(value & WDIE))
        restart(mega);
}

/* The WDR instruction. The deadline is looked at again when the old one has come: no timer moves here. */
static int feed(avr_io_t *io, uint32_t request, void *param)
{
    struct mega *mega = io->avr->custom.data;
    (void)param;
    if (request != AVR_IOCTL_WATCHDOG_RESET)
        return -1;
    mega->watchdog.fed_at = io->avr->cycle;
    return 0;
}

static void executing(struct avr_irq_t *irq, uint32_t begins, void *param)
{
    struct mega *mega = param;
    (void)irq;
    if (begins && mega->avr->data[WDTCSR] & WDE)
        mega->avr->data[WDTCSR] &= (uint8_t)~WDIE;
}

uint64_t watchdog_due(const struct watchdog *watchdog)
{
    return watchdog->bites_at;
}

void watchdog_run(struct mega *mega)
{
    uint8_t control = mega->avr->data[WDTCSR];
    uint64_t deadline = mega->watchdog.fed_at + period(mega);
    if (deadline > mega->avr->cycle) {
        mega->watchdog.bites_at = deadline;
        return;
    }
    bool interrupts = control & WDIE && !(control & WDE && control & WDIF);
    mega->watchdog.bites_at = deadline + period(mega);
    mega->watchdog.fed_at = deadline;
    if (interrupts)
        avr_raise_interrupt(mega->avr, &mega->watchdog.io->watchdog);
    else if (control & WDE)
        mega->watchdog.bites = true;
}

void watchdog_reset(struct mega *mega, uint8_t causes)
{
    mega->watchdog.bites = false;
    mega->watchdog.open_until = 0;
    mega->avr->data[WDTCSR] = causes & WATCHDOG ? WDE : 0; /* at its shortest, until the program looks after it */
    restart(mega);
}

void watchdog_join(struct mega *mega)
{
    struct watchdog *watchdog = &mega->watchdog;
    watchdog->io = (avr_watchdog_t *)mega_part(mega, "watchdog", 0);
    watchdog->bites_at = NEVER;
    watchdog->io->io.ioctl = feed;
    watchdog->io->io.reset = NULL;
    mega->avr->custom.data = mega;
    mega->avr->io[AVR_DATA_TO_IO(WDTCSR)].w.c = control_write;
    mega->avr->io[AVR_DATA_TO_IO(WDTCSR)].w.param = mega;
    avr_irq_register_notify(watchdog->io->watchdog.irq + AVR_INT_IRQ_RUNNING, executing, mega);
}
