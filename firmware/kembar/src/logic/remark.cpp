// The pieces of a remark.
#include "remark.h"

namespace kembar {

// A remark may have become shorter since its last piece (an uptime, a count); its end is put in any case, because an
// unfinished remark would keep back all lines.
void RemarkWindow::put(char character) {
    if (++at_ > end_) return;
    if (at_ > skip_ || character == '\n') output_.put(character);
}

void print_typed(Output& output, const char* text) {
    for (; *text != '\0'; ++text) output.put(*text == '*' || *text == '!' ? '.' : *text);
}

}  // namespace kembar
