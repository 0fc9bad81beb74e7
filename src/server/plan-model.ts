import { availableParallelism } from 'node:os'
import { codeIn } from '../bundle/program.ts'
import { choose } from '../runtime/choose.ts'
import { inProcesses } from '../runtime/in-processes.ts'
import type { LocatedBundle } from './compile.ts'
import type { DesiredModel, PlaneSettings } from './settings.ts'

/** Processes that share the cores for a variant, where each of its replicas is in another of so many runners. */
export function copiesIn(runners: number, { replicas }: { readonly replicas: number }): number {
  return Math.max(1, Math.min(runners, replicas))
}

/**
 * How a bundle is to be run on this machine: by what was measured of it before, and what the operator says.
 * @param copies processes that share the cores for it
 */
export function planModel(
  { profile, manifest }: Pick<LocatedBundle, 'profile' | 'manifest'>,
  { overrides, engines, timeoutMs, python, typescript }: PlaneSettings,
  copies: number,
): Pick<DesiredModel, 'choices' | 'curve'> {
  const code = codeIn(manifest.program)
  if (code !== undefined) {
    const own = choose({ profile, overrides: { ...overrides, engines: [code] }, engines, cores: 1, timeoutMs })
    const choices = {
      ...inProcesses(own, (code === 'python' ? python : typescript)?.workers ?? 1),
      engines: { value: [code], reason: `it is code in ${code === 'python' ? 'Python' : 'TypeScript'}` },
    }
    return { choices, curve: profile?.engines[code]?.curve }
  }
  if (profile === undefined) return {} // whoever loads it finds out in a few milliseconds
  const cores = Math.max(1, Math.floor(availableParallelism() / copies))
  const choices = choose({ profile, overrides, engines, cores, timeoutMs })
  const [engine = ''] = choices.engines.value
  return { choices, curve: profile?.engines[engine]?.curve }
}
