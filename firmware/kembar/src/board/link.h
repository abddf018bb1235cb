// What carries lines to the edge: Ethernet or the USB serial port.
//
// ready(), then take() one line, as often as lines are due; end() closes the datagram where there is such a thing.
#pragma once

#include "../logic/home.h"
#include "../logic/linewriter.h"

namespace kembar {

struct Link {
    virtual bool ready() = 0;
    // The line must stay as it is until ready() is true again.
    virtual void take(const LineBuffer& line) = 0;
    virtual void end(const Address& to, uint32_t now_ms) = 0;
};

}  // namespace kembar
