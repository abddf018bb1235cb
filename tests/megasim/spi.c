/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SPI master and its two chip selects: pin 10 is the Ethernet chip, pin 4 the card of the same shield.
 *
 * simavr's own takes 100 us for each byte whatever the clock. Here a byte takes its eight bits; SPIF is set when it is
 * looked at after that, so no timer is spent on it. The SPI interrupt is not modelled.
 */
#include "mega.h"

#include <stddef.h>

/* Addresses of the ATmega2560 (data sheet, chapter 33). */
enum { PORTB = 0x25, DDRB = 0x24, PORTG = 0x34, DDRG = 0x33, SPCR = 0x4C, SPSR = 0x4D, SPDR = 0x4E };
enum { ETHERNET_SELECT = 0x10, CARD_SELECT = 0x20, SPIF = 0x80, SPI2X = 0x01, SPE = 0x40, MSTR = 0x10 };
#define BITS 8

static bool low(const avr_t *avr, int port, int direction, uint8_t pin)
{
    return avr->data[direction] & pin && !(avr->data[port] & pin);
}

static void data_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    static const uint8_t dividers[] = { 4, 16, 64, 128, 2, 8, 32, 64 };
    struct mega *mega = param;
    (void)address;
    if ((avr->data[SPCR] & (SPE | MSTR)) != (SPE | MSTR))
        return;
    uint32_t divider = dividers[(avr->data[SPCR] & 3) | (avr->data[SPSR] & SPI2X) << 2];
    /* A card whose select is not driven high may answer too. */
    bool card_silent = avr->data[DDRG] & avr->data[PORTG] & CARD_SELECT;
    if (!card_silent || avr->cycle < mega->spi_done_at)
        mega->counts.spi_conflicts++;
    mega->chip.now_us = mega_us(mega);
    mega->spi_in = chip_transfer(&mega->chip, value);
    mega->spi_done_at = avr->cycle + divider * BITS;
    avr->data[SPSR] &= (uint8_t)~SPIF;
}

static uint8_t data_read(avr_t *avr, avr_io_addr_t address, void *param)
{
    struct mega *mega = param;
    (void)address;
    if (avr->cycle < mega->spi_done_at)
        mega->counts.spi_conflicts++; /* read before it was there */
    avr->data[SPSR] &= (uint8_t)~SPIF;
    mega->spi_done_at = 0;
    return mega->spi_in;
}

static uint8_t status_read(avr_t *avr, avr_io_addr_t address, void *param)
{
    const struct mega *mega = param;
    if (mega->spi_done_at && avr->cycle >= mega->spi_done_at)
        avr->data[address] |= SPIF;
    return avr->data[address];
}

static void status_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    (void)param;
    avr->data[address] = (uint8_t)((avr->data[address] & ~SPI2X) | (value & SPI2X));
}

static void look_at_select(struct mega *mega)
{
    bool selected = low(mega->avr, PORTB, DDRB, ETHERNET_SELECT);
    if (selected != mega->chip.selected)
        chip_select(&mega->chip, selected);
}

/* simavr tells eight pins of each write; only one of this port is connected to anything. */
static void port_write(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    avr->data[address] = value;
    look_at_select(param);
}

static void take_over(struct mega *mega, int address, avr_io_read_t read, avr_io_write_t write)
{
    int io = AVR_DATA_TO_IO(address);
    mega->avr->io[io].r.c = read;
    mega->avr->io[io].r.param = mega;
    mega->avr->io[io].w.c = write;
    mega->avr->io[io].w.param = mega;
}

void spi_reset(struct mega *mega)
{
    mega->spi_done_at = 0;
    look_at_select(mega);
}

void spi_join(struct mega *mega)
{
    take_over(mega, SPDR, data_read, data_write);
    take_over(mega, SPSR, status_read, status_write);
    take_over(mega, SPCR, NULL, NULL);
    take_over(mega, PORTB, NULL, port_write);
    take_over(mega, DDRB, NULL, port_write);
}
