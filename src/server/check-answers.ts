import { openBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { compareOutput, type Comparison } from '../engines/compare.ts'
import { tensorsOf, type Tolerance } from '../engines/golden.ts'
import { ENGINES } from '../engines/index.ts'
import { loadProgram } from '../engines/program.ts'
import { createFitter } from '../runtime/fit-request.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { LocatedBundle } from './compile.ts'
import { validateBundle } from './validate-bundle.ts'

/** What one engine answered, beside what was expected. */
export interface EngineVerdict {
  readonly engine: string
  readonly rows: number
  /** Empty where nothing was expected: the model ran, and that is all that is known. */
  readonly outputs: readonly Comparison[]
  readonly isRight: boolean
  /** Why it could not be run there, or at all. */
  readonly error?: { readonly code: string; readonly message: string }
}

export interface Question {
  readonly inputs: Tensors
  /** By the names of outputs. */
  readonly expected: Tensors
  readonly tolerance: Tolerance
}

/**
 * Runs rows on every engine that takes the bundle, and compares. Without a question, the recorded rows of the bundle are
 * run.
 * @throws {ServingError} `refused` for a bundle that is damaged; `unsupported` when no engine takes it
 */
export async function checkAnswers(located: LocatedBundle, question?: Question): Promise<readonly EngineVerdict[]> {
  const bundle = validateBundle(await openBundle(located.folder, located.digest))
  const { golden, program, signature } = bundle.manifest
  const { inputs, expected, tolerance } = question ?? {
    inputs: tensorsOf(golden.inputs, 'golden inputs'),
    expected: tensorsOf(golden.outputs, 'golden outputs'),
    tolerance: golden.tolerance,
  }
  const read = (path: string) => bundle.files.get(path) ?? new Uint8Array()
  const names = expected.size === 0 ? undefined : [...expected.keys()]
  const order = signature.outputs.map(({ name }) => name)
  const sorted = [...expected].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
  const fitted = createFitter(signature)(
    inputs,
    names?.filter((name) => isGiven(name, signature.outputs)),
  )
  const verdicts: EngineVerdict[] = []
  for (const engine of ENGINES) {
    if (program.steps.some((step) => engine.refusal(step, read) !== undefined)) continue
    const about = { engine: engine.name, rows: fitted.rows }
    try {
      const loaded = await loadProgram(program, [engine], read)
      try {
        const found = await loaded.run(fitted.inputs, fitted.wanted)
        const outputs = sorted.map(([name, value]) => compareOutput(name, found.get(name), value, tolerance))
        const isRight = outputs.every(({ wrong, problem }) => wrong === 0 && problem === undefined)
        verdicts.push({ ...about, outputs, isRight })
      } finally {
        loaded.release()
      }
    } catch (thrown) {
      const { code, message } = ServingError.from(thrown)
      verdicts.push({ ...about, outputs: [], isRight: false, error: { code, message } })
    }
  }
  if (verdicts.length === 0) throw new ServingError('unsupported', 'no engine of this machine runs the bundle')
  return verdicts
}

function isGiven(name: string, outputs: readonly { readonly name: string }[]): boolean {
  return outputs.some((output) => output.name === name)
}
