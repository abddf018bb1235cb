// The driver of the Ethernet chip where only long times or single events show a mistake.
#include <doctest/doctest.h>

#include "../kembar/src/board/w5x00.h"
#include "fakechip.h"

using namespace kembar;
using namespace kembar::w5x00_registers;

namespace {

const uint64_t HOUR_MS = 3600000;
const uint8_t EDGE[4] = {192, 168, 1, 2};

struct Board {
    Settings settings = default_settings(1);
    W5x00 chip;
    uint64_t now_ms = 50;

    Board() {
        fake_chip = FakeChip();
        chip.begin(settings, 8485, 8486);
        run(1000);
        REQUIRE(chip.up());
    }

    uint32_t now() const { return static_cast<uint32_t>(now_ms); }

    void run(uint32_t ms) {
        for (const uint64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms += 10) chip.step(now());
    }

    // An edge answers all the time; nothing else happens.
    void pass_hours(unsigned hours) {
        for (; hours > 0; hours--, now_ms += HOUR_MS) {
            chip.answered(now());
            chip.step(now());
        }
        chip.answered(now());
    }

    void send() {
        const uint8_t line[] = "R1";
        if (!chip.begin_datagram()) return;
        chip.add(line, sizeof line);
        chip.send(EDGE, 8485, now());
    }
};

}  // namespace

TEST_CASE("a chip that fails is reset within seconds, however long ago its last reset is") {
    // The clock of 32 bits shows the past as what is to come after 24.9 days, and wraps after 49.7.
    for (unsigned days : {1, 24, 25, 35, 49, 50, 80}) {
        Board board;
        board.pass_hours(24 * days);
        REQUIRE(board.chip.up());
        fake_chip.hung = true;
        board.run(2000);
        CHECK_FALSE(board.chip.up());
        fake_chip.hung = false;
        board.run(7000);
        CHECK_MESSAGE(board.chip.up(), days);
    }
}

TEST_CASE("resets of a chip that fails again and again are three seconds apart") {
    Board board;
    for (int i = 0; i < 300; i++) {
        fake_chip.common[IP] = 0;
        board.run(100);
    }
    CHECK(board.chip.resets() >= 9);
    CHECK(board.chip.resets() <= 10);
}

TEST_CASE("a SEND whose end is not told costs the socket, and the chip only when the next one does not end either") {
    Board board;
    fake_chip.tells_end = false;
    board.send();
    CHECK_FALSE(board.chip.ready());
    const int opened = fake_chip.opened[W5x00::LINES];
    board.run(1600);
    CHECK(fake_chip.opened[W5x00::LINES] == opened + 1);
    CHECK(board.chip.ready());
    CHECK(board.chip.resets() == 0);
    SUBCASE("the next one ends, so it begins again") {
        fake_chip.tells_end = true;
        board.send();
        board.run(100);
        fake_chip.tells_end = false;
        board.send();
        board.run(1600);
        CHECK(board.chip.ready());
        CHECK(board.chip.resets() == 0);
    }
    SUBCASE("the next one does not") {
        board.send();
        board.run(5000);
        CHECK(board.chip.ready());
        CHECK(board.chip.resets() == 1);
    }
}

TEST_CASE("a datagram that is half read goes with its socket") {
    Board board;
    Arrival arrival;
    for (uint8_t socket : {W5x00::LINES, W5x00::BEACONS}) {
        fake_chip.datagram(socket, EDGE, 8485, "half and half");
        REQUIRE(board.chip.arrived(socket, arrival));
        board.chip.pass(arrival, 5);
        CHECK(board.chip.reading());
        // As a time-out leaves it.
        fake_chip.set_word(W5x00::LINES, S_TRANSMIT_FREE, SOCKET_MEMORY_BYTES - 100);
        board.send();
        board.run(100);
        CHECK(board.chip.reading() == (socket == W5x00::BEACONS));
    }
}

TEST_CASE("a chip that brings no answer is reset after a minute, and then more and more seldom") {
    Board board;
    board.run(58000);
    CHECK(board.chip.resets() == 0);
    board.run(4000);
    CHECK(board.chip.resets() == 1);
    board.run(115000);
    CHECK(board.chip.resets() == 1);
    board.run(10000);
    CHECK(board.chip.resets() == 2);
    // The edge is there again, and the chip goes deaf once more.
    board.chip.answered(board.now());
    board.run(62000);
    CHECK(board.chip.resets() == 3);
}

TEST_CASE("what is no answer does not count as one") {
    Board board;
    for (int i = 0; i < 70; i++, board.run(1000)) {
        Arrival arrival;
        fake_chip.datagram(W5x00::BEACONS, EDGE, 8486, "B1");
        if (!board.chip.arrived(W5x00::BEACONS, arrival)) continue;
        board.chip.pass(arrival, 2);
        board.chip.finish(arrival);
    }
    CHECK(board.chip.resets() == 1);
}

TEST_CASE("the W5500 asks for the edge's MAC address before each datagram, after a reset too") {
    Board board;
    CHECK(fake_chip.common[MODE] == W5500_MODE_FORCE_ARP);
    fake_chip.hung = true;
    board.run(2000);
    fake_chip.hung = false;
    board.run(7000);
    CHECK(fake_chip.common[MODE] == W5500_MODE_FORCE_ARP);
}
