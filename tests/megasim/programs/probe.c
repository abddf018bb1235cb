/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program for the simulated board that does on command what the simulator's tests want to see.
 *
 * Over UART 0: one letter and its bytes in, one line of hex digits out.
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/delay.h>

#define BAUD_115200 16 /* with U2X */
#define BAUD_9600 207
#define KEPT_BYTES 1024

static uint8_t kept[KEPT_BYTES] __attribute__((section(".noinit")));
static volatile uint8_t bites;

ISR(WDT_vect) { bites++; }
EMPTY_INTERRUPT(TIMER0_OVF_vect)

static void send(uint8_t byte)
{
    while (!(UCSR0A & _BV(UDRE0))) {}
    UDR0 = byte;
}

static uint8_t receive(void)
{
    while (!(UCSR0A & _BV(RXC0))) {}
    return UDR0;
}

static void hex(uint8_t byte)
{
    send("0123456789abcdef"[byte >> 4]);
    send("0123456789abcdef"[byte & 15]);
}

/* n, then n bytes in one frame of the Ethernet chip; answers what came back. */
static void spi_frame(void)
{
    uint8_t length = receive(), bytes[64];
    for (uint8_t i = 0; i < length; i++)
        bytes[i] = receive();
    PORTB &= ~_BV(4);
    for (uint8_t i = 0; i < length; i++) {
        SPDR = bytes[i];
        while (!(SPSR & _BV(SPIF))) {}
        bytes[i] = SPDR;
    }
    PORTB |= _BV(4);
    for (uint8_t i = 0; i < length; i++)
        hex(bytes[i]);
}

/* Deaf for 20 ms, then what UART 1 still has. */
static void listen_late(void)
{
    _delay_ms(20);
    while (UCSR1A & _BV(RXC1)) {
        uint8_t flags = UCSR1A;
        hex(UDR1);
        hex(flags & (_BV(FE1) | _BV(DOR1)));
    }
}

static void write_eeprom(void)
{
    uint8_t address = receive(), length = receive();
    while (length--)
        eeprom_write_byte((uint8_t *)(uint16_t)address++, receive());
    eeprom_busy_wait();
}

static void burst(void)
{
    for (uint8_t i = 0; i < 100; i++) {
        while (!(UCSR1A & _BV(UDRE1))) {}
        UDR1 = i;
    }
}

/* Ten passes of 3 ms between two sleeps each, at 1.024 ms from one timer interrupt to the next. */
static void sleep_often(void)
{
    TCCR0B = 3;
    TIMSK0 = 1;
    sei();
    for (uint8_t i = 0; i < 10; i++) {
        set_sleep_mode(SLEEP_MODE_IDLE);
        sleep_mode();
        TIMSK0 = 0;
        _delay_ms(3);
        TIMSK0 = 1;
    }
    cli();
    TIMSK0 = 0;
}

static void watchdog(uint8_t control, uint8_t interrupts)
{
    cli();
    wdt_reset();
    WDTCSR = _BV(WDCE) | _BV(WDE);
    WDTCSR = control;
    if (interrupts)
        sei();
}

static void obey(uint8_t command)
{
    switch (command) {
    case 'm': hex(kept[0]); for (uint16_t i = 1; i < KEPT_BYTES; i++) hex(kept[i]); break;
    case 'f': { uint8_t with = receive(); for (uint16_t i = 0; i < KEPT_BYTES; i++) kept[i] = with; break; }
    case 'r': hex(GPIOR0); hex(bites); break;
    case 'b': burst(); break;
    case 'l': listen_late(); break;
    case 'e': write_eeprom(); break;
    case 'E': hex(eeprom_read_byte((uint8_t *)(uint16_t)receive())); break;
    case 'x': spi_frame(); break;
    case 's': sleep_often(); break;
    case 'w': watchdog(_BV(WDE), 0); for (;;) {}
    case 'i': watchdog(_BV(WDE) | _BV(WDIE), 1); for (;;) { if (bites) hex(bites), send('\n'), bites = 0; }
    case 'I': watchdog(_BV(WDE) | _BV(WDIE), 0); for (;;) {}
    case 'z': cli(); set_sleep_mode(SLEEP_MODE_IDLE); sleep_mode(); break;
    case 'c': *(volatile uint8_t *)0xF000 = 1; break;
    }
}

int main(void)
{
    GPIOR0 = MCUSR;
    MCUSR = 0;
    wdt_disable();
    UCSR0A = _BV(U2X0);
    UBRR0 = BAUD_115200;
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    UCSR1A = _BV(U2X1);
    UBRR1 = BAUD_9600;
    UCSR1B = _BV(RXEN1) | _BV(TXEN1);
    PORTG |= _BV(5); /* the card is not selected */
    DDRG |= _BV(5);
    PORTB |= _BV(4);
    DDRB |= _BV(0) | _BV(1) | _BV(2) | _BV(4);
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X);
    for (;;) {
        obey(receive());
        send('\n');
    }
}
