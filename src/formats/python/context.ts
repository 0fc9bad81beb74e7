import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { Budget, type ReadLimits } from './limits.ts'
import { qualifiedName } from './refs.ts'
import { damaged } from './stream.ts'
import type { PyGlobal, PyValue } from './values.ts'
import { isConditional, verdictOf } from './verdicts.ts'

/** Longest name of a module, or of what is in it (characters). */
const MAX_NAME_LENGTH = 512
/** Most names that one file may use: more than any model has. */
const MAX_GLOBALS = 20_000

/** What one reading of a file knows: the names it met, which of them are dangerous, and what is left of the limits. */
export class ReadContext {
  readonly budget: Budget
  readonly #globals = new Map<string, PyGlobal>()
  readonly #dangers = new Map<string, PyGlobal>()
  /** Names that are harmless in some calls: how often each was put on the stack without being called so. */
  readonly #pending = new Map<PyGlobal, number>()
  /** Arrays and types that may not change any more. */
  readonly #settled = new WeakSet<object>()
  isPython2 = false

  constructor(limits: ReadLimits) {
    this.budget = new Budget(limits)
  }

  get globals(): readonly PyGlobal[] {
    return [...this.#globals.values()]
  }

  /** In the order in which the file names them. */
  get dangers(): readonly PyGlobal[] {
    for (const [global, count] of this.#pending) if (count > 0) this.flag(global)
    return [...this.#dangers.values()].sort((a, b) => a.offset - b.offset)
  }

  /** The name at a byte of the file: one record for each name, at its first place. */
  global(module: string, name: string, offset: number): PyGlobal {
    const key = `${module}\n${name}`
    let global = this.#globals.get(key)
    if (global === undefined) {
      if (module.length > MAX_NAME_LENGTH || name.length > MAX_NAME_LENGTH)
        throw damaged(`names something in ${Math.max(module.length, name.length)} characters`, offset)
      if (this.#globals.size >= MAX_GLOBALS) throw damaged(`names over ${MAX_GLOBALS} things`, offset)
      global = { kind: 'global', module, name, offset, verdict: verdictOf(module, name) }
      this.#globals.set(key, global)
      if (global.verdict === 'dangerous') this.#dangers.set(key, global)
      if (isConditional(module, name)) this.#pending.set(global, 0)
    }
    this.pushed(global)
    return global
  }

  /** To be told of what goes onto the stack again. */
  pushed(value: PyValue): void {
    if (this.#pending.size === 0) return
    const count = this.#pending.get(value as PyGlobal)
    if (count !== undefined) this.#pending.set(value as PyGlobal, count + 1)
  }

  /** A name that was on the stack was called in a way that is harmless. */
  usedWell(global: PyGlobal): void {
    const count = this.#pending.get(global)
    if (count !== undefined) this.#pending.set(global, count - 1)
  }

  /** What the file does with a name is dangerous, though the name alone is not. */
  flag(global: PyGlobal, what = '', offset = global.offset): PyGlobal {
    const name = `${global.name}${what}`.slice(0, MAX_NAME_LENGTH)
    const danger: PyGlobal = { ...global, name, offset, verdict: 'dangerous' }
    const key = `${danger.module}\n${name}`
    if (!this.#dangers.has(key) && this.#dangers.size < MAX_GLOBALS) this.#dangers.set(key, danger)
    return danger
  }

  settle(value: object): void {
    this.#settled.add(value)
  }

  isSettled(value: object): boolean {
    return this.#settled.has(value)
  }

  /** An error that ended the reading, with what was found up to there. */
  failure(error: unknown, offset: number): ServingError {
    const base =
      error instanceof ServingError
        ? error
        : new ServingError(
            'refused',
            `the pickle cannot be read (byte ${offset}); it is damaged or was tampered with`,
            {
              cause: error,
            },
          )
    // names that may still have come to good use are not told
    const dangers = [...this.#dangers.values()].sort((a, b) => a.offset - b.offset)
    const details = {
      offset,
      ...base.details,
      globals: this.globals
        .slice(0, 256)
        .map(({ module, name, offset, verdict }) => ({ module, name, offset, verdict })),
      dangers: dangers.slice(0, 256).map(({ module, name, offset }) => ({ module, name, offset })),
    }
    const [first] = dangers
    if (first === undefined) return new ServingError(base.code, base.message, { cause: base.cause, details })
    const message = `${base.message}; before that it names ${quote(qualifiedName(first))} (byte ${first.offset}), which ${dangerOf(first)}`
    return new ServingError('refused', message, { cause: base.cause, details })
  }
}

/** What is wrong with a dangerous name, after "which". */
export function dangerOf(global: PyGlobal): string {
  return carriesCode(global)
    ? 'carries Python code in the file'
    : 'runs code, or reaches files, the network or other names'
}

function carriesCode({ module }: PyGlobal): boolean {
  return /^(?:dill|cloudpickle|joblib\.externals\.cloudpickle|pyspark\.cloudpickle|marshal|types)(?:\.|$)/.test(module)
}
