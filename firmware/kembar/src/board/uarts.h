// The three UARTs of the Mega to which sensors are wired: Serial1, Serial2 and Serial3, by their registers.
//
// Not Arduino's HardwareSerial: that one keeps 128 bytes for each UART, and 100 bytes are 5 records in the ring. A
// request has 8 bytes, a reply 25 (logic/pzem.h), and loop() comes round at least ten times while one arrives.
// The sketch must therefore never name Serial1 to Serial3: Arduino's interrupt routines would come with them.
#pragma once

#include "../logic/uart.h"

namespace kembar {

// At 9600 baud, 8N1 (PZEM-004T V3.0 data sheet, 2.3).
void begin_sensor_uarts();

// 1 to 3.
Uart& sensor_uart(uint8_t number);

}  // namespace kembar
