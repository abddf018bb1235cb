"""Arduino's own build system takes the tree of the sketch as it is, with no library beside it.

Debian's arduino-builder does what the Arduino IDE does before it compiles (it adds prototypes to the .ino and looks
for libraries), which a plain make does not.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from firmwarebuild import built
from house import ROOT

# What the board is said to have for the sketch: beside the boot loader, and as RAM.
FLASH_BYTES, RAM_BYTES = 253_952, 8_192
STACK_BYTES_LEAST = 600
CORE = Path("/usr/share/arduino/hardware/arduino")
BUILDER = Path("/usr/share/arduino-builder")


def build(builder: str, place: Path) -> subprocess.CompletedProcess[str]:
    """The package leaves out one link, that of platform.txt beside the core; so a place with both is made."""
    hardware, out, no_library = place / "hardware", place / "out", place / "libraries"
    for folder in (hardware, out, no_library):
        folder.mkdir()
    (hardware / "arduino").symlink_to(CORE)
    for name in ("platform.txt", "platform.keys.rewrite.txt"):
        (hardware / name).symlink_to(BUILDER / name)
    command = [
        builder,
        "-compile",
        *("-hardware", str(hardware)),
        *("-tools", str(BUILDER)),
        *("-tools", "/usr/bin"),
        *("-fqbn", "arduino:avr:mega:cpu=atmega2560"),
        *("-build-path", str(out)),
        *("-built-in-libraries", str(no_library)),
        "-prefs=runtime.tools.avr-gcc.path=/usr",
        "-prefs=runtime.ide.version=10819",
        # See firmware/avr.mk.
        "-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__",
        *("-warnings", "all"),
        str(ROOT / "firmware/kembar/kembar.ino"),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_build_that_leaves_the_stack_too_little_fails(need: Callable[[str], str]) -> None:
    """The boot loader would eat the end of what the ring keeps over a reset."""
    for tool in ("avr-gcc", "make"):
        need(tool)
    made = [built(), built("STACK_LEAST=8192")]
    assert [each.returncode for each in made] == [0, 2]
    left = int(re.findall(r"(\d+) for the stack", made[0].stdout)[0])
    assert left >= STACK_BYTES_LEAST


def test_the_arduino_ide_takes_the_sketch_without_a_library(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    for tool in ("avr-gcc", "arduino-ctags"):
        need(tool)
    built = build(need("arduino-builder"), tmp_path)
    assert built.returncode == 0, built.stderr[-4000:]
    ours = [line for line in built.stderr.splitlines() if "kembar" in line and "warning" in line]
    assert ours == []
    used = [int(each) for each in re.findall(r"(?:Sketch uses|variables use) (\d+) bytes", built.stdout)]
    assert len(used) == 2, built.stdout
    flash, ram = used
    assert flash < FLASH_BYTES
    assert ram <= RAM_BYTES - STACK_BYTES_LEAST
