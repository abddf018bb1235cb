/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network at the Ethernet plug: datagrams in memory, lost and doubled by chance, and who answers ARP. */
#include "mega.h"

#include <string.h>

static void put_out(struct mega *mega, const struct datagram *datagram)
{
    struct network *network = &mega->network;
    if (network->outs == DATAGRAM_QUEUE || mega_chance(mega, network->lost_out)) {
        mega->counts.datagrams_lost++;
        return;
    }
    network->out[network->outs++] = *datagram;
    mega->counts.datagrams_out++;
    mega->events |= EVENT_DATAGRAM;
}

static void sent(void *owner, const struct datagram *datagram)
{
    struct mega *mega = owner;
    put_out(mega, datagram);
    if (mega_chance(mega, mega->network.doubled_out)) {
        mega->counts.datagrams_doubled++;
        put_out(mega, datagram);
    }
}

static bool answers(void *owner, uint32_t ip)
{
    const struct mega *mega = owner;
    for (int i = 0; i < SILENT_HOSTS; i++)
        if (mega->network.silent[i] == ip)
            return false;
    return ip != 0;
}

uint64_t network_due(const struct network *network)
{
    return network->ins ? network->in[0].at_us : NEVER; /* in us: see mega.c */
}

static void arrive(struct mega *mega, const struct datagram *datagram)
{
    if (mega->powered && chip_receive(&mega->chip, datagram))
        mega->counts.datagrams_in++;
    else
        mega->counts.datagrams_lost++;
}

void network_run(struct mega *mega)
{
    struct network *network = &mega->network;
    uint64_t now_us = mega_us(mega);
    while (network->ins && network->in[0].at_us <= now_us) {
        struct datagram first = network->in[0];
        memmove(network->in, network->in + 1, (size_t)--network->ins * sizeof first);
        mega->chip.now_us = now_us;
        if (mega_chance(mega, network->lost_in)) {
            mega->counts.datagrams_lost++;
            continue;
        }
        arrive(mega, &first);
        if (mega_chance(mega, network->doubled_in)) {
            mega->counts.datagrams_doubled++;
            arrive(mega, &first);
        }
    }
}

void network_join(struct mega *mega)
{
    mega->chip.owner = mega;
    mega->chip.send = sent;
    mega->chip.answers = answers;
    mega->chip.link = true;
}

/* From outside. A datagram is given before it is due and arrives then; false: too many are on their way. */
bool mega_datagram_give(struct mega *mega, const struct datagram *datagram)
{
    struct network *network = &mega->network;
    int at = network->ins;
    if (at == DATAGRAM_QUEUE || datagram->length > DATAGRAM_BYTES)
        return false;
    while (at > 0 && network->in[at - 1].at_us > datagram->at_us)
        at--;
    memmove(network->in + at + 1, network->in + at, (size_t)(network->ins++ - at) * sizeof *datagram);
    network->in[at] = *datagram;
    mega_arm(mega);
    return true;
}

bool mega_datagram_take(struct mega *mega, struct datagram *datagram)
{
    struct network *network = &mega->network;
    if (network->outs == 0)
        return false;
    *datagram = network->out[0];
    memmove(network->out, network->out + 1, (size_t)--network->outs * sizeof *datagram);
    return true;
}

void mega_weather(struct mega *mega, double lost_out, double lost_in, double doubled_out, double doubled_in)
{
    mega->network.lost_out = lost_out;
    mega->network.lost_in = lost_in;
    mega->network.doubled_out = doubled_out;
    mega->network.doubled_in = doubled_in;
}

/* A host that is off answers no ARP request; `place` is one of SILENT_HOSTS, 0 as ip frees it. */
void mega_silent_host(struct mega *mega, int place, uint32_t ip)
{
    mega->network.silent[place] = ip;
}

/* Every host has another MAC address from now on, as a Pi whose card is put into another one. */
void mega_other_macs(struct mega *mega)
{
    mega->chip.macs++;
}

void mega_cable(struct mega *mega, bool in)
{
    mega->chip.link = in;
}

void mega_chip_trouble(struct mega *mega, int trouble)
{
    mega->chip.trouble = trouble;
}

/* The chip alone loses its settings, as in a short dip of its supply. */
void mega_chip_forgets(struct mega *mega)
{
    mega->chip.now_us = mega_us(mega);
    chip_defaults(&mega->chip);
}

const struct misuse *mega_misuse(const struct mega *mega)
{
    return &mega->chip.misuse;
}

uint64_t mega_chip_resets(const struct mega *mega)
{
    return mega->chip.software_resets;
}
