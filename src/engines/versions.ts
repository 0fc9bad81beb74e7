/** The version of ONNX Runtime that our calls were written for: what a package brings is compared with it. */
export const ONNXRUNTIME_VERSION = '1.30.0'

/** Raised when a host kernel gives other digits, or another time, for the same graph. */
const HOST_KERNELS_REVISION = 3

/**
 * What each engine that runs graphs computes with, by its name; what was measured by another version holds no more. Apart
 * from the engines, which whoever only looks at a profile does not load.
 */
export const ENGINE_VERSIONS = {
  onnxruntime: ONNXRUNTIME_VERSION,
  'host-kernels': String(HOST_KERNELS_REVISION),
} as const
