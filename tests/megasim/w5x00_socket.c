/* SPDX-License-Identifier: GPL-3.0-or-later */
/* W5x00: one UDP socket, its commands, its two memories. */
#include "w5x00.h"

#include <stddef.h>
#include <string.h>

/* Socket registers, alike in both chips. */
enum {
    MR = 0x00, CR = 0x01, IR = 0x02, SR = 0x03, PORT = 0x04, DIPR = 0x0C, DPORT = 0x10,
    RXBUF = 0x1E, TXBUF = 0x1F, /* W5500 only, in KiB */
    TX_FSR = 0x20, TX_RD = 0x22, TX_WR = 0x24, RX_RSR = 0x26, RX_RD = 0x28, RX_WR = 0x2A,
};
enum { OPEN = 0x01, CLOSE = 0x10, SEND = 0x20, RECV = 0x40 };
enum { CLOSED = 0x00, UDP = 0x22 };
enum { GOT_DATA = 0x04, TIMEOUT = 0x08, SENT = 0x10 };
#define MODE 0x0F
#define MODE_UDP 2
#define FORCE_ARP 0x02 /* W5500, in the common mode register */
#define NO_BROADCASTS 0x40 /* W5500 */
#define UDP_HEADER 8

/* The chip's own work: a command is read by its state machine; a frame goes out at 100 Mbit/s after an ARP reply. */
#define COMMAND_US 8
#define ARP_US 120u
#define BYTES_PER_US 12
#define ANY_HOST 0xFFFFFFFFu

