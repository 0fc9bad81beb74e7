import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { MODELS, type ModelName } from './cases.ts'
import { ROOT } from './paths.ts'
import { isFresh, QUIET_PYTHON, runCommand, setUpPython, stamp } from './python.ts'
import { readQuestions, type Question } from './question.ts'

const SCRIPT = join(import.meta.dirname, 'models/make_models.py')
const REQUIREMENTS = join(import.meta.dirname, 'models/requirements.txt')
const EXAMPLE = join(ROOT, 'examples/fraud')

export interface BenchModel {
  readonly name: ModelName
  readonly file: string
  readonly questions: readonly Question[]
}

export interface BenchModels {
  readonly models: readonly BenchModel[]
  /** Folders with one tiny model, and with many of different weights. */
  readonly density: { readonly one: string; readonly many: string; readonly extraModels: number }
}

/**
 * The models of the benchmark, made once and kept under `folder`.
 * @throws {ServingError} `unavailable` when the packages that make them cannot be installed
 */
export async function makeModels(folder: string, signal: AbortSignal): Promise<BenchModels> {
  const target = join(folder, 'models')
  const sources = [SCRIPT, REQUIREMENTS, join(EXAMPLE, 'fraud.onnx')].map((path) => readFileSync(path, 'base64'))
  if (!isFresh(target, sources)) {
    const python = await setUpPython({ name: 'models', requirements: REQUIREMENTS }, folder, signal)
    if (existsSync(target)) rmSync(target, { recursive: true })
    mkdirSync(target, { recursive: true })
    const progress = createProgress('models', process.stderr, () => performance.now())
    let made = 0
    await runCommand(python, [SCRIPT, EXAMPLE, target], {
      signal,
      env: QUIET_PYTHON,
      onLine: (name) => progress.update(made++ / MODELS.length, name),
    })
    stamp(target, sources)
    progress.finish(`${MODELS.length} models made in ${target}`)
  }
  return {
    models: MODELS.map((name) => ({
      name,
      file: join(target, name, `${name}.onnx`),
      questions: readQuestions(target, name),
    })),
    density: { one: join(target, 'one'), many: join(target, 'many'), extraModels: 100 },
  }
}
