#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's own loop, for a program that has a main of its own. Comes with the compiler (libclang_rt.fuzzer_no_main).
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));
