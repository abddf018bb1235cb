// Counts the cycles that the Mega needs for what it does every second; runs in simavr and prints one figure a line.
//
// Timer 1 counts the processor's clock. Nothing that is measured may take 65 536 cycles, 4 ms; its overflow flag tells.
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "../../kembar/src/logic/linereader.h"
#include "../../kembar/src/logic/outbox.h"

using namespace kembar;

namespace {

RingMemory memory;
Ring ring(memory);

struct Usb : Output {
    void put(char character) override {
        while (!(UCSR0A & _BV(UDRE0))) {
        }
        UDR0 = static_cast<uint8_t>(character);
    }
} usb;

template <class Work>
void measure(FlashText what, Work work) {
    TCNT1 = 0;
    TIFR1 = _BV(TOV1);
    work();
    const uint16_t cycles = TCNT1;
    const bool over = TIFR1 & _BV(TOV1);
    print(usb, what);
    usb.put(' ');
    print(usb, over ? 0xFFFFFFFFUL : static_cast<uint32_t>(cycles));
    usb.put('\n');
}

}  // namespace

int main() {
    UCSR0B = _BV(TXEN0);
    TCCR1A = 0;
    TCCR1B = _BV(CS10);
    const Measurement large = {2599, 99999, 229999, 9999999, 599, 99, true};
    LineBuffer line;
    Identity identity = {"abcdefghijklm-16", 3999999999UL, 999999999UL, 3999999999UL};
    measure(KEMBAR_TEXT("reading"), [&] { write_reading(line, identity, 16, large); });
    identity.uptime_ms = 1999999999999ULL;  // 63 years
    measure(KEMBAR_TEXT("reading-late"), [&] { write_reading(line, identity, 16, large); });
    identity.uptime_ms = 0x7FFFFFFFFFFFFFFFULL;
    measure(KEMBAR_TEXT("reading-latest"), [&] { write_reading(line, identity, 16, large); });

    ring.believe();
    ring.start(3999999999UL);
    for (uint16_t n = 0; n < RECORDS; n++) ring.add(reading_of(16, large), 3999999999UL);
    ring.start(4000000000UL);
    measure(KEMBAR_TEXT("add-to-full"), [&] { ring.add(reading_of(16, large), 3999999999UL); });
    measure(KEMBAR_TEXT("acknowledge"), [&] { ring.acknowledge(1, 1); });

    Outbox outbox(ring, "abcdefghijklm-16", "0.1.0");
    const Vitals vitals = {"watchdog", 1000, 3, 1000};
    measure(KEMBAR_TEXT("next-hello"), [&] { outbox.next(3999999999UL, line, vitals); });
    outbox.next(3999999999UL, line, vitals);
    outbox.next(3999999999UL, line, vitals);
    outbox.next(3999999999UL, line, vitals);
    measure(KEMBAR_TEXT("next-reading"), [&] { outbox.next(3999999999UL, line, vitals); });

    volatile Heard heard = Heard::NOTHING;
    LineReader reader("abcdefghijklm-16");
    measure(KEMBAR_TEXT("read-ack"), [&] {
        FlashText ack = KEMBAR_TEXT("A1,abcdefghijklm-16,3999999999,4294967295*4A33\n");
        for (uint8_t i = 0; flash_char(ack, i) != '\0'; i++) heard = reader.feed(flash_char(ack, i));
    });
    usb.put(heard == Heard::ACK ? '\n' : '?');
    cli();
    sleep_enable();
    sleep_cpu();  // simavr ends where nothing can wake it
}
