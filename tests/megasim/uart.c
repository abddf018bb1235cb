/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A UART of the Mega, at its true pace and with its true buffers.
 *
 * simavr's own counts 11 bits for 8N1 and has room for 64 bytes. Here (data sheet, chapter 22): a data register in
 * front of a shift register going out; two bytes of buffer behind a shift register coming in, where a third whole byte
 * stays until the next start bit. simavr's interrupt vectors of that UART are used, its registers are taken over.
 */
#include "mega.h"

#include <stddef.h>

/* Sender and receiver may differ by so much before the last bit is sampled in the wrong place. */
#define BAUD_DIFFER_MOST 0.045
#define BITS_8N1 10

enum { MPCM = 1, U2X = 2, UPE = 4, DOR = 8, FE = 16, UDRE = 32, TXC = 64, RXC = 128 };

static uint64_t byte_cycles(const struct uart *uart)
{
    avr_t *avr = uart->mega->avr;
    uint32_t divider = avr_regbit_get(avr, uart->io->ubrrl) | avr_regbit_get(avr, uart->io->ubrrh) << 8;
    uint8_t control = avr->data[uart->io->r_ucsrc];
    /* 5 to 8 data bits, parity, second stop bit; 9 data bits are not used by anybody here. */
    uint32_t bits = 7 + (control >> 1 & 3) + (control >> 5 & 1) + (control >> 3 & 1);
    return (divider + 1ull) * (avr->data[uart->io->r_ucsra] & U2X ? 8 : 16) * bits;
}

static void set_flags(struct uart *uart, uint8_t set, uint8_t clear)
{
    uint8_t *flags = &uart->mega->avr->data[uart->io->r_ucsra];
    *flags = (uint8_t)((*flags & ~clear) | set);
}

/* The flags of the byte that is read next, and the interrupt as long as there is one. */
static void show_received(struct uart *uart)
{
    avr_t *avr = uart->mega->avr;
    if (uart->holds) {
        set_flags(uart, uart->held_wrong[0] ? FE : 0, FE);
        avr_raise_interrupt(avr, &uart->io->rxc);
    } else {
        avr_clear_interrupt(avr, &uart->io->rxc);
        set_flags(uart, 0, RXC | FE | DOR);
    }
}

static uint8_t flip(struct uart *uart, uint8_t byte, double of_bit)
{
    for (int bit = 0; bit < 8 && of_bit > 0; bit++)
        if (mega_chance(uart->mega, of_bit)) {
            byte ^= (uint8_t)(1 << bit);
            uart->mega->counts.flipped[uart->number]++;
        }
    return byte;
}

/* A whole byte has come in over the wire. */
static void receive(struct uart *uart, uint8_t byte)
{
    struct mega *mega = uart->mega;
    struct counts *counts = &mega->counts;
    bool enabled = mega->powered && avr_regbit_get(mega->avr, uart->io->rxen);
    if (!enabled || mega_chance(mega, uart->noise.lost_in)) {
        counts->unheard[uart->number]++;
        return;
    }
    bool wrong = mega_chance(mega, uart->noise.flips_in); /* a stop bit that was none */
    double ratio = (double)byte_cycles(uart) / (double)uart->side_cycles;
    byte = flip(uart, byte, uart->noise.flips_in);
    if (ratio > 1 + BAUD_DIFFER_MOST || ratio < 1 - BAUD_DIFFER_MOST) {
        byte = (uint8_t)mega_random(mega);
        wrong = true;
    }
    if (uart->holds == 3) {
        counts->overruns[uart->number]++;
        set_flags(uart, DOR, 0);
        uart->holds = 2;
    }
    uart->held[uart->holds] = byte;
    uart->held_wrong[uart->holds++] = wrong;
    counts->heard[uart->number]++;
    show_received(uart);
}

static uint8_t data_read(avr_t *avr, avr_io_addr_t address, void *param)
{
    struct uart *uart = param;
    (void)avr, (void)address;
    uint8_t byte = uart->held[0];
    if (uart->holds) {
        uart->held[0] = uart->held[1], uart->held_wrong[0] = uart->held_wrong[1];
        uart->held[1] = uart->held[2], uart->held_wrong[1] = uart->held_wrong[2];
        uart->holds--;
        set_flags(uart, 0, DOR);
        avr_clear_interrupt(avr, &uart->io->rxc);
        show_received(uart);
    }
    return byte;
}