static void put_word(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static uint32_t long_word(const uint8_t *bytes)
{
    return (uint32_t)chip_word(bytes) << 16 | chip_word(bytes + 2);
}

void socket_defaults(const struct chip *chip, struct socket *socket)
{
    memset(socket, 0, sizeof *socket);
    memset(socket->registers + 6, 0xFF, 6); /* DHAR */
    if (chip->kind == CHIP_W5500)
        socket->registers[RXBUF] = socket->registers[TXBUF] = 2;
}

/* Bytes of one socket's memory. W5100: RMSR and TMSR have two bits for each socket: 1, 2, 4 or 8 KiB. */
static uint32_t memory_size(const struct chip *chip, int number, bool receiving)
{
    if (chip->kind == CHIP_W5500)
        return chip->sockets[number].registers[receiving ? RXBUF : TXBUF] * 1024u;
    return 1024u << (chip->common[receiving ? 0x1A : 0x1B] >> (2 * number) & 3);
}

uint8_t *socket_memory(struct chip *chip, int number, bool receiving, uint16_t address)
{
    uint32_t base = 0, size = memory_size(chip, number, receiving);
    for (int i = 0; i < number; i++)
        base += memory_size(chip, i, receiving);
    uint32_t room = chip->kind == CHIP_W5500 ? CHIP_MEMORY : CHIP_MEMORY / 2;
    if (size == 0 || base + size > room)
        return NULL;
    return (receiving ? chip->rx : chip->tx) + base + (address & (size - 1));
}

static void settle(const struct chip *chip, struct socket *socket)
{
    if (socket->sending && chip->now_us >= socket->ends_us && chip->trouble != TROUBLE_STUCK) {
        socket->sending = false;
        socket->registers[IR] |= socket->result;
        if (socket->result == SENT) /* after a time-out the memory stays as it is */
            put_word(socket->registers + TX_RD, socket->sent);
    }
}

uint8_t socket_interrupts(struct chip *chip, int number)
{
    settle(chip, &chip->sockets[number]);
    return chip->sockets[number].registers[IR];
}

static uint16_t waiting(const struct socket *socket)
{
    return (uint16_t)(chip_word(socket->registers + RX_WR) - socket->received);
}

/* Where a frame for `ip` goes on this network, or 0 when nobody answers the ARP request for it. */
static bool reachable(const struct chip *chip, uint32_t ip)
{
    uint32_t own = chip_ip(chip), mask = long_word(chip->common + 5), gateway = long_word(chip->common + 1);
    if (!chip->link)
        return false;
    if (ip == ANY_HOST || ip == (own | ~mask))
        return true;
    return chip->answers(chip->owner, (ip & mask) == (own & mask) ? ip : gateway);
}

/* A W5500 whose ARP is not forced asks once for each destination, and goes on sending to the MAC address of then. */
static bool finds(const struct chip *chip, struct socket *socket, uint32_t ip)
{
    bool asks = chip->kind == CHIP_W5100 || chip->common[MR] & FORCE_ARP || socket->asked_ip != ip;
    if (!asks)
        return chip->link;
    bool found = reachable(chip, ip);
    socket->asked_ip = found && ip != ANY_HOST ? ip : 0;
    socket->asked_macs = chip->macs;
    return found;
}

static uint64_t give_up_us(const struct chip *chip)
{
    const uint8_t *rtr = chip->common + (chip->kind == CHIP_W5100 ? 0x17 : 0x19);
    return chip_word(rtr) * 100ull * (rtr[2] + 1u);
}

static void send(struct chip *chip, int number)
{
    struct socket *socket = &chip->sockets[number];
    uint16_t from = chip_word(socket->registers + TX_RD), to = chip_word(socket->registers + TX_WR);
    uint16_t length = (uint16_t)(to - from);
    struct datagram datagram = { .at_us = chip->now_us, .from_ip = chip_ip(chip) };
    if (socket->registers[SR] != UDP)
        return; /* closed, which after a dip of its supply the driver cannot know */
    if (socket->sending) {
        chip->misuse.send_while_sending++;
        return;
    }
    if (length > DATAGRAM_BYTES || length > memory_size(chip, number, false) ||
        !socket_memory(chip, number, false, 0)) {
        chip->misuse.send_too_long++;
        length = 0;
    }
    if (datagram.from_ip == 0 || long_word(chip->common + 9) == 0 || chip->common[9] & 1)
        chip->misuse.send_unconfigured++; /* no address of its own, or a MAC that is none */
    for (uint16_t i = 0; i < length; i++)
        datagram.data[i] = *socket_memory(chip, number, false, (uint16_t)(from + i));
    datagram.length = length;
    datagram.from_port = chip_word(socket->registers + PORT);
    datagram.to_ip = long_word(socket->registers + DIPR);
    datagram.to_port = chip_word(socket->registers + DPORT);
    bool goes = finds(chip, socket, datagram.to_ip);
    socket->sent = to;
    socket->sending = true;
    socket->result = goes ? SENT : TIMEOUT;
    socket->ends_us = chip->now_us + (goes ? ARP_US + length / BYTES_PER_US : give_up_us(chip));
    if (goes && socket->asked_macs == chip->macs && chip->trouble != TROUBLE_STUCK)
        chip->send(chip->owner, &datagram);
}

static void open(struct socket *socket)
{
    bool udp = (socket->registers[MR] & MODE) == MODE_UDP;
    socket->registers[SR] = udp ? UDP : CLOSED;
    socket->registers[IR] = 0;
    socket->sending = false;
    socket->sent = socket->received = 0;
    socket->asked_ip = 0;
    memset(socket->registers + TX_RD, 0, RX_WR + 2 - TX_RD);
}

static void command(struct chip *chip, int number, uint8_t value)
{
    struct socket *socket = &chip->sockets[number];
    settle(chip, socket);
    socket->registers[CR] = value;
    socket->busy_us = chip->now_us + COMMAND_US;
    if (value == OPEN)
        open(socket);
    else if (value == CLOSE)
        socket->registers[SR] = CLOSED;
    else if (value == SEND)
        send(chip, number);
    else if (value == RECV)
        socket->received = chip_word(socket->registers + RX_RD);
    else
        chip->misuse.unknown_command++; /* TCP and MACRAW are not modelled */
}

uint8_t socket_read(struct chip *chip, int number, uint16_t address)
{
    if (number >= chip_sockets(chip) || address >= sizeof chip->sockets[0].registers)
        return 0;
    struct socket *socket = &chip->sockets[number];
    settle(chip, socket);
    uint8_t word[2];
    switch (address) {
    case CR:
        return chip->now_us < socket->busy_us ? socket->registers[CR] : 0;
    case TX_FSR:
    case TX_FSR + 1:
        put_word(word, (uint16_t)(memory_size(chip, number, false) -
                      (uint16_t)(socket->sent - chip_word(socket->registers + TX_RD))));
        return word[address - TX_FSR];
    case TX_WR:
    case TX_WR + 1:
        put_word(word, socket->sent);
        return word[address - TX_WR];
    case RX_RSR:
    case RX_RSR + 1:
        put_word(word, waiting(socket));
        return word[address - RX_RSR];
    default:
        return socket->registers[address];
    }
}

void socket_write(struct chip *chip, int number, uint16_t address, uint8_t value)
{
    if (number >= chip_sockets(chip) || address >= sizeof chip->sockets[0].registers)
        return;
    struct socket *socket = &chip->sockets[number];
    bool read_only = address == SR || (address >= TX_FSR && address < TX_WR) || address == RX_RSR ||
             address == RX_RSR + 1 || address >= RX_WR;
    if (address == CR)
        command(chip, number, value);
    else if (address == IR)
        socket->registers[IR] &= (uint8_t)~value;
    else if (!read_only)
        socket->registers[address] = value;
}

static bool take(struct chip *chip, int number, const struct datagram *datagram)
{
    struct socket *socket = &chip->sockets[number];
    uint8_t header[UDP_HEADER];
    if (waiting(socket) + UDP_HEADER + datagram->length > (int)memory_size(chip, number, true) ||
        !socket_memory(chip, number, true, 0))
        return false;
    put_word(header, (uint16_t)(datagram->from_ip >> 16));
    put_word(header + 2, (uint16_t)datagram->from_ip);
    put_word(header + 4, datagram->from_port);
    put_word(header + 6, datagram->length);
    uint16_t at = chip_word(socket->registers + RX_WR);
    for (int i = 0; i < UDP_HEADER + datagram->length; i++)
        *socket_memory(chip, number, true, at++) = i < UDP_HEADER ? header[i] : datagram->data[i - UDP_HEADER];
    put_word(socket->registers + RX_WR, at);
    socket->registers[IR] |= GOT_DATA;
    return true;
}

bool chip_receive(struct chip *chip, const struct datagram *datagram)
{
    uint32_t own = chip_ip(chip), everybody = own | ~long_word(chip->common + 5);
    bool broadcast = datagram->to_ip == ANY_HOST || datagram->to_ip == everybody;
    bool works = chip->trouble == TROUBLE_NONE || chip->trouble == TROUBLE_STUCK || chip->trouble == TROUBLE_HALF_DEAF;
    if (chip->kind < CHIP_W5100 || chip->now_us < chip->ready_us || !works || !chip->link)
        return false;
    for (int i = chip->trouble == TROUBLE_HALF_DEAF; i < chip_sockets(chip); i++) {
        struct socket *socket = &chip->sockets[i];
        bool listens = socket->registers[SR] == UDP && chip_word(socket->registers + PORT) == datagram->to_port;
        bool deaf = broadcast && chip->kind == CHIP_W5500 && socket->registers[MR] & NO_BROADCASTS;
        if (!listens || deaf || (!broadcast && datagram->to_ip != own))
            continue;
        bool took = take(chip, i, datagram);
        chip->received += took;
        chip->refused += !took;
        return took;
    }
    return false;
}
