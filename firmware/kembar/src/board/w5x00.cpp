// The steps of a W5100 or W5500: reset, probe, configure, run, check.
#include "w5x00.h"

#include "w5x00_registers.h"

namespace kembar {

using namespace w5x00_registers;

namespace {

// A soft reset takes the chips less than a millisecond; the shield's own reset at power-on up to half a second.
const uint16_t RESET_MS = 10;
const uint16_t START_MS = 1000;
const uint16_t START_RETRY_MS = 100;
const uint16_t RETRY_MS = 3000;
const uint16_t CHECK_MS = 1000;
// Three ARP requests, 100 ms each; then TIMED_OUT.
const uint16_t ARP_100US = 1000;
const uint8_t ARP_REPEATS = 2;
const uint16_t SEND_MOST_MS = 1500;
// A living edge answers within 10 s, and the ring holds 93 s of three sensors: a chip that has gone deaf costs
// nothing. With no edge at all it is not reset for ever more: the wait doubles.
const uint32_t SILENCE_MS = 60000;
const uint32_t SILENCE_MOST_MS = 3840000;
// A command is taken within microseconds; one reading of the register takes three on the faster bus.
const uint8_t COMMAND_READS_MOST = 50;

bool reached(uint32_t now_ms, uint32_t due_ms) { return static_cast<int32_t>(now_ms - due_ms) >= 0; }

}  // namespace

void W5x00::begin(const Settings& settings, uint16_t lines_port, uint16_t beacons_port) {
    settings_ = &settings;
    ports_[LINES] = lines_port;
    ports_[BEACONS] = beacons_port;
    patience_ms_ = SILENCE_MS;
}

void W5x00::answered(uint32_t now_ms) {
    answered_ms_ = now_ms;
    patience_ms_ = SILENCE_MS;
}

void W5x00::step(uint32_t now_ms) {
    if (state_ == State::UP) {
        if (sending_) look_after_send(now_ms);
        if (up() && reached(now_ms, due_ms_)) check(now_ms);
        return;
    }
    // Counted from now: the time of the last reset may be weeks ago, and then looks like one to come.
    if (state_ == State::FAULT) {
        state_ = State::RESET;
        due_ms_ = now_ms;
    }
    if (!reached(now_ms, due_ms_)) return;
    switch (state_) {
    case State::RESET:
        if (came_up_ && now_ms - reset_ms_ < RETRY_MS) return;
        if (came_up_) resets_++;
        reset_ms_ = now_ms;
        reset(Chip::W5500, State::ASK_W5500, now_ms);
        break;
    case State::ASK_W5500:
        if (is_w5500()) configure(now_ms);
        else reset(Chip::W5100, State::ASK_W5100, now_ms);
        break;
    default:
        if (is_w5100()) configure(now_ms);
        else absent(now_ms);
    }
}

void W5x00::reset(Chip chip, State next, uint32_t now_ms) {
    // A frame for the other chip does no harm: the W5100 ignores an operation that is neither 0xF0 nor 0x0F, and to a
    // W5500 a W5100's frame is one byte in its socket memories, which are empty now.
    bus_.talk_to(chip);
    bus_.write8(Block::COMMON, 0, MODE, MODE_RESET);
    sending_ = send_lost_ = reading_ = false;
    cable_ = false;
    state_ = next;
    due_ms_ = now_ms + RESET_MS;
}

void W5x00::absent(uint32_t now_ms) {
    state_ = State::RESET;
    due_ms_ = now_ms + (now_ms < START_MS ? START_RETRY_MS : RETRY_MS);
}

// A reset is due; step() sees to it that they are RETRY_MS apart.
void W5x00::fault() { state_ = State::FAULT; }

bool W5x00::is_w5500() const {
    return bus_.read8(Block::COMMON, 0, MODE) == 0 && bus_.read8(Block::COMMON, 0, W5500_VERSION) == VERSION;
}

// The W5100 has no version: a register must keep two patterns, which a bus that is stuck or echoes does not.
bool W5x00::is_w5100() const {
    if (bus_.read8(Block::COMMON, 0, MODE) != 0) return false;
    bus_.write16(Block::COMMON, 0, W5100_RETRY_TIME, 0xA55A);
    if (bus_.read16(Block::COMMON, 0, W5100_RETRY_TIME) != 0xA55A) return false;
    bus_.write16(Block::COMMON, 0, W5100_RETRY_TIME, 0x5AA5);
    return bus_.read16(Block::COMMON, 0, W5100_RETRY_TIME) == 0x5AA5;
}

void W5x00::configure(uint32_t now_ms) {
    uint8_t mask[4];
    settings_->mask(mask);
    bus_.write(Block::COMMON, 0, GATEWAY, settings_->gateway, 4);
    bus_.write(Block::COMMON, 0, MASK, mask, 4);
    bus_.write(Block::COMMON, 0, MAC, settings_->mac, 6);
    bus_.write(Block::COMMON, 0, IP, settings_->ip, 4);
    if (bus_.chip() == Chip::W5500) bus_.write8(Block::COMMON, 0, MODE, W5500_MODE_FORCE_ARP);
    uint16_t retry_time = bus_.chip() == Chip::W5100 ? W5100_RETRY_TIME : W5500_RETRY_TIME;
    bus_.write16(Block::COMMON, 0, retry_time, ARP_100US);
    bus_.write8(Block::COMMON, 0, retry_time + 2, ARP_REPEATS);
    if (!open(LINES) || !open(BEACONS)) return absent(now_ms);
    state_ = State::UP;
    came_up_ = true;
    answered_ms_ = now_ms;
    check(now_ms);
}

bool W5x00::open(uint8_t socket) {
    bus_.write8(Block::SOCKET, socket, S_MODE, S_MODE_UDP);
    bus_.write16(Block::SOCKET, socket, S_PORT, ports_[socket]);
    return command(socket, OPEN) && bus_.read8(Block::SOCKET, socket, S_STATUS) == STATUS_UDP;
}

// What was in its memories is gone, and so is a datagram that was being read.
bool W5x00::open_lines_anew() {
    if (socket_ == LINES) reading_ = false;
    if (!command(LINES, CLOSE)) return false;
    bus_.write8(Block::SOCKET, LINES, S_INTERRUPT, SEND_OK | TIMED_OUT);
    return open(LINES);
}

bool W5x00::command(uint8_t socket, uint8_t command) {
    bus_.write8(Block::SOCKET, socket, S_COMMAND, command);
    for (uint8_t reads = 0; reads < COMMAND_READS_MOST; reads++) {
        if (bus_.read8(Block::SOCKET, socket, S_COMMAND) == 0) return true;
    }
    fault();
    return false;
}

void W5x00::check(uint32_t now_ms) {
    due_ms_ = now_ms + CHECK_MS;
    if (now_ms - answered_ms_ >= patience_ms_) {
        if (patience_ms_ < SILENCE_MOST_MS) patience_ms_ *= 2;
        return fault();
    }
    if (!healthy()) return fault();
    cable_ = bus_.chip() == Chip::W5100 || (bus_.read8(Block::COMMON, 0, W5500_PHY) & PHY_LINK);
}

bool W5x00::healthy() const {
    uint8_t ip[4];
    bus_.read(Block::COMMON, 0, IP, ip, 4);
    for (uint8_t i = 0; i < 4; i++) {
        if (ip[i] != settings_->ip[i]) return false;
    }
    if (bus_.chip() == Chip::W5500 && bus_.read8(Block::COMMON, 0, W5500_VERSION) != VERSION) return false;
    return bus_.read8(Block::SOCKET, LINES, S_STATUS) == STATUS_UDP &&
           bus_.read8(Block::SOCKET, BEACONS, S_STATUS) == STATUS_UDP;
}

bool W5x00::begin_datagram() {
    // After a time-out something may be left in the transmit memory; an opened socket's is empty.
    if (bus_.read16(Block::SOCKET, LINES, S_TRANSMIT_FREE) != SOCKET_MEMORY_BYTES) {
        if (!open_lines_anew() || bus_.read16(Block::SOCKET, LINES, S_TRANSMIT_FREE) != SOCKET_MEMORY_BYTES) {
            fault();
            return false;
        }
    }
    transmit_ = bus_.read16(Block::SOCKET, LINES, S_TRANSMIT_WRITE);
    return true;
}

void W5x00::add(const uint8_t* bytes, uint8_t length) {
    bus_.write_ring(LINES, transmit_, bytes, length);
    transmit_ += length;
}

void W5x00::send(const uint8_t ip[4], uint16_t port, uint32_t now_ms) {
    if (bus_.read8(Block::SOCKET, LINES, S_STATUS) != STATUS_UDP) return fault();
    bus_.write(Block::SOCKET, LINES, S_TO_IP, ip, 4);
    bus_.write16(Block::SOCKET, LINES, S_TO_PORT, port);
    bus_.write16(Block::SOCKET, LINES, S_TRANSMIT_WRITE, transmit_);
    sending_ = command(LINES, SEND);
    sent_ms_ = now_ms;
}

void W5x00::look_after_send(uint32_t now_ms) {
    uint8_t happened = bus_.read8(Block::SOCKET, LINES, S_INTERRUPT);
    if (happened == 0xFF) return fault();
    // Nobody at that address is no fault: the lines go again when the edge asks for them.
    if (happened & (SEND_OK | TIMED_OUT)) {
        bus_.write8(Block::SOCKET, LINES, S_INTERRUPT, SEND_OK | TIMED_OUT);
        sending_ = send_lost_ = false;
    } else if (now_ms - sent_ms_ > SEND_MOST_MS) {
        if (send_lost_ || !open_lines_anew()) return fault();
        send_lost_ = true;
        sending_ = false;
    }
}

bool W5x00::arrived(uint8_t socket, Arrival& arrival) {
    uint16_t size = bus_.read16(Block::SOCKET, socket, S_RECEIVED_SIZE);
    if (size == 0) return false;
    uint8_t header[HEADER_BYTES];
    receive_ = bus_.read16(Block::SOCKET, socket, S_RECEIVE_READ);
    bus_.read_ring(socket, receive_, header, HEADER_BYTES);
    receive_ += HEADER_BYTES;
    for (uint8_t i = 0; i < 4; i++) arrival.ip[i] = header[i];
    arrival.port = static_cast<uint16_t>(header[4] << 8 | header[5]);
    arrival.left = static_cast<uint16_t>(header[6] << 8 | header[7]);
    if (size < HEADER_BYTES || size > SOCKET_MEMORY_BYTES || arrival.left > size - HEADER_BYTES) {
        fault();
        return false;
    }
    socket_ = socket;
    reading_ = true;
    return true;
}

uint8_t W5x00::look(const Arrival& arrival, uint8_t* bytes, uint8_t most) const {
    uint8_t length = arrival.left < most ? static_cast<uint8_t>(arrival.left) : most;
    bus_.read_ring(socket_, receive_, bytes, length);
    return length;
}

void W5x00::pass(Arrival& arrival, uint8_t length) {
    receive_ += length;
    arrival.left -= length;
}

void W5x00::finish(const Arrival& arrival) {
    bus_.write16(Block::SOCKET, socket_, S_RECEIVE_READ, static_cast<uint16_t>(receive_ + arrival.left));
    command(socket_, RECEIVED);
    reading_ = false;
}

}  // namespace kembar
