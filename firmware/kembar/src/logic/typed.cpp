// The bytes of the USB serial line, one by one.
#include "typed.h"

namespace kembar {

void Typed::feed(char character) {
    if (character == '\n' || character == '\r') return end_line();
    if (character == '*' || (at_start_ && character >= 'A' && character <= 'Z')) edge_heard_ = true;
    if (edge_heard_ || deaf_ || whole_ || (at_start_ && character == '#')) ignored_ = true;
    at_start_ = false;
    const bool printable = character >= ' ' && character <= '~';
    if (!printable || length_ == TYPED_BYTES_MOST) bad_ = true;
    if (!ignored_ && !bad_) text_[length_++] = character;
}

// A line that comes while another one waits is dropped: nobody types that fast.
void Typed::end_line() {
    if (!whole_) {
        if (ignored_ || bad_) length_ = 0;
        whole_ = length_ > 0 || (bad_ && !ignored_);
        text_[length_] = '\0';
    }
    at_start_ = true;
    ignored_ = bad_ = false;
}

void Typed::step(uint32_t now_ms) {
    if (edge_heard_) {
        edge_heard_ = false;
        edge_ms_ = static_cast<uint16_t>(now_ms);
        deaf_ = true;
        whole_ = false;
        ignored_ = !at_start_;
        length_ = 0;
    } else if (deaf_ && static_cast<uint16_t>(now_ms - edge_ms_) >= DEAF_MS) {
        deaf_ = false;
    }
}

void Typed::done() {
    whole_ = false;
    length_ = 0;
}

}  // namespace kembar
