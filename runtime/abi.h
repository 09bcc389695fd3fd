/*===- abi.h - What compiled models and their hosts agree on --------------===*\
|*
|* Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* Plain C. The compiler emits one constant `ingot_model` for a model, the runtime runs it through an `ingot_frame`,
|* and generated code calls back only `ingot_parallel_for`.
|*
|* Rules that hold for every model:
|*  - sizes are in bytes; tensors are dense and row-major; bool is one byte, 0 or 1;
|*  - the arena, the weights and each scratch buffer start at a multiple of INGOT_ALIGNMENT; the tensors of the caller
|*    (inputs and outputs) need only the alignment of their element type;
|*  - the model and what it points to are read-only and live as long as the object file or the JIT that holds them;
|*    every buffer belongs to the host, and generated code keeps no pointer between two runs;
|*  - generated code reads inputs and weights, writes outputs, and may do both with arena and scratch, whose contents
|*    are undefined when a run starts; inputs and outputs do not overlap;
|*  - a run neither allocates nor throws, and its results do not depend on the number of threads.
|*
\*===----------------------------------------------------------------------===*/

#ifndef INGOT_RUNTIME_ABI_H
#define INGOT_RUNTIME_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grows with every change that an older runtime or an older model would misread. */
#define INGOT_ABI_VERSION 2u

/** Alignment in bytes of the arena, of the weights and of each worker's scratch buffer: one cache line. */
#define INGOT_ALIGNMENT 64u

/** What a call came to. The codes up to INGOT_LIMIT are also the exit codes of programs; later ones exit with 1. */
typedef enum ingot_status {
  INGOT_OK = 0,
  INGOT_BAD_ARGUMENT = 1,  /**< the caller's mistake or bad input */
  INGOT_UNSUPPORTED = 2,   /**< the model needs something that is not supported */
  INGOT_MISMATCH = 3,      /**< a comparison failed */
  INGOT_LIMIT = 4,         /**< over a stated limit */
  INGOT_OUT_OF_MEMORY = 5, /**< the system refused memory or threads */
  INGOT_IO = 6,            /**< a file cannot be read or written */
  INGOT_ABI = 7,           /**< model and runtime have different versions of this interface */
  INGOT_PROCESSOR = 8,     /**< the processor lacks an instruction set that the model was compiled for */
  /** From here on: node number `status - INGOT_FAULT` of the model met a fault: an integer division by zero,
      INT_MIN / -1 or an index out of bounds. */
  INGOT_FAULT = 256
} ingot_status;

/** Element types, numbered as in ONNX (TensorProto.DataType). */
typedef enum ingot_dtype {
  INGOT_UNDEFINED = 0,
  INGOT_F32 = 1,
  INGOT_U8 = 2,
  INGOT_I8 = 3,
  INGOT_U16 = 4,
  INGOT_I16 = 5,
  INGOT_I32 = 6,
  INGOT_I64 = 7,
  INGOT_STRING = 8,
  INGOT_BOOL = 9,
  INGOT_F16 = 10,
  INGOT_F64 = 11,
  INGOT_U32 = 12,
  INGOT_U64 = 13,
  INGOT_COMPLEX64 = 14,
  INGOT_COMPLEX128 = 15,
  INGOT_BF16 = 16,
  INGOT_F8E4M3FN = 17,
  INGOT_F8E4M3FNUZ = 18,
  INGOT_F8E5M2 = 19,
  INGOT_F8E5M2FNUZ = 20,
  INGOT_U4 = 21,
  INGOT_I4 = 22,
  INGOT_F4E2M1 = 23,
  INGOT_F8E8M0 = 24,
  INGOT_U2 = 25, /**< numbers of fewer bits than a byte take one each */
  INGOT_I2 = 26
} ingot_dtype;

