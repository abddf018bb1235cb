# Builds the sketch for the Arduino Mega 2560 with plain avr-gcc: `make -f firmware/avr.mk`, or `make firmware`.
#
# The same tree as the Arduino IDE takes: the .ino, and every .cpp below src/. The flags are those of the platform.txt
# of Debian's arduino-core-avr; what differs is said where it stands. Debian: gcc-avr avr-libc arduino-core-avr.

THIS := $(lastword $(MAKEFILE_LIST))
SKETCH := $(dir $(THIS))kembar
OUT ?= build/firmware
# Of the Arduino core only cores/ and variants/ are used: no library.
ARDUINO ?= /usr/share/arduino/hardware/arduino/avr
CORE := $(ARDUINO)/cores/arduino

# What the boot loader leaves of the ATmega2560's flash, and its whole RAM.
FLASH_MOST := 253952
RAM_MOST := 8192
# At each reset the boot loader uses 308 bytes at the top of the RAM, and must not reach the records below. The sketch's
# own stack has been seen to take 270; the rest is reserve.
STACK_LEAST := 600

# DECIMAL_DIG: the core's WString.cpp (1.8.7) wants it from <float.h>, which gcc-avr 5.4 gives to C99 and not to C++11.
TARGET := -mmcu=atmega2560 -DF_CPU=16000000L -DARDUINO=10819 -DARDUINO_AVR_MEGA2560 -DARDUINO_ARCH_AVR \
	-DDECIMAL_DIG=__DECIMAL_DIG__ $(DEFINES)
EVERY := -c -g -Os -flto -ffunction-sections -fdata-sections -MMD -MP $(TARGET) -I$(CORE) -I$(ARDUINO)/variants/mega
C := $(EVERY) -std=gnu11 -fno-fat-lto-objects
CXX11 := $(EVERY) -std=gnu++11 -fno-exceptions -fno-threadsafe-statics
# The core is not ours to mend, so its warnings are not shown; ours are errors.
CORE_CXX := $(CXX11) -fpermissive -w
OWN_CXX := $(CXX11) -Wall -Wextra -Werror

INO := $(SKETCH)/kembar.ino
OWN := $(wildcard $(SKETCH)/src/*.cpp $(SKETCH)/src/*/*.cpp)
OWN_OBJECTS := $(OUT)/kembar.ino.o $(patsubst $(SKETCH)/%,$(OUT)/%.o,$(OWN))
CORE_OBJECTS := $(patsubst $(CORE)/%,$(OUT)/core/%.o,$(wildcard $(CORE)/*.c $(CORE)/*.cpp $(CORE)/*.S))

.DELETE_ON_ERROR:
.PHONY: all size

all: $(OUT)/kembar.hex size

$(OWN_OBJECTS) $(CORE_OBJECTS): $(THIS)

$(OUT)/kembar.hex: $(OUT)/kembar.elf
	@avr-objcopy -O ihex -R .eeprom $< $@

$(OUT)/kembar.elf: $(OWN_OBJECTS) $(OUT)/core.a
	@echo link $@
	@avr-gcc -Os -g -w -flto -fuse-linker-plugin -Wl,--gc-sections,-Map=$(OUT)/kembar.map -mmcu=atmega2560 -o $@ $^ -lm

$(OUT)/core.a: $(CORE_OBJECTS)
	@rm -f $@
	@avr-gcc-ar rcs $@ $^

# The Arduino IDE writes this include, and prototypes, by itself.
$(OUT)/kembar.ino.o: $(INO)
	@mkdir -p $(@D)
	@echo compile $<
	@avr-g++ $(OWN_CXX) -x c++ -include Arduino.h -o $@ $<

$(OUT)/src/%.cpp.o: $(SKETCH)/src/%.cpp
	@mkdir -p $(@D)
	@echo compile $<
	@avr-g++ $(OWN_CXX) -o $@ $<

$(OUT)/core/%.cpp.o: $(CORE)/%.cpp
	@mkdir -p $(@D)
	@avr-g++ $(CORE_CXX) -o $@ $<

$(OUT)/core/%.c.o: $(CORE)/%.c
	@mkdir -p $(@D)
	@avr-gcc $(C) -w -o $@ $<

$(OUT)/core/%.S.o: $(CORE)/%.S
	@mkdir -p $(@D)
	@avr-gcc -c -g -x assembler-with-cpp -flto -MMD $(TARGET) -o $@ $<

# Flash: .text and what .data starts from. RAM: .data, .bss and .noinit; the rest is for the stack. Fails with too little.
size: $(OUT)/kembar.elf
	@avr-size -A $< | awk '/^\.(text|data) / {flash += $$2} /^\.(data|bss|noinit) / {ram += $$2} \
		END {printf "flash %d of %d bytes (%.1f %%)\nRAM %d of %d bytes, %d for the stack\n", flash, $(FLASH_MOST), \
			100 * flash / $(FLASH_MOST), ram, $(RAM_MOST), $(RAM_MOST) - ram; \
			exit flash > $(FLASH_MOST) || $(RAM_MOST) - ram < $(STACK_LEAST)}'

-include $(OWN_OBJECTS:.o=.d) $(CORE_OBJECTS:.o=.d)
