// The two tries of a question.
#include "probe.h"

namespace kembar {

void Probe::ask(uint8_t uart, const Request& request, bool once_more) {
    done();
    request_ = request;
    uart_ = uart;
    once_more_ = once_more;
    asked_ = heard_ = false;
    ended_ = Ended::RUNNING;
    sampler_.pause(uart);
}

Ended Probe::step(uint32_t now_ms) {
    if (ended_ != Ended::RUNNING) return ended_;
    Transaction* const transaction = sampler_.borrow(uart_);
    if (transaction == nullptr) return Ended::RUNNING;
    if (!asked_) {
        if (!transaction->rested(now_ms)) return Ended::RUNNING;
        transaction->start(sampler_.uart(uart_), request_, now_ms);
        asked_ = true;
        return Ended::RUNNING;
    }
    ended_ = transaction->step(now_ms);
    reply_ = transaction->reply();
    heard_ = heard_ || ended_ == Ended::DAMAGED;
    const bool answered = ended_ == Ended::RUNNING || ended_ == Ended::GOOD || ended_ == Ended::EXCEPTION;
    if (answered) return ended_;
    if (once_more_) {
        once_more_ = asked_ = false;
        return ended_ = Ended::RUNNING;
    }
    return ended_ = heard_ ? Ended::DAMAGED : Ended::SILENT;
}

void Probe::done() {
    if (uart_ != 0) sampler_.resume(uart_);
    uart_ = 0;
}

}  // namespace kembar
