/*===- ingot.h - Running compiled models from C and C++ -------------------===*\
|*
|* Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* A host links a compiled object, or loads a compiled library, and runs it through this interface:
|*
|*     ingot_executable *model;
|*     ingot_context *context;
|*     if (ingot_executable_load("./model.so", &model) || ingot_context_create(model, NULL, &context)) {
|*       fprintf(stderr, "error: %s\n", ingot_last_error());
|*       return 1;
|*     }
|*     float *x = ingot_context_input(context, 0);
|*     const float *y = ingot_context_output(context, 0);
|*     ... fill x ...
|*     if (ingot_context_run(context) != INGOT_OK)
|*       fprintf(stderr, "error: %s\n", ingot_context_error(context));
|*     ... read y ...
|*     ingot_context_destroy(context);
|*     ingot_executable_close(model);
|*
|* Everything is allocated when a context is created; ingot_context_run neither allocates nor throws. An executable may
|* be shared by any number of threads and contexts; a context is used by one thread at a time.
|*
\*===----------------------------------------------------------------------===*/

#ifndef INGOT_RUNTIME_INGOT_H
#define INGOT_RUNTIME_INGOT_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A compiled model that was checked against this runtime and this processor. */
typedef struct ingot_executable ingot_executable;

/** One instance of a model: its buffers and its share of the thread pool. */
typedef struct ingot_context ingot_context;

/** INGOT_ABI_VERSION of the runtime that is linked. */
uint32_t ingot_abi_version(void);

/** A few words for a status, such as "bad argument"; never NULL. */
const char *ingot_status_text(int32_t status);

/** Why the calling thread's last failing call of this interface failed; "" before any. Valid until the next failure. */
const char *ingot_last_error(void);

/** INGOT_CPU_* bits of this processor. */
uint64_t ingot_cpu_features(void);

/** Checks versions and processor and makes `model` ready to run. `weights` replaces `model->weights` when it is not
    NULL; it is `model->weight_bytes` long, aligned to INGOT_ALIGNMENT, and stays with the caller. The model must
    outlive the executable. Fails with INGOT_ABI, INGOT_PROCESSOR or INGOT_BAD_ARGUMENT. */
ingot_status ingot_executable_open(const ingot_model *model, const void *weights, ingot_executable **result);

/** Loads a library that `ingot compile --emit=so` wrote and opens its model. Closing the executable unloads it. */
ingot_status ingot_executable_load(const char *path, ingot_executable **result);

/** Releases an executable (NULL is allowed). Its contexts must have been destroyed. */
void ingot_executable_close(ingot_executable *executable);

/** Names, types and sizes. */
const ingot_model *ingot_executable_model(const ingot_executable *executable);

/** Set `struct_size` to sizeof(ingot_context_options) and every other member to 0 for the default. */
typedef struct ingot_context_options {
  uint32_t struct_size;
  uint32_t threads;           /**< threads of a run, the caller's included; 0: one */
  uint32_t spin_microseconds; /**< how long idle threads wait before they sleep; 0: 1000 */
} ingot_context_options;

/** Allocates everything that runs need. `options` may be NULL. Threads are shared by all contexts of the process. */
ingot_status ingot_context_create(ingot_executable *executable, const ingot_context_options *options,
                                  ingot_context **result);
void ingot_context_destroy(ingot_context *context);

/** Sets the values of the model's open dimensions (`num_dims` of them, in that order), each within its bounds. Buffers
   are as large as the upper bounds, which are the values of a new context. Inputs keep their bytes, not their elements.
 */
ingot_status ingot_context_set_dims(ingot_context *context, const int64_t *dims, uint32_t count);

/** Writes the sizes of an input, or those that an output had in the last run, to `sizes`, which has room for its rank.
 */
ingot_status ingot_context_input_sizes(const ingot_context *context, uint32_t index, int64_t *sizes);
ingot_status ingot_context_output_sizes(const ingot_context *context, uint32_t index, int64_t *sizes);

/** The buffer of an input to fill, or of an output to read: dense, row-major, INGOT_ALIGNMENT aligned unless the caller
    bound his own. NULL for an index out of range. Inputs keep their values from run to run. */
void *ingot_context_input(ingot_context *context, uint32_t index);
void *ingot_context_output(ingot_context *context, uint32_t index);

/** Copies `bytes` bytes, which must be the input's size with the dimensions as they are set, into an input's buffer. */
ingot_status ingot_context_set_input(ingot_context *context, uint32_t index, const void *data, uint64_t bytes);

/** Makes runs read or write the caller's memory instead of the context's; NULL goes back. It needs the alignment of the
    element type and must not overlap other inputs and outputs. With open dimensions it is as large as their upper
    bounds make it. */
ingot_status ingot_context_bind_input(ingot_context *context, uint32_t index, const void *data, uint64_t bytes);
ingot_status ingot_context_bind_output(ingot_context *context, uint32_t index, void *data, uint64_t bytes);

/** Runs the model: INGOT_OK, or a status as in abi.h. Neither allocates nor throws. */
int32_t ingot_context_run(ingot_context *context);

/** Why the last run of this context failed; "" when it did not. */
const char *ingot_context_error(const ingot_context *context);

#ifdef __cplusplus
}
#endif

#endif /* INGOT_RUNTIME_INGOT_H */
