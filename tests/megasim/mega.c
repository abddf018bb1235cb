/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How virtual time passes: the agenda of all parts, sleep, and the loop that runs the processor. */
#include "mega.h"

#include <string.h>

#include "sim_core.h"

uint32_t mega_random(struct mega *mega)
{
    /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t z = mega->random += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

bool mega_chance(struct mega *mega, double of_one)
{
    return of_one > 0 && mega_random(mega) < of_one * 4294967296.0;
}

avr_io_t *mega_part(struct mega *mega, const char *kind, int nth)
{
    for (avr_io_t *io = mega->avr->io_port; io; io = io->next)
        if (strcmp(io->kind, kind) == 0 && nth-- == 0)
            return io;
    return NULL;
}

static uint64_t earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint64_t next_due(const struct mega *mega)
{
    uint64_t due = earlier(mega->stop_at, eeprom_due(&mega->eeprom));
    uint64_t network_us = network_due(&mega->network);
    due = earlier(due, watchdog_due(&mega->watchdog));
    for (int i = 0; i < UARTS; i++)
        due = earlier(due, uart_due(&mega->uarts[i]));
    /* One cycle more, so that it is due in whole microseconds too. */
    return network_us == NEVER ? due : earlier(due, mega_cycles(mega, network_us) + mega->hz / 1000000 + 1);
}

static void run_parts(struct mega *mega)
{
    for (int i = 0; i < UARTS; i++)
        if (uart_due(&mega->uarts[i]) <= mega->avr->cycle)
            uart_run(&mega->uarts[i]);
    if (eeprom_due(&mega->eeprom) <= mega->avr->cycle)
        eeprom_run(mega);
    if (mega->network.ins)
        network_run(mega);
    if (mega->powered && watchdog_due(&mega->watchdog) <= mega->avr->cycle)
        watchdog_run(mega);
}

static avr_cycle_count_t agenda(avr_t *avr, avr_cycle_count_t when, void *param)
{
    struct mega *mega = param;
    (void)when;
    mega->in_agenda = true;
    run_parts(mega);
    mega->in_agenda = false;
    uint64_t due = next_due(mega);
    if (mega->stop_at <= avr->cycle)
        return 0; /* mega_run() begins it anew */
    return due > avr->cycle ? due : avr->cycle + 1;
}

void mega_arm(struct mega *mega)
{
    if (mega->in_agenda || !mega->powered)
        return;
    uint64_t due = next_due(mega), now = mega->avr->cycle;
    avr_cycle_timer_register(mega->avr, due > now ? due - now : 1, agenda, mega);
}

static void fell_asleep(struct mega *mega)
{
    uint64_t now = mega->avr->cycle;
    mega->asleep = true;
    mega->counts.sleeps++;
    if (mega->awake_since == NEVER)
        return;
    uint64_t awake = now - mega->awake_since, awake_us = awake * 1000000 / mega->hz;
    mega->counts.cycles_awake += awake;
    if (awake_us > mega->counts.worst_awake_us) {
        mega->counts.worst_awake_us = awake_us;
        mega->counts.worst_awake_at_us = mega_us(mega);
    }
}

/* As avr_callback_run_raw(), but it does not really sleep, and takes note of when the processor does. */
static void step(struct mega *mega)
{
    avr_t *avr = mega->avr;
    avr_flashaddr_t pc = avr->pc;
    if (avr->state == cpu_Running) {
        pc = avr_run_one(avr);
        if (avr->state == cpu_Sleeping)
            fell_asleep(mega);
    }
    avr_cycle_count_t sleep = avr_cycle_timer_process(avr);
    avr->pc = pc;
    if (avr->state == cpu_Sleeping) {
        if (!avr->sreg[S_I])
            avr->state = cpu_Done;
        avr->cycle += sleep ? sleep : 1;
    } else if (mega->asleep) {
        mega->asleep = false;
        mega->awake_since = avr->cycle;
    }
    if (avr->interrupt_state && (avr->state == cpu_Running || avr->state == cpu_Sleeping))
        avr_service_interrupts(avr);
}

static void run_powered(struct mega *mega)
{
    avr_t *avr = mega->avr;
    mega_arm(mega);
    while (avr->cycle < mega->stop_at && !mega->events) {
        step(mega);
        if (mega->watchdog.bites) {
            mega->counts.watchdog_resets++;
            mega->events |= EVENT_BITTEN;
            mega_reset(mega, WATCHDOG);
        }
        if (avr->state == cpu_Crashed || avr->state == cpu_Stopped)
            mega->events |= EVENT_CRASHED;
        else if (avr->state == cpu_Done)
            mega->events |= EVENT_ENDED; /* asleep with interrupts off */
    }
}

/* Let time pass until then, or until something happens that others must know of; gives the EVENT bits. */
int mega_run(struct mega *mega, uint64_t until_us)
{
    mega->stop_at = mega_cycles(mega, until_us);
    mega->events = 0;
    if (mega->powered)
        run_powered(mega);
    if (mega->events & EVENT_POWER_LOST)
        mega_power_off(mega);
    while (!mega->powered && mega->avr->cycle < mega->stop_at && !mega->events) {
        mega->avr->cycle = earlier(next_due(mega), mega->stop_at);
        run_parts(mega);
    }
    return mega->events;
}

uint64_t mega_now_us(const struct mega *mega)
{
    return mega_us(mega);
}

/* Everything that the processor addresses: registers, I/O, SRAM. */
uint8_t *mega_data(struct mega *mega)
{
    return mega->avr->data;
}

uint32_t mega_pc(const struct mega *mega)
{
    return mega->avr->pc;
}

const struct counts *mega_counts(const struct mega *mega)
{
    return &mega->counts;
}
