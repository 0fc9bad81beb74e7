import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Manifest } from '../bundle/manifest.ts'
import { parsePythonFile } from '../bundle/python-file.ts'
import { COMPILER_REVISION, type CompiledModel } from '../compiler/compile-onnx.ts'
import { compilePython, layOutPython, PYTHON_FILE } from '../compiler/python/compile-python.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { createPythonEngine, describePython, PYTHON } from '../engines/python/engine.ts'
import type { Engine } from '../engines/engine.ts'
import type { CodeEvents } from '../engines/processes/events.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import { createTypeScriptEngine } from '../engines/typescript/engine.ts'
import { readPlainFile } from '../storage/local.ts'
import { log } from './log.ts'
import { ensureEnvironment, type BuildOptions } from './python-environment.ts'
import { readFiles, type PythonSource } from './python-source.ts'
import type { CodeSettings, PlaneSettings } from './settings.ts'

/** The line that allows code in Python to be run. */
export const ALLOWING = 'add --runtime python'

/** Engines that this process has besides those of every process: those for code, where the operator allows it. */
export function moreEngines({ python, typescript }: CodeSettings): readonly Engine[] {
  return [
    ...(python === undefined ? [] : [createPythonEngine(python, EVENTS)]),
    ...(typescript === undefined ? [] : [createTypeScriptEngine(typescript, TYPESCRIPT_EVENTS)]),
  ]
}

/** Settings of a data plane that runs code too, where that is allowed. */
export function withCode(settings: PlaneSettings, { python, typescript }: CodeSettings): PlaneSettings {
  const allowed = { ...settings, typescript }
  return python === undefined ? allowed : { ...allowed, python, engines: [...settings.engines, PYTHON] }
}

const onEvent: NonNullable<CodeEvents['onEvent']> = (level, text, fields) => log(level, text, fields)

const EVENTS: CodeEvents = {
  onOutput: (model, text) => log('info', text, { event: 'python_output', file: model }),
  onEvent,
}

const TYPESCRIPT_EVENTS: CodeEvents = {
  onOutput: (model, text) => log('info', text, { event: 'typescript_output', file: model }),
  onEvent,
}

/**
 * Sees to it that a bundle's code in Python can be run here: that the operator allows it, and that its environment is there.
 * @throws {ServingError} `refused` with the line that would allow it; as `ensureEnvironment`
 */
export async function readyPython(
  { folder, manifest }: { readonly folder: string; readonly manifest: Manifest },
  settings: PythonSettings | undefined,
  options: BuildOptions,
): Promise<void> {
  const step = manifest.program.steps.find(({ kind }) => kind === 'python')
  if (step === undefined) return
  if (settings === undefined) throw notAllowed(`the bundle ${quote(manifest.name)}`)
  if (settings.environments === undefined) return
  const { requirements, files } = parsePythonFile(await readPlainFile(join(folder, step.file), 2 ** 26), step.file)
  const path = requirements === undefined ? undefined : files.get(requirements)
  if (path === undefined) return
  if (manifest.files[path] === undefined) throw new ServingError('refused', `${quote(path)} is not in the bundle`)
  await ensureEnvironment(settings, await readPlainFile(join(folder, path), 2 ** 24, path), options)
}

/** @param what that holds code, for the message */
export function notAllowed(what: string): ServingError {
  return new ServingError(
    'refused',
    `${what} holds code in Python, which is run with the rights of this server: if you trust whoever wrote it, ${ALLOWING}`,
    { details: { reason: 'needs_python' } },
  )
}

/** Digest of all that decides what the bundle of some code will be. */
export function pythonKey({ sha256, fileName }: PythonSource, settings: PythonSettings, choices: object): string {
  const { version, platform } = settings.interpreter
  const parts = [COMPILER_REVISION, 'python', choices, version, platform, fileName, sha256]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Builds what some code needs, before it is run for the first time. */
export async function readySource(
  { code, paths }: PythonSource,
  settings: PythonSettings,
  options: BuildOptions,
): Promise<void> {
  const path = code.requirements === undefined ? undefined : paths.get(code.requirements)
  const files = path === undefined ? undefined : await readFiles(new Map([['requirements.txt', path]]), 2 ** 24)
  await ensureEnvironment(settings, files?.get('requirements.txt'), options)
}

/**
 * A model of code in Python: its files, and what it says of itself once it is loaded. To be called in a limited process.
 * @throws {ServingError} `refused` when it cannot be loaded; `unsupported` for what no signature can be
 */
export async function compilePythonSource(
  { code, paths }: PythonSource,
  settings: PythonSettings,
  maxBytes: number,
  onOutput: (text: string) => void,
): Promise<CompiledModel> {
  const files = layOutPython(code, await readFiles(paths, maxBytes))
  const read = (path: string) => files.get(path) ?? new Uint8Array()
  const said = await describePython({ file: PYTHON_FILE }, read, settings, {
    onOutput: (_model, text) => onOutput(text),
  })
  return compilePython(code, files, said)
}
