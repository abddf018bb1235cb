// A W5100 or W5500 Ethernet chip with two UDP sockets, run by small steps that never wait.
//
// Not what is said: that is ethernet.h's. step() is called once per pass; everything that takes the chip time (a reset,
// a SEND with its ARP) is started in one pass and looked after in later ones. Rules, each met in the field:
// 1. No length, pointer or state that the chip gives is believed unchecked: a bus stuck at 0xFF or 0x00, no chip at all
//    and another chip lead to a software reset, never to a long loop or a long copy.
// 2. A chip that does not do what it should is reset by its mode register, at most every RETRY_MS; nothing else resets
//    it, since the reset of the Mega's watchdog does not reach the shield.
// 3. A SEND may end neither well nor with a time-out (W5100 errata, no. 1), or its end is not told: it has SEND_MOST_MS,
//    then the socket is opened anew. When the next one does not end either, rule 2.
// 4. A chip that has brought no answer of the edge for long is reset as well: a deaf one looks healthy. What others say,
//    or the edge to everybody, does not count: it comes to another socket, and says nothing of the way to the edge.
// 5. The W5500 asks for the edge's MAC address before each datagram (FARP): otherwise an edge that gets another one, as
//    its card in another computer does, would never hear from it again.
// Registers: W5100 data sheet 1.2.6, section 4; W5500 data sheet 1.0.9, section 4.
#pragma once

#include "../logic/settings.h"
#include "w5x00_bus.h"

namespace kembar {

// A datagram that lies in the chip's receive memory.
struct Arrival {
    uint8_t ip[4];
    uint16_t port;
    uint16_t left;  // bytes not read yet
};

class W5x00 {
  public:
    static const uint8_t LINES = 0;
    static const uint8_t BEACONS = 1;

    // Addresses come from the settings, which stay where they are; step() does the rest.
    void begin(const Settings& settings, uint16_t lines_port, uint16_t beacons_port);
    void step(uint32_t now_ms);

    // The chip answers and its sockets are open.
    bool up() const { return state_ == State::UP; }
    // NONE while none is up.
    Chip chip() const { return up() ? bus_.chip() : Chip::NONE; }
    // A datagram may be begun: up, a cable in it (the W5100 cannot tell), none on its way.
    bool ready() const { return up() && cable_ && !sending_; }
    // The edge has answered: this chip hears, and is heard.
    void answered(uint32_t now_ms);
    // Software resets since the first time that a chip came up.
    uint32_t resets() const { return resets_; }

    // One datagram: begin, add as long as there is something, send. False: given up, the chip is being reset.
    bool begin_datagram();
    void add(const uint8_t* bytes, uint8_t length);
    void send(const uint8_t ip[4], uint16_t port, uint32_t now_ms);

    // The next datagram of a socket, looked at and passed over in any portions, then finish().
    bool arrived(uint8_t socket, Arrival& arrival);
    uint8_t look(const Arrival& arrival, uint8_t* bytes, uint8_t most) const;
    void pass(Arrival& arrival, uint8_t length);
    void finish(const Arrival& arrival);
    // Between arrived() and finish(), unless the socket, and with it the datagram, has gone.
    bool reading() const { return reading_; }

  private:
    enum class State : uint8_t { FAULT, RESET, ASK_W5500, ASK_W5100, UP };

    void reset(Chip chip, State next, uint32_t now_ms);
    void absent(uint32_t now_ms);
    bool is_w5500() const;
    bool is_w5100() const;
    void configure(uint32_t now_ms);
    bool open(uint8_t socket);
    bool open_lines_anew();
    bool command(uint8_t socket, uint8_t command);
    void look_after_send(uint32_t now_ms);
    void check(uint32_t now_ms);
    bool healthy() const;
    void fault();

    W5x00Bus bus_;
    State state_ = State::RESET;
    bool came_up_ = false;
    bool cable_ = false;
    bool sending_ = false;
    bool send_lost_ = false;      // the last one did not end
    bool reading_ = false;
    uint8_t socket_ = 0;          // whose datagram is being read
    uint16_t transmit_ = 0;       // where the next byte goes
    uint16_t receive_ = 0;        // where the next byte comes from
    uint32_t resets_ = 0;
    uint16_t ports_[2] = {0, 0};
    uint32_t due_ms_ = 0;         // of the next step of a reset, of the next check
    uint32_t reset_ms_ = 0;       // of the last reset
    uint32_t sent_ms_ = 0;
    uint32_t answered_ms_ = 0;    // or since when it is up
    uint32_t patience_ms_ = 0;
    const Settings* settings_ = nullptr;
};

}  // namespace kembar