/** Processor features that a model may need, one bit each (`ingot_model.cpu_features`). The names are LLVM's. */
#define INGOT_CPU_SSE42 (UINT64_C(1) << 0) /**< and everything before it (SSE3, SSSE3, SSE4.1, CMPXCHG16B, LAHF) */
#define INGOT_CPU_POPCNT (UINT64_C(1) << 1)
#define INGOT_CPU_AVX (UINT64_C(1) << 2)
#define INGOT_CPU_AVX2 (UINT64_C(1) << 3)
#define INGOT_CPU_FMA (UINT64_C(1) << 4)
#define INGOT_CPU_F16C (UINT64_C(1) << 5)
#define INGOT_CPU_BMI (UINT64_C(1) << 6)
#define INGOT_CPU_BMI2 (UINT64_C(1) << 7)
#define INGOT_CPU_LZCNT (UINT64_C(1) << 8)
#define INGOT_CPU_MOVBE (UINT64_C(1) << 9)
#define INGOT_CPU_AVX512F (UINT64_C(1) << 10)
#define INGOT_CPU_AVX512BW (UINT64_C(1) << 11)
#define INGOT_CPU_AVX512CD (UINT64_C(1) << 12)
#define INGOT_CPU_AVX512DQ (UINT64_C(1) << 13)
#define INGOT_CPU_AVX512VL (UINT64_C(1) << 14)
#define INGOT_CPU_AVX512VNNI (UINT64_C(1) << 15)
#define INGOT_CPU_AVX512BF16 (UINT64_C(1) << 16)
#define INGOT_CPU_AVX512FP16 (UINT64_C(1) << 17)
#define INGOT_CPU_AVX512IFMA (UINT64_C(1) << 18)
#define INGOT_CPU_AVX512VBMI (UINT64_C(1) << 19)
#define INGOT_CPU_AVX512VBMI2 (UINT64_C(1) << 20)
#define INGOT_CPU_AVX512BITALG (UINT64_C(1) << 21)
#define INGOT_CPU_AVX512VPOPCNTDQ (UINT64_C(1) << 22)
#define INGOT_CPU_AVXVNNI (UINT64_C(1) << 23)
#define INGOT_CPU_AMX_TILE (UINT64_C(1) << 24)
#define INGOT_CPU_AMX_INT8 (UINT64_C(1) << 25)
#define INGOT_CPU_AMX_BF16 (UINT64_C(1) << 26)

#define INGOT_CPU_NEON (UINT64_C(1) << 40)
#define INGOT_CPU_FULLFP16 (UINT64_C(1) << 41)
#define INGOT_CPU_DOTPROD (UINT64_C(1) << 42)
#define INGOT_CPU_BF16 (UINT64_C(1) << 43)
#define INGOT_CPU_I8MM (UINT64_C(1) << 44)
#define INGOT_CPU_LSE (UINT64_C(1) << 45)
#define INGOT_CPU_RDM (UINT64_C(1) << 46)
#define INGOT_CPU_FP16FML (UINT64_C(1) << 47)
#define INGOT_CPU_SVE (UINT64_C(1) << 48)
#define INGOT_CPU_SVE2 (UINT64_C(1) << 49)

/** The x86-64 psABI levels. */
#define INGOT_CPU_X86_64_V2 (INGOT_CPU_SSE42 | INGOT_CPU_POPCNT)
#define INGOT_CPU_X86_64_V3                                                                                            \
  (INGOT_CPU_X86_64_V2 | INGOT_CPU_AVX | INGOT_CPU_AVX2 | INGOT_CPU_FMA | INGOT_CPU_F16C | INGOT_CPU_BMI |             \
   INGOT_CPU_BMI2 | INGOT_CPU_LZCNT | INGOT_CPU_MOVBE)
#define INGOT_CPU_X86_64_V4                                                                                            \
  (INGOT_CPU_X86_64_V3 | INGOT_CPU_AVX512F | INGOT_CPU_AVX512BW | INGOT_CPU_AVX512CD | INGOT_CPU_AVX512DQ |            \
   INGOT_CPU_AVX512VL)

