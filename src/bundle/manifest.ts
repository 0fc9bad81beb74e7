import type { Signature } from '../tensor/signature.ts'
import type { JsonTensor } from './json-tensor.ts'
import type { Program } from './program.ts'

/** Name of the manifest inside a bundle. */
export const MANIFEST_FILE = 'slipway.json'

/** The version that this Slipway writes; it opens this one and every older one. */
export const MANIFEST_VERSION = 1

/** What a bundle may have been made from. */
export const BUNDLE_FORMATS = [
  'onnx',
  'pipeline',
  'pickle',
  'xgboost',
  'lightgbm',
  'pt2',
  'torchscript',
  'python',
  'typescript',
] as const

export type BundleFormat = (typeof BUNDLE_FORMATS)[number]

/**
 * What `slipway.json` holds. It has neither a time nor a path nor a machine in it, and its bytes are canonical, so the
 * SHA-256 of those bytes, which name the digest of every other file, is the bundle's version.
 */
export interface Manifest {
  readonly manifestVersion: typeof MANIFEST_VERSION
  /** The model's name, as `MODEL_NAME` has it. */
  readonly name: string
  readonly signature: Signature
  readonly program: Program
  /**
   * Whether rows may run together with other callers' rows: every input and output has a leading variable dimension,
   * and running rows together gave what running them alone gave. `reason` says how that was found.
   */
  readonly batching: { readonly rowsAreIndependent: boolean; readonly reason: string }
  /** One row of input for try-it forms and documentation, by input name. */
  readonly example: Readonly<Record<string, JsonTensor>>
  readonly golden: Golden
  /** Every other file of the bundle, by its path (POSIX, relative, plain). */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly sizeBytes: number }>>
  readonly provenance: Provenance
}

/** Recorded rows with the answers that the model must give wherever it is loaded. */
export interface Golden {
  readonly inputs: Readonly<Record<string, JsonTensor>>
  readonly outputs: Readonly<Record<string, JsonTensor>>
  /** An answer passes when |found - expected| <= absolute + relative * |expected|; labels and integers must be equal. */
  readonly tolerance: { readonly relative: number; readonly absolute: number }
  /** The engine that recorded the outputs. */
  readonly recordedBy: string
}

export interface Provenance {
  /** The format that was read, by its content. */
  readonly format: BundleFormat
  readonly source: { readonly fileName: string; readonly sha256: string; readonly sizeBytes: number }
  /** Text that the file says about itself. */
  readonly producer: string
  /** Revision of our compiler: raised when the same file would give another bundle. */
  readonly compilerRevision: number
}
