import { readFileSync } from 'node:fs'
import { ServingError } from '../../src/core/errors.ts'
import type { CompiledModel } from '../../src/compiler/compile-onnx.ts'
import { ENGINES } from '../../src/engines/index.ts'
import type { Engine } from '../../src/engines/engine.ts'
import { loadProgram, type LoadedProgram } from '../../src/engines/program.ts'
import { createFitter } from '../../src/runtime/fit-request.ts'
import type { TensorSpec } from '../../src/tensor/signature.ts'
import { readModel } from '../../src/server/read-model.ts'
import { compare, Difference } from './compare.fixture.ts'
import { feed, sliceInput } from './feed.fixture.ts'
import type { CaseAbout, CaseArray, CaseInput, ModelCase } from './case.fixture.ts'

/** Largest file that is read (bytes). */
export const MAX_FILE_BYTES = 2 ** 30

/** What became of a case. */
export type Verdict =
  | {
      readonly state: 'right'
      /** Largest difference from the original in any output on any engine. */
      readonly largest: number
      /** Median time of one row (µs) by the engines that run the program. */
      readonly oneRowUs: Readonly<Record<string, number>>
    }
  /** Turned down, as it may be: `code` is `refused` or `unsupported`. */
  | { readonly state: 'refused'; readonly code: 'refused' | 'unsupported'; readonly reason: string }
  /** Right as far as it goes, without outputs that the original has. */
  | { readonly state: 'incomplete'; readonly reason: string }
  /** It answers something else. */
  | { readonly state: 'wrong'; readonly reason: string }
  /** It ended in an error that a caller cannot use, or was turned down where it should not be, or the other way round. */
  | { readonly state: 'failed'; readonly reason: string }

/** The engines that programs are tried on: all together, and those that need no native library alone. */
export const TRIED: Readonly<Record<string, readonly Engine[]>> = {
  all: ENGINES,
  host: ENGINES.filter(({ name }) => name !== 'onnxruntime'),
}

/** Reads and compiles a case's file, asks it the recorded rows on each set of engines and compares with the original. */
export async function checkCase({ about, path, input, outputs }: ModelCase): Promise<Verdict> {
  let compiled: CompiledModel
  try {
    compiled = (await readModel(path, readFileSync(path), MAX_FILE_BYTES)).compiled
  } catch (error) {
    return judgeRefusal(about, error)
  }
  if (about.expect === 'refuse') return { state: 'failed', reason: 'it was compiled' }
  if (input === undefined) throw new Error('a case that is asked has rows; this is a bug')
  const specs = new Map(compiled.outputs.map(({ name, datatype }) => [name, datatype]))
  const names = [...outputs.keys()].filter((name) => specs.has(name))
  const missing = [...outputs.keys()].filter((name) => !specs.has(name))
  const tolerance = { rtol: about.rtol ?? 1e-5, atol: about.atol ?? 1e-6 }
  const asked: readonly CaseInput[] = [input, sliceInput(input, 0, 1)]
  const fit = createFitter({ inputs: compiled.inputs, outputs: compiled.outputs as readonly TensorSpec[] })
  const oneRowUs: Record<string, number> = {}
  let largest = 0
  for (const [word, engines] of Object.entries(TRIED)) {
    let program: LoadedProgram
    try {
      program = await load(compiled, engines)
    } catch (error) {
      if (word === 'host' && error instanceof ServingError && error.code === 'unsupported') continue
      return { state: 'failed', reason: `loading (${word}): ${describe(error)}` }
    }
    try {
      for (const rows of asked) {
        const { inputs: feeds } = fit(feed(rows, compiled.inputs), undefined)
        const together = await program.run(feeds, names)
        for (const name of names) {
          const wanted = need(name, outputs)
          const given = need(name, together)
          if (given.datatype !== specs.get(name))
            throw new Error(`${name} is ${given.datatype}, the signature says ${specs.get(name)}`)
          const recorded = rows === input ? wanted : firstRow(wanted)
          largest = Math.max(largest, compare(name, given, recorded, tolerance))
          compare(name, need(name, await program.run(feeds, [name])), recorded, tolerance) // when nothing else is asked
        }
        const [first] = names
        if (first !== undefined && rows !== input) oneRowUs[word] = await medianUs(() => program.run(feeds, [first]))
      }
    } catch (error) {
      const state = error instanceof Difference ? 'wrong' : 'failed'
      return { state, reason: `${word}: ${describe(error)}` }
    } finally {
      program.release()
    }
  }
  if (missing.length > 0) return { state: 'incomplete', reason: `no ${missing.join(', ')}` }
  return { state: 'right', largest, oneRowUs }
}

function need<T>(name: string, values: ReadonlyMap<string, T>): T {
  const value = values.get(name)
  if (value === undefined) throw new Error(`${name} was not given`)
  return value
}

function firstRow({ shape, data, ...rest }: CaseArray): CaseArray {
  const perRow = data.length / (shape[0] ?? 1)
  return { ...rest, shape: [1, ...shape.slice(1)], data: data.slice(0, perRow) }
}

/** Whether a file was turned down as its case allows, by one of the two codes for that. */
export function judgeRefusal(
  { expect, must_not_create }: Pick<CaseAbout, 'expect' | 'must_not_create'>,
  error: unknown,
): Verdict {
  if (!(error instanceof ServingError)) return { state: 'failed', reason: describe(error) }
  const { code, message } = error
  if (must_not_create !== undefined && exists(must_not_create))
    return { state: 'failed', reason: `it made ${must_not_create}` }
  const isFitting = expect === 'refuse' ? code === 'refused' : code === 'unsupported' || expect !== 'compile-or-worker'
  if ((code !== 'refused' && code !== 'unsupported') || !isFitting)
    return { state: 'failed', reason: `${code}: ${message}` }
  if (expect === 'refuse-with-advice' && !message.includes('torch.export'))
    return { state: 'failed', reason: `no advice: ${message}` }
  return { state: 'refused', code, reason: message }
}

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

/** A compiled model's program, its files held in memory. */
export async function load(compiled: CompiledModel, engines: readonly Engine[]): Promise<LoadedProgram> {
  return loadProgram(compiled.program, engines, (path) => {
    const bytes = compiled.files.get(path)
    if (bytes === undefined) throw new Error(`the program names ${path}, which was not compiled`)
    return bytes
  })
}

async function medianUs(work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 24; i++) {
    const started = performance.now()
    await work()
    if (i > 3) times.push(performance.now() - started)
  }
  times.sort((a, b) => a - b)
  return (times[times.length >> 1] ?? 0) * 1000
}

/** An error in one line: our own by their words, others with the place they come from. */
export function describe(error: unknown): string {
  if (error instanceof ServingError) {
    const cause = error.code === 'internal' && error.cause instanceof Error ? ` (${error.cause.message})` : ''
    return `${error.code}: ${error.message}${cause}`
  }
  if (!(error instanceof Error)) return String(error)
  const place = /^.*?\/(src\/[^)\n]*)/m.exec(error.stack ?? '')?.[1]
  const isOurs = error.constructor === Error || error instanceof Difference
  return isOurs ? error.message : `${error.name}: ${error.message}${place === undefined ? '' : ` at ${place}`}`
}