/** An input or an output. */
typedef struct ingot_value_info {
  const char *name;             /**< its name in the model */
  uint32_t dtype;               /**< an ingot_dtype */
  uint32_t rank;                /**< number of dimensions, 0 for a scalar */
  const int64_t *dims;          /**< `rank` sizes; -1 for one that only a run knows; may be NULL for a scalar */
  const char *const *dim_names; /**< `rank` names, NULL for a dimension without one; the whole array may be NULL */
  uint64_t bytes;               /**< size of its buffer; with open dimensions, at their upper bounds */
} ingot_value_info;

/** The threads and scratch buffers of one context. Its first member is the function that ingot_parallel_for calls, so a
    model and a host that were linked with different copies of the runtime work together. */
typedef struct ingot_pool ingot_pool;

/** One chunk of a parallel loop. `env` is the caller's, `scratch` the worker's own buffer of `scratch_bytes`. */
typedef void (*ingot_chunk_fn)(void *env, int64_t chunk, void *scratch);

struct ingot_pool {
  void (*parallel_for)(ingot_pool *pool, ingot_chunk_fn fn, void *env, int64_t chunks);
};

/** What one run gets. All of it belongs to the host and stays valid until the run returns. */
typedef struct ingot_frame {
  void *arena;          /**< `arena_bytes`, aligned; NULL when that is 0 */
  const void *weights;  /**< `weight_bytes`, aligned; NULL when that is 0 */
  void *const *inputs;  /**< `num_inputs` pointers, none NULL */
  void *const *outputs; /**< `num_outputs` pointers, none NULL */
  ingot_pool *pool;     /**< never NULL */
  const int64_t *dims;  /**< `num_dims` values of the open dimensions; may be NULL without any */
  /** Where the run puts the sizes of the outputs' open dimensions, one after the other; may be NULL without any. */
  int64_t *output_dims;
} ingot_frame;

/** An open dimension: inputs and outputs name it in `dim_names`. */
typedef struct ingot_dim_info {
  const char *name;
  int64_t low, high; /**< bounds of its value, both included */
} ingot_dim_info;

/** A compiled model. */
typedef struct ingot_model {
  uint32_t abi_version;  /**< INGOT_ABI_VERSION of the compiler; first, so that every runtime can read it */
  uint32_t struct_size;  /**< sizeof(ingot_model) of the compiler */
  const char *name;      /**< the model's name */
  const char *target;    /**< what it was compiled for, such as "x86-64-v3" */
  uint64_t cpu_features; /**< INGOT_CPU_* bits, all of which the processor must have */
  uint32_t num_inputs, num_outputs;
  const ingot_value_info *inputs, *outputs; /**< in the order of the model's graph */
  uint64_t arena_bytes;                     /**< buffers of a run */
  uint64_t weight_bytes;                    /**< size of `weights` */
  uint64_t scratch_bytes;                   /**< buffer of one worker */
  const void *weights;                      /**< aligned; NULL: the host supplies them */
  uint32_t num_nodes;                       /**< length of `nodes` */
  const char *const *nodes;                 /**< names for messages about faults: "/layer1/Gather (Gather)" */
  uint32_t num_dims;                        /**< open dimensions, ordered as they first appear in `inputs` */
  const ingot_dim_info *dims;
  /** Runs the model once: an ingot_status, or INGOT_FAULT + number of a node. */
  int32_t (*run)(const ingot_frame *frame);
} ingot_model;

/** Calls `fn(env, chunk, scratch)` once for each chunk in [0, chunks), on any worker and in any order, and returns when
    all are done. When the workers are busy (a loop inside a chunk, a second caller) the calling thread runs them all.
    Loops nest at most two deep. */
void ingot_parallel_for(ingot_pool *pool, ingot_chunk_fn fn, void *env, int64_t chunks);

#ifdef __cplusplus
}
#endif

#endif /* INGOT_RUNTIME_ABI_H */
