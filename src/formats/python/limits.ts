import { ServingError } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'

/** What reading one file may cost. The defaults follow from its size, so that a small file cannot ask for much. */
export interface ReadLimits {
  /** Opcodes, and elements that are copied from one container to another. */
  readonly maxOperations: number
  /** Bytes that are made beyond the file's own: copies of arrays, decoded text. */
  readonly maxBytes: number
  /** Lists, dicts, sets, tuples and objects. */
  readonly maxObjects: number
  /** Containers that are open at the same time. */
  readonly maxOpen: number
}

const MOST_OPERATIONS = 50_000_000
const FREE_BYTES = 64 * 1024 * 1024

/**
 * The limits for a file.
 * @param streamBytes of the pickle
 * @param fileBytes of the file that it came from, where that was compressed
 */
export function limitsFor(streamBytes: number, fileBytes: number = streamBytes): ReadLimits {
  const isCompressed = fileBytes < streamBytes
  return {
    maxOperations: Math.min(MOST_OPERATIONS, isCompressed ? 1_000_000 + 16 * fileBytes : 1_000_000 + 2 * streamBytes),
    maxBytes: FREE_BYTES + 4 * streamBytes,
    maxObjects: 1_000_000 + Math.floor((isCompressed ? Math.min(streamBytes, 16 * fileBytes) : streamBytes) / 4),
    maxOpen: 2_000,
  }
}

/** Counts down what is left of the limits. */
export class Budget {
  readonly limits: ReadLimits
  #operations: number
  #bytes: number
  #objects: number

  constructor(limits: ReadLimits) {
    this.limits = limits
    this.#operations = limits.maxOperations
    this.#bytes = limits.maxBytes
    this.#objects = limits.maxObjects
  }

  /** @throws {ServingError} `too_large` */
  work(operations: number): void {
    this.#operations -= operations
    if (this.#operations < 0) throw beyond(`takes over ${this.limits.maxOperations} operations to read`)
  }

  /** To be asked before bytes are allocated. @throws {ServingError} `too_large` */
  allocate(bytes: number): void {
    if (!(bytes <= this.#bytes)) throw beyond(`unfolds to more than ${formatBytes(this.limits.maxBytes)}`)
    this.#bytes -= bytes
  }

  /** @throws {ServingError} `too_large` */
  make(objects: number): void {
    this.#objects -= objects
    if (this.#objects < 0) throw beyond(`holds over ${this.limits.maxObjects} objects`)
  }
}

function beyond(what: string): ServingError {
  return new ServingError(
    'too_large',
    `the pickle ${what}, more than a file of its size may; save the fitted model alone, without its data or caches`,
  )
}
