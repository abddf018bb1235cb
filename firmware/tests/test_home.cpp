// The home keeps the rules of edge/homing.py: by hand for ever, by beacon as long as the edge of that name answers.
#include <doctest/doctest.h>

#include <string>

#include "../kembar/src/logic/home.h"

using namespace kembar;

namespace {

const Address PI = {{192, 168, 1, 5}, 8485};
const Address OTHER_PI = {{192, 168, 1, 6}, 8485};

Address from(const Address& address, uint16_t port) {
    Address other = address;
    other.port = port;
    return other;
}

}  // namespace

TEST_CASE("a home without an edge believes nobody but the serial cable") {
    const Home home;
    CHECK_FALSE(home.known());
    CHECK_FALSE(home.believes(PI));
    CHECK(home.believes(OVER_SERIAL));
}

TEST_CASE("the first beacon gives name, address and port") {
    Home home;
    CHECK(home.hear_beacon("rumah", 9000, from(PI, 50123), 0));
    CHECK(home.known());
    CHECK(home.name() == std::string("rumah"));
    CHECK(home.address() == from(PI, 9000));
    CHECK(home.believes(from(PI, 9000)));
    CHECK_FALSE(home.believes(from(PI, 50123)));
    CHECK_FALSE(home.believes(from(OTHER_PI, 9000)));
}

TEST_CASE("a beacon of another name never moves it") {
    Home home;
    home.hear_beacon("rumah", 8485, PI, 0);
    CHECK_FALSE(home.hear_beacon("garasi", 8485, OTHER_PI, 10 * MOVE_AFTER_MS));
    CHECK_FALSE(home.hear_beacon("rumah2", 8485, OTHER_PI, 10 * MOVE_AFTER_MS));
    CHECK(home.address() == PI);
}

TEST_CASE("a beacon of its name moves it after 30 s without an answer, and not before") {
    Home home;
    home.hear_beacon("rumah", 8485, PI, 1000);
    home.answered(5000);
    CHECK_FALSE(home.hear_beacon("rumah", 8485, OTHER_PI, 5000 + MOVE_AFTER_MS - 1));
    CHECK(home.address() == PI);
    CHECK(home.hear_beacon("rumah", 8485, OTHER_PI, 5000 + MOVE_AFTER_MS));
    CHECK(home.address() == OTHER_PI);
    // From there on the new one has its 30 s too.
    CHECK_FALSE(home.hear_beacon("rumah", 8485, PI, 5000 + MOVE_AFTER_MS + 1));
}

TEST_CASE("an edge that only says its name, and answers nothing, does not put off the move") {
    Home home;
    home.remember("rumah", PI);
    CHECK_FALSE(home.hear_beacon("rumah", 8485, PI, MOVE_AFTER_MS));
    CHECK(home.hear_beacon("rumah", 8485, OTHER_PI, MOVE_AFTER_MS + 1));
}

TEST_CASE("the address set by hand never moves") {
    Home home;
    home.set_by_hand(PI);
    CHECK(home.believes(PI));
    CHECK_FALSE(home.hear_beacon("rumah", 8485, OTHER_PI, 10 * MOVE_AFTER_MS));
    CHECK(home.address() == PI);
}

TEST_CASE("what was remembered holds from the start and moves like what was heard") {
    Home home;
    home.remember("rumah", PI);
    CHECK(home.believes(PI));
    CHECK_FALSE(home.hear_beacon("rumah", 8485, OTHER_PI, MOVE_AFTER_MS - 1));
    CHECK(home.hear_beacon("rumah", 8485, OTHER_PI, MOVE_AFTER_MS));
}

TEST_CASE("a beacon that says what is known changes nothing, so nothing is written to the EEPROM") {
    Home home;
    home.remember("rumah", PI);
    CHECK_FALSE(home.hear_beacon("rumah", 8485, PI, MOVE_AFTER_MS));
}

TEST_CASE("a name of 16 bytes is kept whole") {
    Home home;
    CHECK(home.hear_beacon("abcdefghijklm-16", 8485, PI, 0));
    CHECK(home.name() == std::string("abcdefghijklm-16"));
}
