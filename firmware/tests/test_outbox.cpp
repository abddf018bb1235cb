// What is due, and when: hellos, new records, runs from the oldest, belief in acknowledgements.
//
// The whole behaviour is compared with edge/device.py over random histories (programs/device.cpp); here are its rules
// one by one, and what only shows with one line per call.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../kembar/src/logic/outbox.h"

using namespace kembar;

namespace {

const std::string CAPACITY = std::to_string(RECORDS);
const Vitals VITALS = {"power", 5000, 2, 1000};
const Measurement FRIDGE = {2284, 612, 1061, 123456, 499, 76, false};

// A ring on memory of its own, and the outbox of the running start.
struct Device {
    std::unique_ptr<RingMemory> memory{new RingMemory()};
    std::unique_ptr<Ring> ring;
    std::unique_ptr<Outbox> outbox;

    explicit Device(uint32_t boot = 7) { start(boot); }

    void start(uint32_t boot) {
        ring.reset(new Ring(*memory));
        ring->believe();
        ring->start(boot);
        outbox.reset(new Outbox(*ring, "garage", "0.1.0"));
    }

    void ticks(unsigned count, uint64_t uptime_ms = 1000) {
        for (; count > 0; count--) ring->add(reading_of(1, FRIDGE), uptime_ms);
    }

    // The line that is due now, "--" where a datagram ends, "" for nothing.
    std::string one(uint64_t uptime_ms) {
        LineBuffer line;
        const Due due = outbox->next(uptime_ms, line, VITALS);
        REQUIRE((due != Due::LINE || line.bytes()[line.length() - 1] == '\n'));
        return due == Due::NOTHING ? "" : due == Due::END ? "--" : std::string(line.bytes(), line.length());
    }

    std::vector<std::string> says(uint64_t uptime_ms) {
        std::vector<std::string> lines;
        for (std::string each; (each = one(uptime_ms)) != "";) lines.push_back(each);
        return lines;
    }

    // The "boot:seq" of the records among them.
    std::string records(uint64_t uptime_ms) {
        std::string found;
        for (const std::string& each : says(uptime_ms)) {
            if (each[0] != 'R' && each[0] != 'N') continue;
            const size_t boot = each.find(',', 3) + 1, seq = each.find(',', boot) + 1;
            found += each.substr(boot, seq - boot - 1) + ":" + each.substr(seq, each.find(',', seq) - seq) + " ";
        }
        return found;
    }
};

}  // namespace

TEST_CASE("a hello comes at once, then every second, in a datagram of its own") {
    Device garage;
    garage.ticks(1);
    const std::vector<std::string> first = garage.says(5);
    REQUIRE(first.size() == 4);
    CHECK(first[0].find("H1,garage,7,5,0.1.0,power,5000,1,1,1000,0,2," + CAPACITY + ",0*") == 0);
    CHECK(first[1] == "--");
    CHECK(first[2].find("R1,garage,7,1,1000,1,2284,612,1061,123456,499,76,0*") == 0);
    CHECK(first[3] == "--");
    CHECK(garage.says(1004).empty());
    CHECK(garage.says(1005).size() == 2);
}

TEST_CASE("a new record is sent once, and no datagram is longer than 512 bytes") {
    Device garage;
    garage.says(0);
    garage.ticks(100);
    size_t datagram = 0, records = 0;
    for (const std::string& each : garage.says(10)) {
        datagram = each == "--" ? 0 : datagram + each.size();
        records += each != "--";
        REQUIRE(datagram <= DATAGRAM_BYTES_MOST);
    }
    CHECK(records == 100);
    CHECK(garage.says(20).empty());
}

TEST_CASE("without an answer everything goes again after 15 s, then after 30 and 60 more") {
    Device garage;
    garage.ticks(2);
    CHECK(garage.records(0) == "7:1 7:2 ");
    CHECK(garage.records(14999) == "");
    CHECK(garage.records(15000) == "7:1 7:2 ");
    CHECK(garage.records(44999) == "");
    CHECK(garage.records(45000) == "7:1 7:2 ");
    CHECK(garage.records(104999) == "");
    CHECK(garage.records(105000) == "7:1 7:2 ");
    CHECK(garage.records(165000) == "7:1 7:2 ");
}

TEST_CASE("what is acknowledged is not sent again, and progress puts the pause off") {
    Device garage;
    garage.ticks(3);
    garage.says(0);
    CHECK(garage.outbox->heard_ack(7, 2, 10000));
    CHECK(garage.records(15000) == "");
    CHECK(garage.records(25000) == "7:3 ");
    CHECK(garage.outbox->heard_ack(7, 3, 26000));
    CHECK(garage.records(200000) == "");
}

TEST_CASE("progress of the current boot does not put off what an earlier one waits for") {
    Device garage;
    garage.ticks(2);
    garage.start(8);
    garage.ticks(1);
    CHECK(garage.records(0) == "7:1 7:2 8:1 ");
    for (uint32_t second = 1; second <= 14; second++) {
        garage.ticks(1);
        garage.says(1000 * second);
        CHECK(garage.outbox->heard_ack(8, second, 1000 * second));
    }
    CHECK(garage.records(15000) == "7:1 7:2 8:15 ");
}

