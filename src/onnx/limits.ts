import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'

/** Most bytes that protobuf lets one message have. @see protobuf, "Proto Limits" */
export const MAX_MESSAGE_BYTES = 2 ** 31 - 1

/** What a model may hold. Each limit is checked before the work or the memory that it bounds is spent. */
export interface OnnxLimits {
  /** Bytes of the model file, external data not counted. Default: 2 GiB less one, protobuf's own limit. */
  readonly fileBytes: number
  /** Graphs inside graphs (If, Loop, Scan), the main graph not counted. Default: 16. */
  readonly graphDepth: number
  /** Types inside types (a sequence of maps of …). Default: 16. */
  readonly typeDepth: number
  /** Nodes and graphs inside nodes, in all graphs and functions together. Default: 1,000,000. */
  readonly nodes: number
  /** Names that nodes read and write, values that graphs declare and operator sets, all together. Default: 8,000,000. */
  readonly values: number
  /** Initializers and tensors in attributes, all together. Default: 1,000,000. */
  readonly tensors: number
  /** Dimensions of one tensor or of one declared shape. Default: 16. */
  readonly dimensions: number
  /** Attributes of one node. Default: 256. */
  readonly attributesPerNode: number
  /** Attributes of all nodes and functions together. Default: 4,000,000. */
  readonly attributes: number
  /** Functions in the model. Default: 10,000. */
  readonly functions: number
  /** Operator sets, metadata entries or external data keys in one place. Default: 4,096. */
  readonly entries: number
  /** Bytes of one name, in UTF-8. Default: 8 KiB. */
  readonly nameBytes: number
  /** Bytes of one documentation or metadata text, in UTF-8. Default: 16 MiB. */
  readonly textBytes: number
  /**
   * Numbers that have to be decoded one by one (typed data fields, lists in attributes), all together; raw data is
   * viewed in place and not counted. Default: 2^28, 2 GiB of INT64.
   */
  readonly decodedElements: number
  /** Byte strings in string tensors and attributes, all together. Default: 10,000,000. */
  readonly strings: number
  /** Nodes that the model would have with every call of a function replaced by its body. Default: 2,000,000. */
  readonly inlinedNodes: number
  /** Bytes of attributes that the model would have after the same replacement. Default: 4 GiB. */
  readonly inlinedBytes: number
  /** Graphs inside graphs and calls inside calls, counted together. Default: 64. */
  readonly callDepth: number
  /** Branches from a tree's root to its farthest leaf, in tree ensembles. Default: 4,096. */
  readonly treeDepth: number
}

export const DEFAULT_LIMITS: OnnxLimits = {
  fileBytes: MAX_MESSAGE_BYTES,
  graphDepth: 16,
  typeDepth: 16,
  nodes: 1_000_000,
  values: 8_000_000,
  tensors: 1_000_000,
  dimensions: 16,
  attributesPerNode: 256,
  attributes: 4_000_000,
  functions: 10_000,
  entries: 4096,
  nameBytes: 8192,
  textBytes: 16 * 1024 * 1024,
  decodedElements: 2 ** 28,
  strings: 10_000_000,
  inlinedNodes: 2_000_000,
  inlinedBytes: 4 * 1024 ** 3,
  callDepth: 64,
  treeDepth: 4096,
}

const WORDS: Readonly<Record<keyof OnnxLimits, string>> = {
  fileBytes: 'bytes in the file',
  graphDepth: 'graphs inside one another',
  typeDepth: 'types inside one another',
  nodes: 'nodes',
  values: 'names of values',
  tensors: 'tensors',
  dimensions: 'dimensions of one shape',
  attributesPerNode: 'attributes of one node',
  attributes: 'attributes',
  functions: 'functions',
  entries: 'entries in one place',
  nameBytes: 'bytes in one name',
  textBytes: 'bytes in one text',
  decodedElements: 'numbers to decode',
  strings: 'byte strings',
  inlinedNodes: 'nodes once its functions are inlined',
  inlinedBytes: 'bytes of attributes once its functions are inlined',
  callDepth: 'graphs and calls inside one another',
  treeDepth: 'branches from root to leaf in one tree',
}

/** The defaults with some of them replaced. */
export function limitsWith(limits: Partial<OnnxLimits> = {}): OnnxLimits {
  return { ...DEFAULT_LIMITS, ...limits }
}

/**
 * The error for something that a limit does not allow.
 * @param offset where in the file, in bytes, when it came from one
 */
export function overLimit(limit: keyof OnnxLimits, found: number, allowed: number, offset?: number): ServingError {
  const place = offset === undefined ? '' : ` (at byte ${offset})`
  const details = { limit, found, allowed, ...(offset === undefined ? {} : { offset }) }
  if (limit === 'fileBytes')
    return new ServingError(
      'too_large',
      `the model file has ${formatBytes(found)}, the most is ${formatBytes(allowed)}; keep large tensors as external data`,
      { details },
    )
  return new ServingError(
    'refused',
    `the model has ${found} or more ${WORDS[limit]}${place}, the most is ${allowed}; raise the limit "${limit}" if you trust it`,
    { details },
  )
}

/** Limits that are spent bit by bit while a file is read. */
export type CountedLimit = 'nodes' | 'values' | 'tensors' | 'attributes' | 'functions' | 'decodedElements' | 'strings'

/** How much of each counted limit is spent. */
export class Budget {
  readonly limits: OnnxLimits
  readonly #spent = { nodes: 0, values: 0, tensors: 0, attributes: 0, functions: 0, decodedElements: 0, strings: 0 }

  constructor(limits: OnnxLimits) {
    this.limits = limits
  }

  /** @throws {ServingError} `refused` when `amount` more would go over the limit */
  spend(limit: CountedLimit, amount: number, offset?: number): void {
    this.#spent[limit] += amount
    if (this.#spent[limit] > this.limits[limit]) throw overLimit(limit, this.#spent[limit], this.limits[limit], offset)
  }
}