static void shift_out(struct uart *uart, uint8_t byte)
{
    uart->shift = byte;
    uart->shifting = true;
    uart->shifted_at = uart->mega->avr->cycle + byte_cycles(uart);
    uart->frame_at = NEVER;
}

static void data_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct uart *uart = param;
    (void)address;
    if (!avr_regbit_get(avr, uart->io->txen) || uart->has_next)
        return; /* a full data register keeps what it has */
    avr_clear_interrupt(avr, &uart->io->udrc);
    set_flags(uart, 0, UDRE);
    if (uart->shifting) {
        uart->has_next = true;
        uart->next = value;
    } else {
        shift_out(uart, value);
        avr_raise_interrupt(avr, &uart->io->udrc);
        mega_arm(uart->mega);
    }
}

static void status_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct uart *uart = param;
    uint8_t kept = avr->data[address] & (uint8_t)~(MPCM | U2X);
    if (value & TXC) {
        avr_clear_interrupt(avr, &uart->io->txc);
        kept &= (uint8_t)~TXC;
    }
    avr->data[address] = kept | (value & (MPCM | U2X));
}

static void control_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    struct uart *uart = param;
    avr_int_vector_t *vectors[] = { &uart->io->rxc, &uart->io->udrc, &uart->io->txc };
    bool before[3];
    for (int i = 0; i < 3; i++)
        before[i] = avr_regbit_get(avr, vectors[i]->enable);
    avr->data[address] = value;
    if (!avr_regbit_get(avr, uart->io->rxen)) {
        uart->holds = 0;
        show_received(uart);
    }
    for (int i = 0; i < 3; i++)
        if (!before[i] && avr_regbit_get(avr, vectors[i]->enable) && avr_regbit_get(avr, vectors[i]->raised))
            avr_raise_interrupt(avr, vectors[i]);
}

static void to_side(struct uart *uart)
{
    struct mega *mega = uart->mega;
    uint8_t byte = flip(uart, uart->shift, uart->noise.flips_out);
    mega->counts.sent[uart->number]++;
    if (mega_chance(mega, uart->noise.lost_out))
        return;
    if (uart->out_end - uart->out_first < SERIAL_QUEUE)
        uart->out[uart->out_end++ % SERIAL_QUEUE] = (struct line_byte){ uart->shifted_at, byte };
    uart->frame_at = uart->shifted_at + uart->gap;
    if (uart->shift == uart->frame_end || uart->out_end - uart->out_first >= SERIAL_QUEUE / 2)
        mega->events |= EVENT_SERIAL << uart->number;
}

static void shifted(struct uart *uart)
{
    avr_t *avr = uart->mega->avr;
    uart->shifting = false;
    to_side(uart);
    if (uart->has_next) {
        uint64_t at = uart->shifted_at;
        uart->has_next = false;
        shift_out(uart, uart->next);
        uart->shifted_at = at + byte_cycles(uart); /* without a gap */
        avr_raise_interrupt(avr, &uart->io->udrc);
    } else {
        avr_raise_interrupt(avr, &uart->io->txc);
    }
}

static void next_arrival(struct uart *uart)
{
    if (uart->in_first == uart->in_end) {
        uart->arrived_at = NEVER;
        return;
    }
    uint64_t at = uart->in[uart->in_first % SERIAL_QUEUE].at;
    if (at < uart->line_free_at)
        at = uart->line_free_at;
    uart->line_free_at = uart->arrived_at = at + uart->side_cycles;
}

uint64_t uart_due(const struct uart *uart)
{
    uint64_t due = uart->shifting ? uart->shifted_at : uart->frame_at;
    return uart->arrived_at < due ? uart->arrived_at : due;
}

void uart_run(struct uart *uart)
{
    uint64_t now = uart->mega->avr->cycle;
    while (uart->arrived_at <= now) {
        receive(uart, uart->in[uart->in_first++ % SERIAL_QUEUE].byte);
        next_arrival(uart);
    }
    while (uart->shifting && uart->shifted_at <= now)
        shifted(uart);
    if (uart->frame_at <= now) {
        uart->frame_at = NEVER;
        uart->mega->events |= EVENT_SERIAL << uart->number;
    }
}

