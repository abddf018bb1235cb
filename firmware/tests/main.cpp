// Runs the host tests of the sketch's Arduino-free parts, every test_*.cpp beside it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
