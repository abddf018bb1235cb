# Builds the tests of the sketch's Arduino-free parts for this machine: `make -f firmware/host.mk`.
#
# firmware/tests/*.cpp become one program on doctest (Debian: doctest-dev); each of firmware/tests/programs becomes one
# that a Python test talks to. All with the address and undefined-behaviour sanitizers, which end it at the first mistake.

THIS := $(lastword $(MAKEFILE_LIST))
FIRMWARE := $(dir $(THIS))
OUT ?= build/host
LOGIC := $(wildcard $(FIRMWARE)kembar/src/logic/*.cpp)
# What of board/ touches no register: the chip's driver and all above it, on the bus of tests/fakechip.cpp.
BOARD := $(patsubst %,$(FIRMWARE)kembar/src/board/%.cpp,w5x00 ethernet_link conversation) $(FIRMWARE)tests/fakechip.cpp
TESTS := $(wildcard $(FIRMWARE)tests/test_*.cpp)
# What the programs need of it.
PARTS := $(patsubst %,$(FIRMWARE)kembar/src/logic/%.cpp,cause crc16 flash linereader linewriter outbox record ring)

# Its asserts as calls and not in line: a quarter less to compile.
DOCTEST := -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover
FLAGS := -std=c++11 -Wall -Wextra -Werror -O1 -g1 -MMD -MP $(DOCTEST) $(SANITIZE)
# The ring's writes go through the tests, which cut the power at any of them.
SEAM := -DKEMBAR_RING_STORE=store_in_test
# A ring that is full after a few seconds.
SMALL := -DKEMBAR_RECORDS=23

# What is built of a .cpp: with the seam, as on the board, or with the small ring.
objects = $(patsubst $(FIRMWARE)%.cpp,$(OUT)/$(1)/%.o,$(2))
TESTED := $(call objects,seam,$(LOGIC) $(BOARD) $(TESTS)) $(OUT)/main.o
OBJECTS := $(TESTED) $(foreach how,board small,$(call objects,$(how),$(PARTS) $(FIRMWARE)tests/programs/device.cpp)) \
	$(call objects,board,$(FIRMWARE)tests/programs/lines.cpp)

.DELETE_ON_ERROR:
.PHONY: all
all: $(addprefix $(OUT)/,tests lines device device-small)

$(OUT)/tests: $(TESTED)
$(OUT)/lines: $(call objects,board,$(PARTS) $(FIRMWARE)tests/programs/lines.cpp)
$(OUT)/device: $(call objects,board,$(PARTS) $(FIRMWARE)tests/programs/device.cpp)
$(OUT)/device-small: $(call objects,small,$(PARTS) $(FIRMWARE)tests/programs/device.cpp)

$(addprefix $(OUT)/,tests lines device device-small):
	@g++ $(SANITIZE) -o $@ $^

# $(1): the folder, $(2): what its objects are built with.
define compile
$(OUT)/$(1)/%.o: $(FIRMWARE)%.cpp $(THIS)
	@mkdir -p $$(@D)
	@g++ $(FLAGS) $(2) -c -o $$@ $$<
endef
$(eval $(call compile,seam,$(SEAM)))
$(eval $(call compile,board,))
$(eval $(call compile,small,$(SMALL)))

# doctest itself is not what is tested: without sanitizers it compiles in a second instead of nine.
$(OUT)/main.o: $(FIRMWARE)tests/main.cpp $(THIS)
	@mkdir -p $(@D)
	@g++ -std=c++11 -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)
