/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registers of a WIZnet W5100 or W5500 as a microcontroller meets them over SPI, UDP only.
 *
 * From the data sheets (W5100 v1.2.7, W5500 v1.0.9): no simavr and no sockets in here. Time is told by the caller
 * before each access, datagrams leave through a function, and arrive by chip_receive().
 */
#ifndef MEGASIM_W5X00_H
#define MEGASIM_W5X00_H

#include <stdbool.h>
#include <stdint.h>

enum { CHIP_NONE = 0, CHIP_OTHER = 1, CHIP_W5100 = 5100, CHIP_W5500 = 5500 };

/* What can be wrong with it. HIGH and LOW: MISO stuck, nothing in the chip works. STUCK: registers answer, but no SEND
 * ever ends (W5100 errata, no. 1). DEAF: nothing is received; HALF_DEAF: socket 0 receives nothing. A software reset
 * ends the last three. */
enum {
    TROUBLE_NONE = 0, TROUBLE_HIGH = 1, TROUBLE_LOW = 2, TROUBLE_STUCK = 3, TROUBLE_DEAF = 4, TROUBLE_HALF_DEAF = 5,
};

/* The largest UDP payload that both chips send in one frame. */
#define DATAGRAM_BYTES 1472
#define CHIP_SOCKETS 8
#define CHIP_MEMORY 16384

struct datagram {
    uint64_t at_us;
    uint32_t from_ip, to_ip; /* 192.168.1.2 is 0xC0A80102 */
    uint16_t from_port, to_port;
    uint16_t length;
    uint8_t data[DATAGRAM_BYTES];
};

struct socket {
    uint8_t registers[0x30];
    uint16_t sent;     /* the TX_WR that the last SEND took; reading TX_WR gives this one */
    uint16_t received; /* the RX_RD that the last RECV took */
    uint64_t busy_us;  /* the command register reads as zero from then on */
    bool sending;
    uint64_t ends_us;
    uint8_t result; /* the interrupt bit that the running SEND ends with */
    uint32_t asked_ip, asked_macs; /* who answered its last ARP request, and when; 0: nobody */
};

/* Things that a driver must not do; every count stays 0 with a sane one. */
struct misuse {
    uint64_t send_while_sending, send_too_long, send_unconfigured, unknown_command, long_frame;
};

struct chip {
    int kind, trouble;
    bool link;
    uint32_t macs; /* how often the hosts around it have got other MAC addresses */
    uint64_t now_us, ready_us, reset_us;
    uint8_t common[0x40];
    struct socket sockets[CHIP_SOCKETS];
    uint8_t tx[CHIP_MEMORY], rx[CHIP_MEMORY];
    bool selected;
    uint32_t position; /* bytes since chip select went low */
    uint8_t header[3], echo;
    uint16_t address;
    uint64_t spi_bytes, software_resets, received, refused;
    struct misuse misuse;
    void *owner;
    void (*send)(void *owner, const struct datagram *datagram);
    bool (*answers)(void *owner, uint32_t ip); /* whether that host answers an ARP request */
};

void chip_power_on(struct chip *chip);
void chip_defaults(struct chip *chip);
void chip_select(struct chip *chip, bool low);
uint8_t chip_transfer(struct chip *chip, uint8_t mosi);
/* A datagram has arrived at the plug; false when no socket took it. */
bool chip_receive(struct chip *chip, const struct datagram *datagram);

/* w5x00_socket.c */
void socket_defaults(const struct chip *chip, struct socket *socket);
uint8_t socket_read(struct chip *chip, int number, uint16_t address);
void socket_write(struct chip *chip, int number, uint16_t address, uint8_t value);
uint8_t *socket_memory(struct chip *chip, int number, bool receiving, uint16_t address);
uint8_t socket_interrupts(struct chip *chip, int number);
int chip_sockets(const struct chip *chip);
uint32_t chip_ip(const struct chip *chip);
uint16_t chip_word(const uint8_t *bytes);

#endif
