import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { IndexEntry, Operations } from '../../runtime/operations.ts'

/**
 * The models that there are, each version with its state.
 * @param isReady whether only those that can be asked are told of
 * @see Triton's "Model Repository Extension", "Index"
 */
export async function repositoryIndex(operations: Operations, isReady: boolean): Promise<readonly IndexEntry[]> {
  const entries = await operations.index()
  return entries
    .filter(({ state }) => !isReady || state === 'READY')
    .map(({ name, version, state, reason }) => ({ name, version, state, reason }))
}

/**
 * Refuses what a request to load a model may say and this server does not do: how a model is run is said when the server
 * is started, and files come from the place that the operator named, from nowhere else. A configuration is refused as one
 * that does not fit the model is: clients look for those words.
 * @param parameters by name, as plain values
 * @throws {ServingError} `invalid_argument` for a configuration, `unsupported` for all else
 */
export function checkLoadParameters(model: string, parameters: Readonly<Record<string, unknown>>): void {
  const refuse = (code: 'invalid_argument' | 'unsupported', why: string): never => {
    throw new ServingError(code, `failed to load ${quote(model)}: ${why}`)
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === null) continue
    if (name === 'config' && isEmptyConfig(value)) continue
    if (name === 'config')
      refuse(
        'invalid_argument',
        'a model is run as its files and the options of `slipway serve` say; leave "config" out, or start the server with other options',
      )
    if (name.startsWith('file:'))
      refuse(
        'unsupported',
        `${quote(name, 40)}: models are loaded from the paths that are served; put the file there, then load it without "file:"`,
      )
    refuse('unsupported', `the parameter ${quote(name, 40)} is unknown; a model is loaded without any`)
  }
}

function isEmptyConfig(value: unknown): boolean {
  return typeof value === 'string' && /^\s*(\{\s*\})?\s*$/.test(value)
}
