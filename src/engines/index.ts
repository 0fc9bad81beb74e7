import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Engine } from './engine.ts'
import { hostKernels } from './host-kernels/index.ts'
import { onnxruntime } from './onnxruntime.ts'

/** Every engine, in order of preference. */
export const ENGINES: readonly Engine[] = [onnxruntime, hostKernels]

/**
 * Engines by name, in the order given.
 * @param more engines that this process has besides
 * @throws {ServingError} `invalid_argument` for an unknown name
 */
export function enginesNamed(names: readonly string[], more: readonly Engine[] = []): readonly Engine[] {
  const all = [...ENGINES, ...more]
  return names.map((name) => {
    const engine = all.find((known) => known.name === name)
    if (engine !== undefined) return engine
    throw new ServingError(
      'invalid_argument',
      `there is no engine ${quote(name)}; there is ${quoteList(all.map((known) => known.name))}`,
    )
  })
}