TEST_CASE("the last acknowledgement once more starts a run, at most one in two seconds") {
    Device garage;
    garage.ticks(3);
    garage.says(0);
    garage.outbox->heard_ack(7, 1, 100);
    CHECK(garage.records(200) == "");
    garage.outbox->heard_ack(7, 1, 300);
    CHECK(garage.records(300) == "7:2 7:3 ");
    garage.outbox->heard_ack(7, 1, 2299);
    CHECK(garage.records(2299) == "");
    garage.outbox->heard_ack(7, 1, 2300);
    CHECK(garage.records(2300) == "7:2 7:3 ");
}

TEST_CASE("a run that goes on is not begun again") {
    Device garage;
    garage.ticks(3);
    garage.says(0);
    garage.outbox->heard_ack(7, 0, 5000);
    CHECK(garage.one(5000)[0] == 'H');
    CHECK(garage.one(5000) == "--");
    CHECK(garage.one(5000).find("R1,garage,7,1,") == 0);
    garage.outbox->heard_ack(7, 0, 5000 + RUN_EVERY_MS);
    CHECK(garage.records(5000 + RUN_EVERY_MS) == "7:2 7:3 ");
}

TEST_CASE("the pause counts from the end of a run, and is not put off by new records") {
    Device garage;
    garage.ticks(2);
    garage.says(0);
    garage.outbox->heard_ack(7, 0, 5000);
    CHECK(garage.records(6000) == "7:1 7:2 ");
    garage.ticks(1);
    CHECK(garage.records(10000) == "7:3 ");
    CHECK(garage.records(20999) == "");
    CHECK(garage.records(21000) == "7:1 7:2 7:3 ");
}

TEST_CASE("progress makes the pause short again") {
    Device garage;
    garage.ticks(2);
    garage.says(0);
    CHECK(garage.records(15000) == "7:1 7:2 ");
    garage.outbox->heard_ack(7, 1, 16000);
    CHECK(garage.records(31000) == "7:2 ");
    CHECK(garage.records(60999) == "");
    CHECK(garage.records(61000) == "7:2 ");
}

TEST_CASE("a resend is one also when all that was sent before has been dropped since") {
    Device garage;
    garage.ticks(2);
    garage.says(0);
    garage.ticks(RECORDS + 3);
    CHECK(garage.records(15000).find("7:5 7:6 7:7 ") == 0);
    CHECK(garage.records(15001) == "");
    CHECK(garage.records(44999) == "");
    CHECK(garage.records(45000).find("7:5 7:6 7:7 ") == 0);
}

TEST_CASE("a hello that becomes due ends the datagram that is open") {
    Device garage;
    garage.says(0);
    garage.ticks(2);
    CHECK(garage.one(999)[0] == 'R');
    CHECK(garage.one(1000) == "--");
    CHECK(garage.one(1000)[0] == 'H');
    CHECK(garage.one(1000) == "--");
    CHECK(garage.one(1000)[0] == 'R');
}

TEST_CASE("nothing is believed that acknowledges what was not sent, or a boot that is not held") {
    Device garage;
    garage.ticks(3);
    CHECK_FALSE(garage.outbox->heard_ack(7, 1, 0));
    garage.says(0);
    CHECK_FALSE(garage.outbox->heard_ack(7, 4, 0));
    CHECK_FALSE(garage.outbox->heard_ack(6, 1, 0));
    CHECK(garage.ring->queued() == 3);
}

TEST_CASE("records of earlier boots go first, under their own boot, and stand in the hello's set") {
    Device garage(7);
    garage.ticks(2);
    garage.says(0);
    garage.start(8);
    garage.ticks(1);
    const std::vector<std::string> said = garage.says(0);
    CHECK(said[0].find(",1*") != std::string::npos);
    CHECK(said[1].find("S1,garage,7,1,2*") == 0);
    CHECK(said[2] == "--");
    CHECK(garage.records(15000) == "7:1 7:2 8:1 ");
}

TEST_CASE("an earlier boot that ends between hello and its set is left out") {
    Device garage(7);
    garage.ticks(1);
    garage.start(8);
    garage.says(0);
    CHECK(garage.one(1000)[0] == 'H');
    garage.outbox->heard_ack(7, 1, 1000);
    CHECK(garage.one(1000) == "--");
}

TEST_CASE("a full ring says what it lost in one line that grows") {
    Device garage;
    garage.ticks(RECORDS + 5);
    const std::vector<std::string> said = garage.says(1000);
    CHECK(said[2].find("N1,garage,7,5,1000,0,lost,5*") == 0);
    CHECK(said[3].find("R1,garage,7,6,") == 0);
    garage.ticks(2);
    garage.outbox->heard_ack(7, 5, 2000);
    CHECK(garage.says(16999)[0].find("H1,garage,7,16999,0.1.0,power,5000," + CAPACITY + ",7,1000,7,2," + CAPACITY + ",0*") == 0);
    CHECK(garage.says(17000)[0].find("N1,garage,7,7,1000,0,lost,7*") == 0);
}
