/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An Arduino Mega 2560 in virtual time: a core by simavr, and around it parts of our own.
 *
 * Time is counted in cycles of the board's crystal, also while its power is off; outside it is told in microseconds.
 * One agenda: every part says when it has something to do next, and a single timer of simavr's wakes the earliest.
 * Nothing in here reads a clock, opens a socket or draws a number that the seed does not give.
 */
#ifndef MEGASIM_MEGA_H
#define MEGASIM_MEGA_H

#include <stdbool.h>
#include <stdint.h>

#include "sim_avr.h"
#include "avr_eeprom.h"
#include "avr_uart.h"
#include "avr_watchdog.h"
#include "w5x00.h"

#define NEVER UINT64_MAX
#define UARTS 4
#define EEPROM_BYTES 4096
#define SERIAL_QUEUE 16384
#define DATAGRAM_QUEUE 64
#define SILENT_HOSTS 8

/* Why mega_run() came back before its time, as bits. */
enum {
    EVENT_SERIAL = 1, /* shifted by the number of the UART: a frame or a line is whole */
    EVENT_DATAGRAM = 16, EVENT_POWER_LOST = 32, EVENT_CRASHED = 64, EVENT_ENDED = 128, EVENT_BITTEN = 256,
};

/* MCUSR: why the processor starts. */
enum { POWER_ON = 1, RESET_PIN = 2, WATCHDOG = 8 };

struct counts {
    uint64_t cycles_awake, sleeps, resets, watchdog_resets;
    uint64_t worst_awake_us, worst_awake_at_us;
    uint64_t spi_conflicts, eeprom_writes, eeprom_torn, eeprom_misuse;
    uint64_t overruns[UARTS], sent[UARTS], heard[UARTS], unheard[UARTS], flipped[UARTS];
    uint64_t datagrams_out, datagrams_in, datagrams_lost, datagrams_doubled;
};

struct line_noise {
    double flips_in, flips_out; /* of a bit */
    double lost_in, lost_out;   /* of a byte */
};

struct line_byte {
    uint64_t at;
    uint8_t byte;
};

/* One UART and the line to what is connected to it. */
struct uart {
    struct mega *mega;
    avr_uart_t *io;
    int number;
    /* out: data register, shift register, the wire */
    bool shifting, has_next;
    uint8_t shift, next;
    uint64_t shifted_at;
    struct line_byte out[SERIAL_QUEUE];
    uint32_t out_first, out_end;
    uint64_t gap, frame_at; /* so long after the last byte a frame is over */
    int frame_end;          /* a byte that ends a frame at once, or -1 */
    /* in: the wire, shift register, two bytes of buffer */
    struct line_byte in[SERIAL_QUEUE];
    uint32_t in_first, in_end;
    uint64_t arrived_at, line_free_at, side_cycles;
    uint8_t held[3];
    bool held_wrong[3]; /* framing error */
    int holds;
    struct line_noise noise;
};

struct eeprom {
    avr_eeprom_t *io;
    uint8_t cells[EEPROM_BYTES];
    uint32_t wear[EEPROM_BYTES];
    uint64_t armed_until, done_at, cut_at;
    bool busy;
    uint16_t address;
    uint8_t value;
    uint32_t cut_in; /* the power goes within the n-th write from now; 0: it does not */
};

struct watchdog {
    avr_watchdog_t *io;
    uint64_t fed_at, bites_at, open_until;
    bool bites;
};

struct network {
    double lost_out, lost_in, doubled_out, doubled_in;
    uint32_t silent[SILENT_HOSTS]; /* hosts that answer no ARP request */
    struct datagram out[DATAGRAM_QUEUE], in[DATAGRAM_QUEUE]; /* in: by time */
    int outs, ins;
};

struct mega {
    avr_t *avr;
    uint64_t hz, random, stop_at;
    uint32_t reset_pc;
    bool powered, in_agenda;
    int events;
    /* sleep */
    bool asleep;
    uint64_t awake_since;
    /* SPI */
    uint64_t spi_done_at;
    uint8_t spi_in;
    /* a flash word that an endless loop stands in for */
    bool hangs;
    uint32_t hang_pc;
    uint8_t hang_word[2];
    struct uart uarts[UARTS];
    struct eeprom eeprom;
    struct watchdog watchdog;
    struct network network;
    struct chip chip;
    struct counts counts;
};

static inline uint64_t mega_us(const struct mega *mega)
{
    return mega->avr->cycle * 1000000 / mega->hz;
}

static inline uint64_t mega_cycles(const struct mega *mega, uint64_t us)
{
    return us * mega->hz / 1000000;
}

/* mega.c */
uint32_t mega_random(struct mega *mega);
bool mega_chance(struct mega *mega, double of_one);
void mega_arm(struct mega *mega);
avr_io_t *mega_part(struct mega *mega, const char *kind, int nth);

/* board.c */
void mega_reset(struct mega *mega, uint8_t cause);
void mega_power_off(struct mega *mega);

/* Every part: how it is joined to the core, what a reset does to it, when it is due, what it does then. */
void uart_join(struct uart *uart, struct mega *mega, int number);
void uart_reset(struct uart *uart);
uint64_t uart_due(const struct uart *uart);
void uart_run(struct uart *uart);

void eeprom_join(struct mega *mega);
void eeprom_reset(struct mega *mega);
void eeprom_power_lost(struct mega *mega);
uint64_t eeprom_due(const struct eeprom *eeprom);
void eeprom_run(struct mega *mega);

void watchdog_join(struct mega *mega);
void watchdog_reset(struct mega *mega, uint8_t causes);
uint64_t watchdog_due(const struct watchdog *watchdog);
void watchdog_run(struct mega *mega);

void spi_join(struct mega *mega);
void spi_reset(struct mega *mega);

void network_join(struct mega *mega);
uint64_t network_due(const struct network *network);
void network_run(struct mega *mega);

#endif
