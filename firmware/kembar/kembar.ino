// The Arduino sketch of Kembar: setup() and loop().

void setup() {
}

void loop() {
}
