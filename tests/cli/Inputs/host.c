/* A host of the model add, compiled with its generated header.
 *
 * Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */
int run(const float *x, float *y) {
  ingot_executable *model;
  ingot_context *context;
  if (ingot_executable_open(&ingot_model_add, 0, &model) || ingot_context_create(model, 0, &context))
    return 1;
  ingot_context_set_input(context, ADD_INPUT_X, x, ADD_INPUT_X_BYTES);
  ingot_context_bind_output(context, ADD_OUTPUT_Y, y, ADD_OUTPUT_Y_BYTES);
  return ingot_context_run(context);
}
