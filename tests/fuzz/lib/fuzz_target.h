// SPDX-License-Identifier: GPL-2.0-or-later
/* What each target defines, as libFuzzer calls it
 * (https://releases.llvm.org/14.0.0/docs/LibFuzzer.html). */
#ifndef ORIEL_TESTS_FUZZ_TARGET_H
#define ORIEL_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Always returns 0: libFuzzer reserves other values. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
