//===- SanitizerOptions.cpp - Defaults under the address sanitizer --------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linked into every program of the preset asan. LLVM's allocators poison what they have not given away, but only where
// their inline functions were compiled with the sanitizer: in our code, not in the LLVM and LLD that we link. Those would
// be blamed for memory that our copy of such a function poisoned and theirs handed out.
//
//===----------------------------------------------------------------------===//

extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0"; }
