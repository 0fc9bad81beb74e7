import { availableParallelism } from 'node:os'
import { choose } from '../runtime/choose.ts'
import type { LocatedBundle } from './compile.ts'
import type { DesiredModel, PlaneSettings } from './settings.ts'

/**
 * How a bundle is to be run on this machine: by what was measured of it before, and what the operator says.
 * @param copies processes that share the cores for it
 */
export function planModel(
  { profile }: LocatedBundle,
  { overrides, engines, timeoutMs }: PlaneSettings,
  copies: number,
): Pick<DesiredModel, 'choices' | 'curve'> {
  if (profile === undefined) return {} // whoever loads it finds out in a few milliseconds
  const cores = Math.max(1, Math.floor(availableParallelism() / copies))
  const choices = choose({ profile, overrides, engines, cores, timeoutMs })
  const [engine = ''] = choices.engines.value
  return { choices, curve: profile?.engines[engine]?.curve }
}
