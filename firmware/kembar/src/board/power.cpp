// The power reduction registers and the idle mode.
#include "power.h"

#include <Arduino.h>
#include <avr/power.h>
#include <avr/sleep.h>

namespace kembar {

void switch_off_unused() {
    TCCR1B = TCCR2B = TCCR3B = TCCR4B = TCCR5B = 0;
    ADCSRA = 0;  // must be off before its clock is
    ACSR |= _BV(ACD);
    power_timer1_disable();
    power_timer2_disable();
    power_timer3_disable();
    power_timer4_disable();
    power_timer5_disable();
    power_adc_disable();
    power_twi_disable();
}

void sleep_until_next_pass() {
    static uint32_t passed_ms;
    set_sleep_mode(SLEEP_MODE_IDLE);
    do sleep_mode();
    while (millis() - passed_ms < PASS_EVERY_MS);
    passed_ms = millis();
}

}  // namespace kembar
