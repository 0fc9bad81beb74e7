/**
 * Extensions of inference that are spoken here, under the names that clients look for in the server's metadata.
 * @see Open Inference Protocol v2, "Server Metadata"; Triton's "Protocol Extensions"
 */
export const INFERENCE_EXTENSIONS: readonly string[] = [
  'binary_tensor_data',
  'classification',
  'generate',
  'parameters',
  'schedule_policy',
]
