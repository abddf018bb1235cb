// Gathers noise into 32 bits, and draws from them with xorshift.
#include "chance.h"

#include <Arduino.h>

#include "retained.h"

namespace kembar {

namespace {

const uint8_t CONVERSIONS = 128;
// 13 us each with the clock divided by 16: too fast for exact values, and all the noisier.
const uint8_t ADC_FAST = _BV(ADEN) | _BV(ADPS2);
const uint16_t CONVERSION_POLLS_MOST = 1000;

uint32_t state;

void stir(uint8_t byte) { state = (state ^ byte) * 16777619; }

uint8_t convert(uint8_t pin) {
    ADMUX = _BV(REFS0) | pin;
    ADCSRA |= _BV(ADSC);
    for (uint16_t polls = 0; (ADCSRA & _BV(ADSC)) && polls < CONVERSION_POLLS_MOST; polls++) {
    }
    const uint16_t value = ADC;
    return static_cast<uint8_t>(value ^ value >> 8);
}

}  // namespace

void gather_chance() {
    state = ram_noise();
    ADCSRA = ADC_FAST;
    for (uint8_t i = 0; i < CONVERSIONS; i++) stir(convert(i & 7));  // A0 to A7
}

uint32_t draw() {
    stir(TCNT0);
    if (state == 0) state = 1;  // the one value that xorshift cannot leave
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

}  // namespace kembar
