/* SPDX-License-Identifier: GPL-3.0-or-later */
/* W5x00: SPI frames, common registers, power and reset.
 *
 * The sockets are in w5x00_socket.c.
 */
#include "w5x00.h"

#include <string.h>

/* Common registers; SHAR, SIPR, GAR and SUBR lie at the same place in both chips. */
enum {
    MR = 0x00, IR = 0x15, SIPR = 0x0F,
    W5100_RTR = 0x17, W5100_RCR = 0x19, W5100_RMSR = 0x1A, W5100_TMSR = 0x1B,
    W5500_SIR = 0x17, W5500_RTR = 0x19, W5500_RCR = 0x1B, W5500_PHYCFGR = 0x2E, W5500_VERSIONR = 0x39,
};
#define MR_RESET 0x80
#define PHY_LINK_DOWN 0xB8 /* all capable, auto-negotiation; with 0x07: link, 100 Mbit/s, full duplex */
#define W5500_VERSION 4

/* The W5100's reset circuit on shields holds it down long after power is there (the Arduino library waits 560 ms). */
#define W5100_START_US 300000
#define W5500_START_US 60000
#define SOFTWARE_RESET_US 200

/* SPI: how the two chips begin a frame. */
#define W5100_WRITE 0xF0
#define W5100_READ 0x0F
#define W5500_HEADER 3
#define W5500_WRITE_BIT 0x04
#define NOTHING 0xFF /* MISO with a pull-up and nobody driving it */

int chip_sockets(const struct chip *chip)
{
    return chip->kind == CHIP_W5100 ? 4 : CHIP_SOCKETS;
}

uint16_t chip_word(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t chip_ip(const struct chip *chip)
{
    return (uint32_t)chip_word(chip->common + SIPR) << 16 | chip_word(chip->common + SIPR + 2);
}

void chip_defaults(struct chip *chip)
{
    memset(chip->common, 0, sizeof chip->common);
    int rtr = chip->kind == CHIP_W5100 ? W5100_RTR : W5500_RTR;
    chip->common[rtr] = 0x07; /* 200 ms */
    chip->common[rtr + 1] = 0xD0;
    chip->common[rtr + 2] = 8;
    if (chip->kind == CHIP_W5100)
        chip->common[W5100_RMSR] = chip->common[W5100_TMSR] = 0x55; /* 2 KiB for each socket */
    for (int i = 0; i < CHIP_SOCKETS; i++)
        socket_defaults(chip, &chip->sockets[i]);
    if (chip->trouble >= TROUBLE_STUCK)
        chip->trouble = TROUBLE_NONE;
}

void chip_power_on(struct chip *chip)
{
    chip_defaults(chip);
    chip->selected = false;
    chip->position = 0;
    chip->reset_us = 0;
    chip->ready_us = chip->now_us + (chip->kind == CHIP_W5100 ? W5100_START_US : W5500_START_US);
}

static uint8_t read_common(struct chip *chip, uint16_t address)
{
    bool big = chip->kind == CHIP_W5500;
    if (address == MR)
        return chip->now_us < chip->reset_us ? MR_RESET : chip->common[MR];
    if (address == (big ? W5500_SIR : IR)) {
        uint8_t sockets = big ? 0 : chip->common[IR] & 0xF0;
        for (int i = 0; i < chip_sockets(chip); i++)
            sockets |= (uint8_t)((socket_interrupts(chip, i) != 0) << i);
        return sockets;
    }
    if (big && address == W5500_PHYCFGR)
        return PHY_LINK_DOWN | (chip->link ? 7 : 0);
    if (big && address == W5500_VERSIONR)
        return W5500_VERSION;
    return address < sizeof chip->common ? chip->common[address] : 0;
}

static void write_common(struct chip *chip, uint16_t address, uint8_t value)
{
    if (address == MR && value & MR_RESET) {
        chip->software_resets++;
        chip_defaults(chip);
        chip->reset_us = chip->now_us + SOFTWARE_RESET_US;
    } else if (address == IR) {
        chip->common[IR] &= (uint8_t)~value;
    } else if (address < sizeof chip->common) {
        chip->common[address] = value;
    }
}

/* W5500: `block` selects common registers (0), or of socket n its registers (4n+1), TX (4n+2) or RX memory (4n+3). */
static uint8_t access_block(struct chip *chip, int block, uint16_t address, bool writes, uint8_t value)
{
    int number = block >> 2, part = block & 3;
    if (block == 0 || part == 0) {
        if (writes)
            write_common(chip, address, value);
        return writes ? 0 : read_common(chip, address);
    }
    if (part == 1) {
        if (writes)
            socket_write(chip, number, address, value);
        return writes ? 0 : socket_read(chip, number, address);
    }
    uint8_t *byte = socket_memory(chip, number, part == 3, address);
    if (byte && writes)
        *byte = value;
    return byte ? *byte : 0;
}

static uint8_t w5500_transfer(struct chip *chip, uint32_t at, uint8_t mosi)
{
    if (at < W5500_HEADER) {
        chip->header[at] = mosi;
        chip->address = chip_word(chip->header);
        return (uint8_t)(at + 1);
    }
    uint8_t control = chip->header[2];
    return access_block(chip, control >> 3, chip->address++, control & W5500_WRITE_BIT, mosi);
}

/* The W5100's address space is flat: registers below 0x0800, then both memories of 8 KiB. */
static uint8_t w5100_access(struct chip *chip, uint16_t address, bool writes, uint8_t value)
{
    if (address < 0x0400)
        return access_block(chip, 0, address, writes, value);
    if (address < 0x0800)
        return access_block(chip, ((address - 0x0400) >> 8) * 4 + 1, address & 0xFF, writes, value);
    if (address < 0x4000 || address >= 0x8000)
        return 0;
    uint8_t *byte = address < 0x6000 ? &chip->tx[address - 0x4000] : &chip->rx[address - 0x6000];
    if (writes)
        *byte = value;
    return *byte;
}

static uint8_t w5100_transfer(struct chip *chip, uint32_t at, uint8_t mosi)
{
    if (at < sizeof chip->header) {
        chip->header[at] = mosi;
        return (uint8_t)at;
    }
    if (at > sizeof chip->header) {
        chip->misuse.long_frame++; /* one byte for each chip select, whatever follows is lost */
        return (uint8_t)(at & 3);
    }
    uint16_t address = chip_word(chip->header + 1);
    if (chip->header[0] != W5100_WRITE && chip->header[0] != W5100_READ)
        return 3;
    return w5100_access(chip, address, chip->header[0] == W5100_WRITE, mosi);
}

void chip_select(struct chip *chip, bool low)
{
    chip->selected = low;
    chip->position = 0;
}

uint8_t chip_transfer(struct chip *chip, uint8_t mosi)
{
    if (!chip->selected || chip->kind == CHIP_NONE)
        return NOTHING;
    chip->spi_bytes++;
    uint32_t at = chip->position++;
    if (chip->kind == CHIP_OTHER) { /* something else: it gives back what it was told last */
        uint8_t miso = chip->echo;
        chip->echo = mosi;
        return miso;
    }
    if (chip->now_us < chip->ready_us || chip->trouble == TROUBLE_HIGH)
        return NOTHING;
    if (chip->trouble == TROUBLE_LOW)
        return 0;
    return chip->kind == CHIP_W5500 ? w5500_transfer(chip, at, mosi) : w5100_transfer(chip, at, mosi);
}
