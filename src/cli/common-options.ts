import { homedir } from 'node:os'
import { join } from 'node:path'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import { USUAL_PYTHON, type PythonSettings } from '../engines/python/settings.ts'
import { USUAL_TYPESCRIPT } from '../engines/typescript/settings.ts'
import type { HowToCompile } from '../server/compile.ts'
import type { CodeSettings } from '../server/settings.ts'
import { typescriptSettings } from '../server/typescript-settings.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'

/** Options that several commands share. */
export const DATA_OPTION = {
  data: {
    type: 'string',
    value: 'DIR',
    default: join(homedir(), '.slipway'),
    shownDefault: '~/.slipway',
    doc: 'folder where bundles and caches are kept',
  },
} as const satisfies OptionTable

export const JSON_OPTION = {
  json: { type: 'boolean', doc: 'print one JSON document on stdout' },
} as const satisfies OptionTable

/** Of every command that may have to compile a model file first. */
export const COMPILE_OPTIONS = {
  allowUntested: {
    type: 'boolean',
    doc: 'compile what versions of a library have written that Slipway was not tested with, too',
  },
  steps: {
    type: 'string',
    value: 'KEYS',
    doc: 'of a file with several estimators (a dict, a list): the keys or places of those that run one after the other, with commas',
  },
} as const satisfies OptionTable

/** Of every command that may have to run code in Python. */
export const PYTHON_OPTIONS = {
  runtime: {
    type: 'choice',
    values: ['compiled', 'typescript', 'python'],
    default: 'typescript',
    doc: 'what is run besides compiled models: typescript runs code in TypeScript, in processes without files and network; python also runs code in Python, and files that only its libraries load, with the rights of this process: for those whom you trust; compiled runs no code',
  },
  python: {
    type: 'string',
    value: 'PATH',
    doc: 'the Python that has what the code needs, with --runtime python; one is made from requirements.txt when absent',
  },
  pythonMemoryMib: {
    type: 'number',
    value: 'MIB',
    default: USUAL_PYTHON.memoryMiB,
    min: 64,
    max: 16_777_216,
    doc: 'memory at which a process in Python is ended and replaced',
  },
  pythonStartTimeoutMs: {
    type: 'number',
    value: 'MS',
    default: USUAL_PYTHON.startTimeoutMs,
    min: 100,
    max: 3_600_000,
    doc: 'longest that a process in Python may take to load its model',
  },
  typescriptMemoryMib: {
    type: 'number',
    value: 'MIB',
    default: USUAL_TYPESCRIPT.memoryMiB,
    min: 64,
    max: 16_777_216,
    doc: 'memory at which a process in TypeScript is ended and replaced',
  },
} as const satisfies OptionTable

/** Longest that a run in Python or TypeScript may take where nobody waits at a socket (ms). */
export const PYTHON_RUN_TIMEOUT_MS = 600_000

/** How code in Python is run; undefined where it is not to be. @throws {UsageError}; as `findPython` */
export async function pythonOf(
  options: Options<Omit<typeof PYTHON_OPTIONS, 'typescriptMemoryMib'> & typeof DATA_OPTION>,
  { workers = USUAL_PYTHON.workers, timeoutMs }: { readonly workers?: number; readonly timeoutMs: number },
): Promise<PythonSettings | undefined> {
  const { runtime, python, pythonMemoryMib: memoryMiB, pythonStartTimeoutMs: startTimeoutMs, data } = options
  if (runtime !== 'python') {
    if (python !== undefined)
      throw new UsageError('--python is for code in Python, which --runtime python allows: say both')
    return undefined
  }
  const { findPython } = await import('../server/python-settings.ts')
  return findPython({ python, workers, memoryMiB, startTimeoutMs, runTimeoutMs: timeoutMs }, data)
}

/** How code is run, in either language. @throws {UsageError}; as `findPython` */
export async function codeOf(
  options: Options<typeof PYTHON_OPTIONS & typeof DATA_OPTION>,
  {
    pythonWorkers,
    typescriptWorkers = USUAL_TYPESCRIPT.workers,
    timeoutMs,
  }: { readonly pythonWorkers?: number; readonly typescriptWorkers?: number; readonly timeoutMs: number },
): Promise<CodeSettings> {
  const python = await pythonOf(options, {
    timeoutMs,
    ...(pythonWorkers === undefined ? {} : { workers: pythonWorkers }),
  })
  if (options.runtime === 'compiled') return { python }
  const { startTimeoutMs } = USUAL_TYPESCRIPT
  const wishes = {
    workers: typescriptWorkers,
    memoryMiB: options.typescriptMemoryMib,
    startTimeoutMs,
    runTimeoutMs: timeoutMs,
  }
  return { python, typescript: typescriptSettings(wishes) }
}

/** The same, as compiling takes it. */
export function howToCompile({ allowUntested, steps }: Options<typeof COMPILE_OPTIONS>): HowToCompile {
  return { allowUntested, ...(steps === undefined ? {} : { steps: steps.split(',').map((step) => step.trim()) }) }
}

/** Of every command that opens one model here, which it may have to compile first. */
export const MODEL_OPTIONS = { ...COMPILE_OPTIONS, ...PYTHON_OPTIONS, ...DATA_OPTION, ...JSON_OPTION } as const

/** Where such a command's model is kept, how it is compiled and how its code is run. @throws as `codeOf` */
export async function howToOpen(
  options: Options<typeof MODEL_OPTIONS>,
): Promise<CodeSettings & { readonly dataFolder: string; readonly how: HowToCompile }> {
  const code = await codeOf(options, { timeoutMs: PYTHON_RUN_TIMEOUT_MS })
  return { dataFolder: options.data, how: howToCompile(options), ...code }
}

/** A model's name that the user chose. @throws {UsageError} when no model may have it */
export function checkName(name: string | undefined): void {
  if (name === undefined || MODEL_NAME.test(name)) return
  throw new UsageError(`--name is ${quote(name)}; a name is 1 to 63 letters, digits, "_", "." and "-"`)
}

/** Of every command: where the file lies that sets the others. */
export const CONFIG_OPTION = {
  config: { type: 'string', value: 'PATH', doc: 'file of options in JSON; see `slipway config --schema`' },
} as const satisfies OptionTable