void uart_reset(struct uart *uart)
{
    avr_t *avr = uart->mega->avr;
    /* simavr leaves TXEN set, for programs that print without setting up; the real register is 0. */
    avr->data[uart->io->r_ucsrb] = 0;
    avr->data[uart->io->r_ucsra] = UDRE;
    avr->data[uart->io->r_ucsrc] = 6; /* 8N1 */
    uart->holds = 0;
    if (uart->shifting)
        uart->frame_at = avr->cycle + uart->gap;
    uart->shifting = uart->has_next = false;
}

void uart_join(struct uart *uart, struct mega *mega, int number)
{
    avr_t *avr = mega->avr;
    uart->mega = mega;
    uart->number = number;
    for (int nth = 0; nth < UARTS; nth++) {
        avr_uart_t *io = (avr_uart_t *)mega_part(mega, "uart", nth);
        if (io && io->name == '0' + number)
            uart->io = io;
    }
    avr->io[AVR_DATA_TO_IO(uart->io->r_udr)].r.c = data_read;
    avr->io[AVR_DATA_TO_IO(uart->io->r_udr)].w.c = data_write;
    avr->io[AVR_DATA_TO_IO(uart->io->r_ucsra)].r.c = NULL;
    avr->io[AVR_DATA_TO_IO(uart->io->r_ucsra)].w.c = status_write;
    avr->io[AVR_DATA_TO_IO(uart->io->r_ucsrb)].w.c = control_write;
    avr->io[AVR_DATA_TO_IO(uart->io->r_ucsrc)].w.c = NULL;
    avr->io[AVR_DATA_TO_IO(uart->io->ubrrl.reg)].w.c = NULL;
    avr->io[AVR_DATA_TO_IO(uart->io->r_udr)].r.param = uart;
    avr->io[AVR_DATA_TO_IO(uart->io->r_udr)].w.param = uart;
    avr->io[AVR_DATA_TO_IO(uart->io->r_ucsra)].w.param = uart;
    avr->io[AVR_DATA_TO_IO(uart->io->r_ucsrb)].w.param = uart;
    uart->arrived_at = uart->frame_at = NEVER;
    uart->frame_end = -1;
    uart->side_cycles = mega->hz * BITS_8N1 / (number == 0 ? 115200 : 9600);
    uart->gap = uart->side_cycles * 7 / 2;
}

/* From outside: what is connected, what it says, what it hears. */
void mega_serial_side(struct mega *mega, int number, uint32_t baud, uint32_t gap_us, int frame_end)
{
    struct uart *uart = &mega->uarts[number];
    uart->side_cycles = mega->hz * BITS_8N1 / baud;
    uart->gap = mega_cycles(mega, gap_us);
    uart->frame_end = frame_end;
}

uint32_t mega_serial_say(struct mega *mega, int number, uint64_t at_us, const uint8_t *bytes, uint32_t length)
{
    struct uart *uart = &mega->uarts[number];
    bool idle = uart->in_first == uart->in_end;
    uint32_t taken = 0;
    while (taken < length && uart->in_end - uart->in_first < SERIAL_QUEUE)
        uart->in[uart->in_end++ % SERIAL_QUEUE] = (struct line_byte){ mega_cycles(mega, at_us), bytes[taken++] };
    if (idle) {
        if (uart->line_free_at < mega->avr->cycle)
            uart->line_free_at = mega->avr->cycle;
        next_arrival(uart);
        mega_arm(mega);
    }
    return taken;
}

uint32_t mega_serial_hear(struct mega *mega, int number, uint8_t *bytes, uint32_t room, uint64_t *last_us)
{
    struct uart *uart = &mega->uarts[number];
    uint32_t taken = 0;
    while (taken < room && uart->out_first != uart->out_end) {
        struct line_byte heard = uart->out[uart->out_first++ % SERIAL_QUEUE];
        bytes[taken++] = heard.byte;
        *last_us = heard.at * 1000000 / mega->hz;
    }
    return taken;
}

void mega_serial_noise(struct mega *mega, int number, const struct line_noise *noise)
{
    mega->uarts[number].noise = *noise;
}
