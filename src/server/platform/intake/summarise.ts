import type { BundleSummary } from '../../../api/resources.ts'
import { codeIn } from '../../../bundle/program.ts'
import { choose } from '../../../runtime/choose.ts'
import type { LocatedBundle } from '../../compile.ts'
import { planModel } from '../../plan-model.ts'
import type { PlaneSettings } from '../../settings.ts'
import { exampleBodyOf } from './example-body.ts'
import { chooseTargetInFlight } from './target-in-flight.ts'

/** What a replica takes at least, whatever was measured (bytes): what is smaller drowns in the noise of a measurement. */
const LEAST_MEMORY_BYTES = 2 ** 20

/**
 * What is told of a bundle without opening it.
 * @param copies runners that share the cores for it
 */
export function summarise(
  bundle: Pick<LocatedBundle, 'manifest' | 'digest' | 'profile'>,
  settings: PlaneSettings,
  copies: number,
): BundleSummary {
  const { manifest, digest, profile } = bundle
  const { choices = choose({ engines: settings.engines, cores: 1, timeoutMs: settings.timeoutMs }), curve } = planModel(
    bundle,
    settings,
    copies,
  )
  const code = codeIn(manifest.program)
  const engines =
    profile === undefined ? choices.engines.value : choices.engines.value.filter((name) => name in profile.engines)
  const measured = profile?.engines[engines[0] ?? '']
  const filesBytes = Object.values(manifest.files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const isQuick = choices.start.value === 'quick'
  const exampleBody = exampleBodyOf(manifest)
  return {
    digest,
    sizeBytes: filesBytes,
    signature: manifest.signature,
    engines: engines.length > 0 ? engines : code === undefined ? settings.engines : [code],
    // a copy holds its weights at least; engines that share them with the file's pages show less
    memoryBytes: Math.max(LEAST_MEMORY_BYTES, filesBytes, Math.round((measured?.memoryMiB ?? 0) * 2 ** 20)),
    loadMs: (isQuick ? measured?.quickLoadMs : undefined) ?? measured?.loadMs ?? 0,
    targetInFlight: chooseTargetInFlight(curve, choices, manifest.batching.rowsAreIndependent),
    plan: choices.plan,
    ...(exampleBody !== undefined && { exampleBody }),
  }
}
