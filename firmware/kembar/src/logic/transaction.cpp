// The steps of a transaction.
#include "transaction.h"

#include <string.h>

namespace kembar {

namespace {

// More than any receive buffer holds: a line full of noise cannot hold up the loop.
const uint8_t BYTES_PER_STEP_MOST = 128;

uint16_t since(uint32_t now_ms, uint16_t then_ms) {
    return static_cast<uint16_t>(static_cast<uint16_t>(now_ms) - then_ms);
}

void empty(Uart& uart) {
    for (uint8_t i = 0; i < BYTES_PER_STEP_MOST && uart.receive() != NOTHING_RECEIVED; ++i) {
    }
}

}  // namespace

void Transaction::start(Uart& uart, const Request& request, uint32_t now_ms) {
    uart_ = &uart;
    request_ = request;
    length_ = 0;
    heard_ = false;
    ended_ = Ended::RUNNING;
    started_ms_ = static_cast<uint16_t>(now_ms);
    empty(uart);
    uart.send(request_.bytes, request_.length);
}

Ended Transaction::step(uint32_t now_ms) {
    if (ended_ != Ended::RUNNING) return ended_;
    // First what has come, then the clock: a reply in time stays one though the loop was late to look.
    for (uint8_t i = 0; i < BYTES_PER_STEP_MOST && ended_ == Ended::RUNNING; ++i) {
        const int16_t byte = uart_->receive();
        if (byte == NOTHING_RECEIVED) break;
        take(static_cast<uint8_t>(byte));
    }
    if (ended_ == Ended::RUNNING && since(now_ms, started_ms_) >= REPLY_MS) {
        ended_ = heard_ ? Ended::DAMAGED : Ended::SILENT;
    }
    if (ended_ != Ended::RUNNING) ended_ms_ = static_cast<uint16_t>(now_ms);
    return ended_;
}

bool Transaction::rested(uint32_t now_ms) const {
    // One that was left running by its caller has had its time after REPLY_MS.
    return ended_ == Ended::RUNNING ? since(now_ms, started_ms_) >= REPLY_MS : since(now_ms, ended_ms_) >= GAP_MS;
}

void Transaction::take(uint8_t byte) {
    heard_ = true;
    bytes_[length_++] = byte;  // there is room: a full buffer has been decided
    for (;;) {
        switch (check(request_, bytes_, length_)) {
            case Reply::INCOMPLETE: return;
            case Reply::GOOD: ended_ = Ended::GOOD; return;
            case Reply::EXCEPTION: ended_ = Ended::EXCEPTION; return;
            case Reply::DAMAGED: pass_over_first(); break;
        }
    }
}

void Transaction::pass_over_first() {
    --length_;
    memmove(bytes_, bytes_ + 1, length_);
}

}  // namespace kembar
