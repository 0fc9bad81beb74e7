import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { dangerOf, ReadContext } from './context.ts'
import { limitsFor, type ReadLimits } from './limits.ts'
import { Machine, type MachineOptions } from './machine.ts'
import { qualifiedName } from './refs.ts'
import { damaged, Stream } from './stream.ts'
import type { PyGlobal, PyValue } from './values.ts'

/** A pickle that was read. */
export interface PickleDocument {
  readonly root: PyValue
  /** Each name that the file uses, once, at the first place. */
  readonly globals: readonly PyGlobal[]
  /**
   * Names that no model file needs: one that is dangerous itself, and what else the file does that is, called by a name
   * (`sklearn.svm._classes.SVC.__setstate__`). They were not used for anything.
   */
  readonly dangers: readonly PyGlobal[]
  /** 0 to 5. */
  readonly protocol: number
  /** Whether Python 2 wrote it: its texts may then be bytes. */
  readonly isPython2: boolean
}

export interface ReadPickleOptions {
  readonly limits?: Partial<ReadLimits>
  /** Gives what a persistent id stands for; without it such ids are refused. */
  readonly persistent?: (id: PyValue, offset: number) => PyValue
}

/**
 * Reads a pickle into inert data: nothing in it is looked up or called. It reads on past a dangerous name, so that all of
 * them can be shown: ask `refuseDangers` before anything is made of the result.
 * @throws {ServingError} `refused` for what is damaged, `unsupported` for what is not read, `too_large` beyond the limits;
 *   `details` say the `offset` and the `globals` found up to there
 */
export function readPickle(bytes: Uint8Array, options: ReadPickleOptions = {}): PickleDocument {
  const context = new ReadContext({ ...limitsFor(bytes.length), ...options.limits })
  return readStream(bytes, context, { persistent: options.persistent })
}

/** Reads all bytes as one pickle. */
export function readStream(bytes: Uint8Array, context: ReadContext, options: MachineOptions): PickleDocument {
  const stream = new Stream(bytes)
  try {
    if (bytes.length === 0) throw damaged('is empty', 0)
    const { root, protocol } = new Machine(stream, context, options).run()
    const left = bytes.length - stream.at
    if (left > 0)
      throw new ServingError(
        'refused',
        `${left} bytes follow the end of the pickle (byte ${stream.at}); save one object in a file: a dict or a list of several`,
        { details: { offset: stream.at } },
      )
    const { globals, dangers, isPython2 } = context
    return { root, protocol, globals, dangers, isPython2 }
  } catch (error) {
    throw context.failure(error, stream.at)
  }
}

/**
 * @param fileName for the message
 * @throws {ServingError} `refused` for a pickle that names something dangerous: the first name and its byte, how many more
 *   there are, and what to do
 */
export function refuseDangers({ dangers, globals }: PickleDocument, fileName: string): void {
  const [first] = dangers
  if (first === undefined) return
  const more = dangers.length === 1 ? '' : ` and ${dangers.length - 1} more such names`
  throw new ServingError(
    'refused',
    `${quote(fileName)} names ${quote(qualifiedName(first))} at byte ${first.offset}${more}, which ${dangerOf(first)}: it was not loaded. ` +
      'ask who made this file; save the fitted model again without it, or, if you trust the file, serve it with --runtime python, which runs it in a process of its own',
    {
      details: {
        offset: first.offset,
        dangers: dangers.slice(0, 256).map(({ module, name, offset }) => ({ module, name, offset })),
        globals: globals.length,
      },
    },
  )
}
