// The registers and interrupts of UART 1 to 3 (ATmega2560 data sheet, section 22).
#include "uarts.h"

#include <avr/interrupt.h>
#include <avr/io.h>

namespace kembar {

namespace {

// With double speed: 16 MHz / 8 / 9600 - 1, 0.2 % off (table 22-12).
const uint16_t BAUD_9600 = 207;
const uint8_t RECEIVED_MOST = 32;  // a power of two above a reply's 25 bytes
const uint8_t SEND_MOST = 8;

// The registers of one UART lie side by side, in this order in all of them.
struct Registers {
    volatile uint8_t status, control, frame, unused, baud_low, baud_high, data;
};

// The bits have the same places in every UART; avr-libc names them once for each.
const uint8_t FRAME_ERROR = _BV(FE1);
const uint8_t DOUBLE_SPEED = _BV(U2X1);
const uint8_t RUN = _BV(RXEN1) | _BV(TXEN1) | _BV(RXCIE1);
const uint8_t SEND_INTERRUPT = _BV(UDRIE1);
const uint8_t EIGHT_BITS = _BV(UCSZ11) | _BV(UCSZ10);

class SensorUart : public Uart {
  public:
    explicit SensorUart(volatile uint8_t& first)
        : registers_(reinterpret_cast<Registers*>(const_cast<uint8_t*>(&first))) {}

    void begin() {
        registers_->status = DOUBLE_SPEED;
        registers_->baud_high = static_cast<uint8_t>(BAUD_9600 >> 8);
        registers_->baud_low = static_cast<uint8_t>(BAUD_9600);
        registers_->frame = EIGHT_BITS;
        registers_->control = RUN;
    }

    // A request goes out in 8 ms, and the next one is not due before; one that came too early would be left out.
    void send(const uint8_t* bytes, uint8_t length) override {
        if (left_ > 0 || length > SEND_MOST) return;
        for (uint8_t i = 0; i < length; i++) sending_[i] = bytes[i];
        next_ = 0;
        left_ = length;
        registers_->control = RUN | SEND_INTERRUPT;
    }

    int16_t receive() override {
        if (tail_ == head_) return NOTHING_RECEIVED;
        const uint8_t byte = received_[tail_];
        tail_ = (tail_ + 1) % RECEIVED_MOST;
        return byte;
    }

    void byte_came() {
        // A byte without a stop bit is none: a sensor without its 5 V holds the line low.
        const bool damaged = registers_->status & FRAME_ERROR;
        const uint8_t byte = registers_->data;
        const uint8_t head = (head_ + 1) % RECEIVED_MOST;
        if (damaged || head == tail_) return;
        received_[head_] = byte;
        head_ = head;
    }

    void byte_went() {
        registers_->data = sending_[next_++];
        if (--left_ == 0) registers_->control = RUN;
    }

  private:
    Registers* registers_;
    volatile uint8_t head_ = 0;
    volatile uint8_t tail_ = 0;
    volatile uint8_t left_ = 0;
    uint8_t next_ = 0;
    volatile uint8_t received_[RECEIVED_MOST];
    volatile uint8_t sending_[SEND_MOST];
};

SensorUart uarts[3] = {SensorUart(UCSR1A), SensorUart(UCSR2A), SensorUart(UCSR3A)};

}  // namespace

void begin_sensor_uarts() {
    for (uint8_t i = 0; i < 3; i++) uarts[i].begin();
}

Uart& sensor_uart(uint8_t number) { return uarts[number - 1]; }

}  // namespace kembar

ISR(USART1_RX_vect) { kembar::uarts[0].byte_came(); }
ISR(USART2_RX_vect) { kembar::uarts[1].byte_came(); }
ISR(USART3_RX_vect) { kembar::uarts[2].byte_came(); }
ISR(USART1_UDRE_vect) { kembar::uarts[0].byte_went(); }
ISR(USART2_UDRE_vect) { kembar::uarts[1].byte_went(); }
ISR(USART3_UDRE_vect) { kembar::uarts[2].byte_went(); }
