// One request to a sensor and its reply, or the want of one, step by step and never waiting.
//
// Which request, and what its reply means, is the caller's (pzem.h). One transaction at a time on a Uart.
// 1. What was received before the request is thrown away: a reply that came too late is nobody's reply.
// 2. A reply is taken as a whole or not at all. Bytes that cannot begin it are passed over (the end of a late reply,
//    noise, another sensor's reply), and so is a frame with a wrong CRC: the right one may come behind it.
// 3. Whatever has come by REPLY_MS is all there is.
#pragma once

#include <stdint.h>

#include "pzem.h"
#include "uart.h"

namespace kembar {

// From the start of the request: its 8 bytes take 8 ms at 9600 baud, a reply 26 ms, and a sensor thinks for up to
// 30 ms or so; the libraries in use wait as long.
const uint16_t REPLY_MS = 100;
// Modbus over Serial Line V1.02, 2.5.1.1: 3.5 characters of silence between two frames, 4 ms at 9600 baud.
const uint16_t GAP_MS = 5;

// SILENT: not one byte came. DAMAGED: some did, and no reply was in them.
enum class Ended : uint8_t { RUNNING, GOOD, SILENT, DAMAGED, EXCEPTION };

class Transaction {
public:
    Transaction() : uart_(nullptr), request_(), length_(0), heard_(false), ended_(Ended::SILENT), started_ms_(0),
                    ended_ms_(0) {}

    // Sends the request. What ran before is forgotten.
    void start(Uart& uart, const Request& request, uint32_t now_ms);
    // Takes in what has come. Says the same again once it has ended.
    Ended step(uint32_t now_ms);

    // After GOOD or EXCEPTION, until the next start.
    const uint8_t* reply() const { return bytes_; }
    // Whether the line has been quiet for long enough that a request can be told from what was before.
    bool rested(uint32_t now_ms) const;
    // The low half of it.
    uint16_t started_ms() const { return started_ms_; }

private:
    void take(uint8_t byte);
    void pass_over_first();

    Uart* uart_;
    Request request_;
    uint8_t bytes_[REPLY_BYTES_MOST];  // what may become the reply; never one that cannot
    uint8_t length_;
    bool heard_;
    Ended ended_;
    // 16 bits are enough for differences of 100 ms; in the worst case a wait begins anew after 65 s.
    uint16_t started_ms_;
    uint16_t ended_ms_;
};

}  // namespace kembar
